// Writes vectors/receipt from the test fixtures: run it when the predicate changes.
import { writeFileSync } from 'node:fs';
import { canonicalJson, type Json } from '@dewar/protocol';
import { generateReceiptKey, leafBytes, leafHash, sha256, signerFromPem, signReceipt, type EventHeader } from '../src/index.ts';
import { completed, ends, forged, resultsBytes } from './fixture.ts';
import { lies, told } from './lies.ts';

const key = generateReceiptKey();
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const folder = new URL('../../../vectors/receipt/', import.meta.url);

/** One entry a line, so that a change shows as one. */
function write(file: string, about: string, fields: Record<string, Json | Json[]>): void {
  const lines = Object.entries({ about, ...fields }).map(([name, value]) =>
    `  ${JSON.stringify(name)}: ${Array.isArray(value) ? `[\n${value.map((entry) => `    ${canonicalJson(entry as Json)}`).join(',\n')}\n  ]` : JSON.stringify(value)}`);
  writeFileSync(new URL(file, folder), `{\n${lines.join(',\n')}\n}\n`);
}

const good = [];
for (const name of ['completed', 'simulated', 'denied', 'cancelled while it ran']) {
  const predicate = ends[name];
  if (predicate) good.push({ name, receipt: decode(await signReceipt(predicate(), signerFromPem(key.privatePem))) });
}
const bundle = JSON.parse(good[0]?.receipt ?? '') as { dsseEnvelope: { payload: string; signatures: { sig: string }[] }; verificationMaterial: { publicKey: { hint: string } } };
const { payload, signatures } = bundle.dsseEnvelope;
const sig = signatures[0]?.sig ?? '';
const { hint } = bundle.verificationMaterial.publicKey;
const flipped = Buffer.from(Buffer.from(payload, 'base64').map((byte, at) => (at === 400 ? byte ^ 1 : byte))).toString('base64');

write('receipts.json', 'Receipts that verify with public_pem; changes of the first one (its text with find replaced once) and receipts that the very key signed, which must not, with the code of the refusal.', {
  public_pem: key.publicPem,
  results: decode(resultsBytes),
  good,
  changed: [
    { name: 'one bit of the payload', code: 'receipt_signature', find: payload, replace: flipped },
    { name: 'signature of another receipt', code: 'receipt_signature', find: sig, replace: (JSON.parse(good[1]?.receipt ?? '') as typeof bundle).dsseEnvelope.signatures[0]?.sig ?? '' },
    { name: 'hint of another key', code: 'key_unpinned', find: hint, replace: `${hint.startsWith('A') ? 'B' : 'A'}${hint.slice(1)}` },
    { name: 'a key id', code: 'receipt_invalid', find: '"keyid":""', replace: `"keyid":"${hint}"` },
    { name: 'two signatures', code: 'receipt_invalid', find: `"signatures":[{"keyid":"","sig":"${sig}"}`, replace: `"signatures":[{"keyid":"","sig":"${sig}"},{"keyid":"","sig":"${sig}"}` },
    { name: 'bundle v0.2', code: 'receipt_invalid', find: 'bundle.v0.3+json', replace: 'bundle+json;version=0.2' },
    { name: 'another payload type', code: 'receipt_invalid', find: 'application/vnd.in-toto+json', replace: 'application/json' },
    { name: 'a member twice', code: 'receipt_invalid', find: '"keyid":""', replace: '"keyid":"","keyid":""' },
    { name: 'a member more', code: 'receipt_invalid', find: '"publicKey":', replace: '"tlogEntries":[],"publicKey":' },
    { name: 'white space in the base64', code: 'receipt_invalid', find: payload.slice(0, 40), replace: `${payload.slice(0, 20)}\\n${payload.slice(20, 40)}` },
  ],
  signed: lies.filter((_, at) => at % 5 === 0).map((lie) => ({ name: lie.name, code: 'receipt_invalid', path: lie.path, receipt: decode(forged(told(lie), key)) })),
});

const header: EventHeader = { id: 'evt_06h0ghqy000000000001', type: 'job.decided', time: '2026-11-23T12:00:00.000Z', job_id: completed().job_id };
const bodies: readonly [EventHeader, Json][] = [
  [header, { summary: 'policy: allow' }],
  [{ ...header, type: 'broker.started', job_id: null }, {}],
  [header, { z: [1, 0.5, 1e21, -3], a: { '\u20ac': 'Euro \ud83d\udcb6', '': null }, summary: 'line\nbreak "quoted"' }],
];
write('events.json', 'Journal leaves: the text of the leaf for a header, a body and a salt (hexadecimal), and its RFC 6962 leaf hash (hexadecimal).', {
  events: bodies.map(([head, body], at) => {
    const salt = new Uint8Array(32).fill(at + 1);
    const leaf = leafBytes(head, body, salt, sha256);
    return { header: head as unknown as Json, body, salt: Buffer.from(salt).toString('hex'), leaf: decode(leaf), leaf_hash: Buffer.from(leafHash(leaf, sha256)).toString('hex') };
  }),
});
