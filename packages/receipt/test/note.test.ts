// Signed notes and checkpoints: what Go's implementation writes opens here, and every other writing of it is refused.
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  base64, checkpointSignerFromPem, formatCheckpoint, formatNote, fromBase64, generateCheckpointKey, openNote, parseCheckpoint, parseNote, parseVerifierKey, sha256, signNote,
} from '../src/index.ts';

interface Vectors {
  readonly key: { readonly seed: string; readonly name: string; readonly vkey: string };
  readonly notes: readonly { readonly name: string; readonly vkey: string; readonly text: string; readonly body?: string; readonly error?: string }[];
  readonly checkpoints: readonly { readonly name: string; readonly body: string; readonly origin?: string; readonly size?: number; readonly root?: string; readonly error?: string }[];
}
const { key, notes, checkpoints } = JSON.parse(readFileSync(new URL('../../../vectors/note/notes.json', import.meta.url), 'utf8')) as Vectors;

/** PKCS #8 (RFC 8410) of the vectors' seed. */
const seedPem = createPrivateKey({ key: Buffer.from(`302e020100300506032b657004220420${key.seed}`, 'hex'), format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }).toString();

for (const { name, vkey, text, body, error } of notes) {
  test(`note vector: ${name}`, () => {
    if (error === undefined) assert.equal(openNote(text, vkey), body);
    else assert.throws(() => openNote(text, vkey), { code: error });
  });
}

for (const { name, body, origin, size, root, error } of checkpoints) {
  test(`checkpoint vector: ${name}`, () => {
    if (error !== undefined) return assert.throws(() => parseCheckpoint(body), { code: error });
    const checkpoint = parseCheckpoint(body);
    assert.deepEqual({ ...checkpoint, root: Buffer.from(checkpoint.root).toString('hex') }, { origin, size, root });
    assert.equal(formatCheckpoint(checkpoint), body);
  });
}

test('signs the very note that Go signs', () => {
  const signer = checkpointSignerFromPem(key.name, seedPem);
  assert.equal(signer.vkey, key.vkey);
  const vector = notes.find(({ vkey }) => vkey === key.vkey);
  assert.equal(signNote(vector?.body ?? '', signer), vector?.text);
});

test('a new key signs what it opens, and nothing else opens it', () => {
  const [one, other] = [generateCheckpointKey(), generateCheckpointKey()].map(({ privatePem }) => checkpointSignerFromPem('dewar.example/a', privatePem));
  assert.ok(one && other);
  const body = formatCheckpoint({ origin: 'dewar.example/a', size: 3, root: sha256(new Uint8Array(0)) });
  const note = signNote(body, one);
  assert.equal(openNote(note, one.vkey), body);
  assert.throws(() => openNote(note, other.vkey), { code: 'journal_invalid' });
});

test('every single-character change of a signed checkpoint is refused', () => {
  const vector = notes.find(({ vkey }) => vkey === key.vkey);
  const text = vector?.text ?? assert.fail();
  for (let at = 0; at < text.length; at += 1) {
    for (const change of ['', 'A', '\n', ' ', String.fromCodePoint((text.codePointAt(at) ?? 0) + 1)]) {
      if (change === text[at]) continue;
      assert.throws(() => openNote(text.slice(0, at) + change + text.slice(at + 1), key.vkey), { code: 'journal_invalid' }, `character ${at} to ${JSON.stringify(change)}`);
    }
  }
});

test('no part of a verifier key can be changed or left out', () => {
  assert.equal(parseVerifierKey(key.vkey, sha256).name, key.name);
  for (let from = 0; from < key.vkey.length; from += 1) {
    for (let to = from; to <= key.vkey.length; to += 1) {
      if (from === 0 && to === key.vkey.length) continue;
      assert.throws(() => parseVerifierKey(key.vkey.slice(from, to), sha256), { code: 'journal_invalid' });
    }
    const changed = key.vkey.slice(0, from) + String.fromCodePoint((key.vkey.codePointAt(from) ?? 0) + 1) + key.vkey.slice(from + 1);
    assert.throws(() => parseVerifierKey(changed, sha256), { code: 'journal_invalid' }, changed);
  }
  assert.throws(() => parseVerifierKey(key.vkey.replace('284cab1d', '284CAB1D'), sha256), { code: 'journal_invalid' });
});

test('what parses as a note is written back the same', () => {
  for (const { text, error } of notes) if (error === undefined) assert.equal(formatNote(parseNote(text)), text);
});

test('a note is malformed whoever signed it', () => {
  const line = '\u2014 PeterNeumann x08gowAA\n';
  assert.equal(parseNote(`body\n\n${line}`).body, 'body\n');
  const malformed = {
    'no body': `A${line}`, 'no blank line': `body\n${line}`, 'control character': `bo\tdy\n\n${line}`, 'lone surrogate': `\ud800\n\n${line}`, 'key id without a signature': 'body\n\n\u2014 PeterNeumann x08gow==\n',
    'long text': `${'a'.repeat(65_536)}\n\n${line}`, 'no signature': 'body\n\n', 'plus in a name': `body\n\n${line.replace('Peter', 'Peter+')}`,
  };
  for (const [name, text] of Object.entries(malformed)) assert.throws(() => parseNote(text), { code: 'journal_invalid' }, name);
});

test('a body that is no note body is not signed', () => {
  const signer = checkpointSignerFromPem(key.name, seedPem);
  for (const body of ['', 'no newline', 'tab\there\n', '\u0000\n', 'lone \ud800\n']) assert.throws(() => signNote(body, signer), { code: 'journal_invalid' }, JSON.stringify(body));
});

test('keys of another kind are refused without showing them', () => {
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  for (const pem of [p256, 'SECRET', '']) {
    assert.throws(() => checkpointSignerFromPem('dewar.example/a', pem), (error: Error & { code?: string }) => error.code === 'config_invalid' && error.cause === undefined);
  }
  assert.throws(() => checkpointSignerFromPem('a name', seedPem), { code: 'journal_invalid' });
});

test('base 64 is one text for one value, and the value of the standard', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    const text = base64(bytes);
    assert.equal(text, Buffer.from(bytes).toString('base64'));
    assert.deepEqual(fromBase64(text), bytes);
  }));
  fc.assert(fc.property(fc.string({ maxLength: 12, unit: fc.constantFrom('A', 'B', '/', '+', '=', '-', '_', '\n', ' ') }), (text) => {
    const bytes = fromBase64(text);
    assert.ok(bytes === undefined || base64(bytes) === text, text);
  }));
});
