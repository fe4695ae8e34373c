// Receipts: every kind of end verifies, every byte is covered, and outsiders' tools agree.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonicalJson, jsonDigest, type Json } from '@dewar/protocol';
import { base64, generateCheckpointKey, generateReceiptKey, parseBundle, pinnedKey, preAuthEncoding, sha256, signerFromPem, signReceipt, verifyReceipt } from '../src/index.ts';
import { isLowS, lowS } from '../src/dsse.ts';
import { payloadType } from '../src/bundle.ts';
import { completed, denied, ends, enveloped, forged, resultsBytes, signPayload, simulated } from './fixture.ts';

const key = generateReceiptKey();
const other = generateReceiptKey();
const trust = { receiptKeys: [other.publicPem, key.publicPem] };
const good = await signReceipt(completed(), signerFromPem(key.privatePem));
const text = new TextDecoder().decode(good);
type Wrapper = { mediaType: string; verificationMaterial: Record<string, unknown>; dsseEnvelope: { payload: string; payloadType: string; signatures: Record<string, unknown>[] } };
const wrapped = (change: (bundle: Wrapper) => void): Uint8Array => {
  const bundle = JSON.parse(text) as Wrapper;
  change(bundle);
  return new TextEncoder().encode(JSON.stringify(bundle));
};

for (const [name, predicate] of Object.entries(ends)) {
  test(`a receipt verifies: ${name}`, async () => {
    const bytes = await signReceipt(predicate(), signerFromPem(key.privatePem));
    const verified = verifyReceipt(bytes, trust);
    assert.equal(canonicalJson(verified.predicate as unknown as Json), canonicalJson(predicate() as unknown as Json));
    assert.equal(canonicalJson(verified.spec as unknown as Json), predicate().spec);
    assert.equal(verified.key.pem, key.publicPem);
    assert.equal(verified.results, predicate().outcome.kind === 'completed' ? 'not-given' : 'none');
    assert.deepEqual(verified.statement.subject.map(({ name: subject }) => subject), predicate().outcome.kind === 'completed' ? ['spec.json', 'results.json'] : ['spec.json']);
  });
}

test('the subject is the digest of the spec that the receipt carries', () => {
  const { statement } = verifyReceipt(good, trust);
  assert.equal(statement.subject[0]?.digest.sha256, jsonDigest(JSON.parse(completed().spec) as Json, sha256).slice(7));
});

test('one flipped bit anywhere in the file is refused', () => {
  for (let at = 0; at < good.length; at += 1) {
    // The newline at the very end is outside the JSON text; the next test covers what may stand there.
    const bit = [1, 2, 4, 8, 16, 32, 64, 128][at % 8] ?? 1;
    const changed = good.slice();
    changed[at] = (changed[at] ?? 0) ^ bit;
    if (at < good.length - 1) assert.throws(() => verifyReceipt(changed, { receiptKeys: [key.publicPem] }), { name: 'DewarError' }, `byte ${at} bit ${bit}`);
  }
});

test('a receipt cut short or with bytes after it is refused', () => {
  for (let end = 0; end < good.length - 1; end += 7) assert.throws(() => verifyReceipt(good.slice(0, end), trust), { code: 'receipt_invalid' });
  for (const tail of ['{}', '\u0000', ' null', text]) assert.throws(() => verifyReceipt(new TextEncoder().encode(text + tail), trust), { code: 'receipt_invalid' });
  assert.throws(() => verifyReceipt(new TextEncoder().encode(`\ufeff${text}`), trust), { code: 'receipt_invalid' });
  assert.throws(() => verifyReceipt(new Uint8Array(4_194_305).fill(0x20), trust), { code: 'receipt_invalid' });
});

test('a key that is not pinned is refused, whatever it signs', async () => {
  const foreign = await signReceipt(completed(), signerFromPem(generateReceiptKey().privatePem));
  assert.throws(() => verifyReceipt(foreign, trust), { code: 'key_unpinned' });
  assert.throws(() => verifyReceipt(good, { receiptKeys: [] }), { code: 'key_unpinned' });
  assert.throws(() => verifyReceipt(good, { receiptKeys: [other.publicPem] }), { code: 'key_unpinned' });
});

test('naming a pinned key without its signature is refused', () => {
  const { payload, signature } = parseBundle(good);
  const { hint } = pinnedKey(other.publicPem);
  assert.throws(() => verifyReceipt(wrapped((bundle) => { bundle.verificationMaterial['publicKey'] = { hint }; }), trust), { code: 'receipt_signature' });
  assert.ok(payload.length > 0 && signature.length > 0);
});

test('a signature over the payload alone, or another type, is refused', async () => {
  const { payload } = parseBundle(good);
  const signer = signerFromPem(key.privatePem);
  for (const signed of [payload, preAuthEncoding('application/json', payload), preAuthEncoding(payloadType, payload.slice(1))]) {
    const sig = lowS(await signer.sign(signed)) ?? assert.fail();
    assert.throws(() => verifyReceipt(wrapped((bundle) => { bundle.dsseEnvelope.signatures = [{ sig: base64(sig), keyid: '' }]; }), trust), { code: 'receipt_signature' });
  }
});

test('the other writing of the same signature is refused', () => {
  const { signature } = parseBundle(good);
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const half = 4 + (signature[3] ?? 0);
  const s = BigInt(`0x${Buffer.from(signature.slice(half + 2)).toString('hex')}`);
  const hexS = `00${(order - s).toString(16).padStart(64, '0')}`;
  const high = Uint8Array.from([0x30, half + 33, ...signature.slice(2, half), 0x02, 33, ...Buffer.from(hexS, 'hex')]);
  const { payload } = parseBundle(good);
  assert.ok(pinnedKey(key.publicPem).verify(preAuthEncoding(payloadType, payload), high), 'both writings are valid ECDSA');
  assert.ok(isLowS(signature) && !isLowS(high));
  assert.deepEqual(lowS(high), signature);
  assert.throws(() => verifyReceipt(wrapped((bundle) => { bundle.dsseEnvelope.signatures = [{ sig: base64(high), keyid: '' }]; }), trust), { code: 'receipt_signature' });
});

test('only strict DER is a signature', () => {
  const { signature } = parseBundle(good);
  const r = signature.slice(4, 4 + (signature[3] ?? 0));
  const der = (...integers: readonly (readonly number[])[]) => {
    const body = integers.flatMap((integer) => [0x02, integer.length, ...integer]);
    return Uint8Array.of(0x30, body.length, ...body);
  };
  const bad: Record<string, Uint8Array> = {
    empty: new Uint8Array(0), 'a byte after': Uint8Array.of(...signature, 0), 'another length': Uint8Array.of(0x30, signature.length - 1, ...signature.slice(2)), 'long length': Uint8Array.of(0x30, 0x81, ...signature.slice(1)),
    'zero padded': der([0, 1], [1]), negative: der([0x80], [1]), 'r is 0': der([0], [1]), 's is 0': der([1], [0]), 'one integer': der([1]), 'three integers': der([1], [1], [1]),
    'empty integer': der([], [1]), 's is n': der([1], [0, ...Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')]), 'raw r and s': Uint8Array.of(...r, ...r),
    'set for sequence': Uint8Array.of(0x31, ...signature.slice(1)), 'octets for integer': Uint8Array.of(...signature.slice(0, 2), 0x04, ...signature.slice(3)),
  };
  for (const [name, bytes] of Object.entries(bad)) {
    assert.equal(isLowS(bytes), false, name);
    assert.equal(lowS(bytes), undefined, name);
  }
  assert.equal(isLowS(der([1], [1])), true);
});

test('a bundle with a field more, less or other is refused', () => {
  const changes: Record<string, (bundle: Wrapper) => void> = {
    'bundle v0.2': (bundle) => { bundle.mediaType = 'application/vnd.dev.sigstore.bundle+json;version=0.2'; },
    'another payload type': (bundle) => { bundle.dsseEnvelope.payloadType = 'application/json'; },
    'a key id': (bundle) => { bundle.dsseEnvelope.signatures = bundle.dsseEnvelope.signatures.map((one) => ({ ...one, keyid: 'k' })); },
    'no key id': (bundle) => { bundle.dsseEnvelope.signatures = bundle.dsseEnvelope.signatures.map(({ sig }) => ({ sig })); },
    'two signatures': (bundle) => { bundle.dsseEnvelope.signatures.push(...bundle.dsseEnvelope.signatures); },
    'no signature': (bundle) => { bundle.dsseEnvelope.signatures = []; },
    'log entries': (bundle) => { bundle.verificationMaterial['tlogEntries'] = []; },
    'a certificate': (bundle) => { bundle.verificationMaterial['certificate'] = { rawBytes: '' }; },
    'a field beside': (bundle) => { (bundle as unknown as Record<string, unknown>)['note'] = 'trust me'; },
    'url-safe base64': (bundle) => { bundle.dsseEnvelope.payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('base64url'); },
    'line break in the base64': (bundle) => { bundle.dsseEnvelope.payload = `${bundle.dsseEnvelope.payload.slice(0, 76)}\n${bundle.dsseEnvelope.payload.slice(76)}`; },
  };
  for (const [name, change] of Object.entries(changes)) assert.throws(() => verifyReceipt(wrapped(change), trust), { code: 'receipt_invalid' }, name);
  for (const name of ['payload', 'mediaType', 'sig', 'hint', 'keyid']) {
    const doubled = text.replace(`"${name}":`, `"${name}":"","${name}":`);
    assert.throws(() => verifyReceipt(new TextEncoder().encode(doubled), trust), { code: 'receipt_invalid' }, `${name} twice`);
  }
});

test('a statement that is not canonical text, or not a receipt, is refused even when signed', () => {
  const canonical = new TextDecoder().decode(parseBundle(good).payload);
  const changes: Record<string, string> = {
    'white space': canonical.replace(',', ', '), 'an escape': canonical.replace('vqe', '\\u0076qe'), 'members in another order': JSON.stringify({ subject: [], ...JSON.parse(canonical) as object }),
    'a member twice': canonical.replace('"overrun":false', '"overrun":false,"overrun":false'), 'a gate named __proto__': canonical.replace('"gates":{', '"gates":{"__proto__":5,'),
    'another statement': canonical.replace('Statement/v1', 'Statement/v0.1'), 'another predicate': canonical.replace('urn:dewar:receipt:v1', 'urn:dewar:receipt:v2'),
    'a subject more': canonical.replace('"subject":[', `"subject":[{"digest":{"sha256":"${'0'.repeat(64)}"},"name":"spec.json"},`), 'no subject': canonical.replace(/"subject":\[.*\]/, '"subject":[]'),
    'a digest algorithm more': canonical.replace('"digest":{"sha256":', '"digest":{"sha1":"","sha256":'), 'a field more': canonical.replace('"overrun":false', '"overrun":false,"paid":true'),
    'null': 'null', 'empty': '', 'a list': '[]',
  };
  for (const [name, payload] of Object.entries(changes)) {
    assert.notEqual(payload, canonical, name);
    assert.throws(() => verifyReceipt(signPayload(payload, key.privatePem, key.publicPem), trust), { code: 'receipt_invalid' }, name);
  }
});

test('a signed subject that is not the carried spec or the results is refused', () => {
  const canonical = new TextDecoder().decode(parseBundle(good).payload);
  const [specHash = '', resultsHash = ''] = [...canonical.matchAll(/\{"sha256":"([0-9a-f]{64})"\}/g)].map(([, hash]) => hash);
  for (const payload of [
    canonical.replace(`{"sha256":"${specHash}"}`, `{"sha256":"${'1'.repeat(64)}"}`), canonical.replace(`{"sha256":"${resultsHash}"}`, `{"sha256":"${'1'.repeat(64)}"}`),
    canonical.replace(`,{"digest":{"sha256":"${resultsHash}"},"name":"results.json"}`, ''),
  ]) {
    assert.notEqual(payload, canonical);
    assert.throws(() => verifyReceipt(signPayload(payload, key.privatePem, key.publicPem), trust), { code: 'receipt_subject' });
  }
});

test('results are checked where they are given', async () => {
  assert.equal(verifyReceipt(good, trust, resultsBytes).results, 'checked');
  const recounted = new TextDecoder().decode(resultsBytes).replace('"00":519', '"00":518').replace('"11":491', '"11":492');
  assert.throws(() => verifyReceipt(good, trust, new TextEncoder().encode(recounted)), { code: 'receipt_subject' }, 'other counts, as well formed');
  assert.throws(() => verifyReceipt(good, trust, resultsBytes.slice(1)), { code: 'receipt_subject' });
  const refusal = await signReceipt(denied(), signerFromPem(key.privatePem));
  assert.throws(() => verifyReceipt(refusal, trust, resultsBytes), { code: 'receipt_subject' });
});

test('results of a sweep are of the points that the spec asks for, in order, or refused though signed', () => {
  const { counts, shots: _, ...common } = JSON.parse(new TextDecoder().decode(resultsBytes)) as Record<string, Json>;
  const table = (...thetas: readonly number[]): Json => ({ ...common, format: 'dewar.sweep/v1', shots: 512, points: thetas.map((theta) => ({ parameters: { theta }, counts: counts ?? null })) });
  const check = (value: Json): string => verifyReceipt(forged({ ...enveloped(), outcome: { kind: 'completed', results: jsonDigest(value, sha256) } }, key), trust, new TextEncoder().encode(canonicalJson(value))).results;
  assert.equal(check(table(0.5, -0.5)), 'checked');
  for (const wrong of [table(-0.5, 0.5), table(0.5), table(0.5, -0.5, 0.5), table(0.5, -0.6), { ...(table(0.5, -0.5) as object), shots: 1024 } as Json, { ...common, shots: 1024, counts: counts ?? null }]) {
    assert.throws(() => check(wrong), { code: 'receipt_subject' }, canonicalJson(wrong));
  }
});

test('results that differ from the receipt on shots or on practice are refused though signed', () => {
  const results = JSON.parse(new TextDecoder().decode(resultsBytes)) as Record<string, Json>;
  const { practice: _, ...real } = results;
  for (const changed of [{ ...results, shots: 1023 }, real, 'not an object', 5] as Json[]) {
    const bytes = new TextEncoder().encode(canonicalJson(changed));
    const receipt = forged({ ...completed(), outcome: { kind: 'completed', results: jsonDigest(changed, sha256) } }, key);
    assert.equal(verifyReceipt(receipt, trust).results, 'not-given');
    assert.throws(() => verifyReceipt(receipt, trust, bytes), { code: 'receipt_subject' }, canonicalJson(changed));
  }
  const simulatorReceipt = (value: Json) => forged({ ...simulated(), outcome: { kind: 'completed', results: jsonDigest(value, sha256) } }, key);
  assert.equal(verifyReceipt(simulatorReceipt(real), trust, new TextEncoder().encode(canonicalJson(real))).results, 'checked');
  assert.throws(() => verifyReceipt(simulatorReceipt(results), trust, resultsBytes), { code: 'receipt_subject' });
});

test('what would not verify is not signed', async () => {
  const signer = signerFromPem(key.privatePem);
  await assert.rejects(signReceipt({ ...completed(), approval: null }, signer), { code: 'receipt_invalid' });
  await assert.rejects(signReceipt({ ...completed(), job_id: 'job_x' }, signer), { code: 'receipt_invalid' });
  const wrong = { publicKeyPem: other.publicPem, sign: (bytes: Uint8Array) => signer.sign(bytes) };
  await assert.rejects(signReceipt(completed(), wrong), { code: 'receipt_signature' });
  await assert.rejects(signReceipt(completed(), { publicKeyPem: key.publicPem, sign: async () => new Uint8Array(64) }), { code: 'receipt_signature' });
});

test('keys of another kind are refused without showing them', () => {
  const { privatePem } = generateCheckpointKey();
  for (const use of [() => signerFromPem(privatePem), () => signerFromPem('SECRET'), () => pinnedKey(''), () => verifyReceipt(good, { receiptKeys: ['SECRET'] })]) {
    assert.throws(use, (error: Error & { code?: string }) => error.code === 'config_invalid' && error.cause === undefined && !JSON.stringify(error).includes('SECRET'));
  }
});

const openssl = spawnSync('openssl', ['version']).status === 0;
test('openssl verifies the signature over the DSSE encoding', { skip: openssl ? false : 'openssl is not installed' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-receipt-'));
  try {
    const bundle = JSON.parse(text) as Wrapper;
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64');
    writeFileSync(join(folder, 'pae'), Buffer.concat([Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `), payload]));
    writeFileSync(join(folder, 'sig'), Buffer.from(String(bundle.dsseEnvelope.signatures[0]?.['sig']), 'base64'));
    writeFileSync(join(folder, 'key.pem'), key.publicPem);
    writeFileSync(join(folder, 'other.pem'), other.publicPem);
    const verify = (pem: string) => spawnSync('openssl', ['dgst', '-sha256', '-verify', join(folder, pem), '-signature', join(folder, 'sig'), join(folder, 'pae')], { encoding: 'utf8' });
    assert.equal(verify('key.pem').stdout, 'Verified OK\n');
    assert.notEqual(verify('other.pem').status, 0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
