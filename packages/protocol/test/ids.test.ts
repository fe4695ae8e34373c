// Ids and digests: names that sort by time, and names of bytes.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf, digestSchema, hex, isDigest, isId, jsonDigest, makeId } from '../src/index.ts';

const random = fc.uint8Array({ minLength: 7, maxLength: 7 });
const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('property: ids of one kind sort by their time', () => {
  fc.assert(fc.property(time, time, random, random, (left, right, one, other) => {
    fc.pre(left !== right);
    assert.equal(makeId('job', left, one) < makeId('job', right, other), left < right);
  }), { numRuns: 1_000 });
});

test('property: an id is its kind and 20 characters of its alphabet, and no id of another kind', () => {
  fc.assert(fc.property(time, random, (now, bytes) => {
    const id = makeId('job', now, bytes);
    assert.match(id, /^job_[0-9a-hjkmnp-tv-z]{20}$/);
    assert.ok(isId('job', id));
    assert.equal(isId('grant', id), false);
  }));
});

test('every one of the 52 random bits counts', () => {
  const ids = new Set([makeId('evt', 1, new Uint8Array(7))]);
  for (let bit = 0; bit < 52; bit += 1) {
    const bytes = new Uint8Array(7);
    bytes[6 - (bit >> 3)] = 1 << (bit & 7);
    ids.add(makeId('evt', 1, bytes));
  }
  assert.equal(ids.size, 53);
});

test('too little randomness, or a time that is none, makes no id', () => {
  for (const now of [-1, 1.5, Number.NaN, Infinity, 2 ** 48]) assert.throws(() => makeId('job', now, new Uint8Array(7)), RangeError);
  assert.throws(() => makeId('job', 1, new Uint8Array(6)), RangeError);
});

test('what only looks like an id is none', () => {
  const id = makeId('job', 1_700_000_000_000, new Uint8Array(7));
  for (const text of ['', 'job_', id.toUpperCase(), `${id}0`, id.slice(0, -1), ` ${id}`, `${id}\n`, id.replace('_', '-'), `${id.slice(0, -1)}u`, `job_../../../../../../x`]) {
    assert.equal(isId('job', text), false, text);
  }
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

test('a digest is sha256: and 64 lowercase hexadecimal digits', () => {
  const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  assert.equal(digestOf(new Uint8Array(), sha256), empty);
  assert.equal(jsonDigest({}, sha256), 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  assert.equal(hex(Uint8Array.of(0, 10, 255)), '000aff');
  for (const text of [empty.toUpperCase(), empty.slice(0, -1), `${empty}0`, `${empty}\n`, ` ${empty}`, empty.slice(7), empty.replace('sha256', 'sha512'), `sha256:${'g'.repeat(64)}`]) {
    assert.equal(isDigest(text), false, text);
    assert.equal(digestSchema.safeParse(text).success, false, text);
  }
  assert.ok(isDigest(empty) && digestSchema.safeParse(empty).success);
  for (const value of [null, 1, [empty], { toString: () => empty }]) assert.equal(digestSchema.safeParse(value).success, false);
});
