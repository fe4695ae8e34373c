// Journal leaves: header in the open, body committed to, one text for one event.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '@dewar/protocol';
import { checkBody, commitBody, leafBytes, leafHash, parseLeaf, sha256, type EventHeader } from '../src/index.ts';

interface Vector {
  readonly header: EventHeader;
  readonly body: Json;
  readonly salt: string;
  readonly leaf: string;
  readonly leaf_hash: string;
}
const { events } = JSON.parse(readFileSync(new URL('../../../vectors/receipt/events.json', import.meta.url), 'utf8')) as { readonly events: readonly Vector[] };
const header: EventHeader = { id: 'evt_06h0ghqy000000000001', type: 'job.decided', time: '2026-11-23T12:00:00.000Z', job_id: 'job_06h0ghqy000000000001' };
const salt = new Uint8Array(32).fill(7);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test('leaves and their hashes are those of the vectors', () => {
  assert.ok(events.length > 2);
  for (const vector of events) {
    const leaf = leafBytes(vector.header, vector.body, new Uint8Array(Buffer.from(vector.salt, 'hex')), sha256);
    assert.equal(text(leaf), vector.leaf);
    assert.equal(Buffer.from(leafHash(leaf, sha256)).toString('hex'), vector.leaf_hash);
  }
});

test('a leaf is the header and the salted hash of the body, as RFC 8785 text', () => {
  const commitment = createHash('sha256').update(salt).update('{"a":1,"b":[true,null]}').digest('hex');
  assert.equal(
    text(leafBytes(header, { b: [true, null], a: 1 }, salt, sha256)),
    `{"body":"sha256:${commitment}","id":"evt_06h0ghqy000000000001","job_id":"job_06h0ghqy000000000001","time":"2026-11-23T12:00:00.000Z","type":"job.decided","version":1}`,
  );
});

test('what is written reads back, and its body is known again by its salt alone', () => {
  fc.assert(fc.property(fc.jsonValue(), fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat({ max: 31 }), (value, fresh, at) => {
    const body = value as Json;
    const leaf = parseLeaf(leafBytes(header, body, fresh, sha256));
    assert.deepEqual({ ...leaf }, { ...header, version: 1, body: commitBody(body, fresh, sha256) });
    assert.ok(checkBody(leaf, body, fresh, sha256));
    const other = fresh.map((byte, place) => (place === at ? byte ^ 1 : byte));
    assert.ok(!checkBody(leaf, body, other, sha256));
    assert.ok(!checkBody(leaf, [body], fresh, sha256));
    assert.ok(!checkBody(leaf, body, fresh.slice(1), sha256));
  }));
});

test('a leaf says nothing of its body that could be guessed without the salt', () => {
  const leaf = text(leafBytes(header, { counts: { '00': 512 } }, salt, sha256));
  assert.ok(!leaf.includes('counts') && !leaf.includes(createHash('sha256').update('{"counts":{"00":512}}').digest('hex')));
});

test('headers, salts and bodies of the wrong form are refused', () => {
  const bad: readonly Partial<Record<keyof EventHeader, unknown>>[] = [
    { id: 'evt_1' }, { id: 'job_06h0ghqy000000000001' }, { type: 'Job.Decided' }, { type: '' }, { type: 'a b' }, { type: 'a..b' }, { type: `a${'b'.repeat(40)}` }, { time: '2026-11-23T12:00:00Z' },
    { time: '2026-11-23T12:00:00.000+00:00' }, { time: '2026-13-23T12:00:00.000Z' }, { time: '2026-02-29T12:00:00.000Z' }, { time: '' }, { job_id: 'evt_06h0ghqy000000000001' }, { job_id: '' },
  ];
  for (const change of bad) assert.throws(() => leafBytes({ ...header, ...change } as EventHeader, {}, salt, sha256), { code: 'journal_invalid' }, JSON.stringify(change));
  for (const length of [0, 16, 31, 33]) assert.throws(() => leafBytes(header, {}, new Uint8Array(length), sha256), { code: 'journal_invalid' });
  assert.throws(() => leafBytes(header, { note: '\ud800' }, salt, sha256), TypeError);
});

test('a leaf in any other writing is refused', () => {
  const leaf = text(leafBytes(header, {}, salt, sha256));
  assert.equal(parseLeaf(new TextEncoder().encode(leaf)).type, 'job.decided');
  const writings = [
    leaf.replace(',', ', '), `${leaf}\n`, leaf.replace('job.decided', 'job\\u002edecided'), leaf.replace('"version":1', '"version":1,"seq":4'), leaf.replace('"version":1', '"version":2'),
    leaf.replace(',"version":1', ''), leaf.replace('"version":1', '"version":1,"version":1'), leaf.replace('"version":1', '"version":1.0'), '', '[]', 'null', leaf.slice(1), `\ufeff${leaf}`,
    JSON.stringify({ version: 1, ...JSON.parse(leaf.replace(',"version":1', '')) as object }),
  ];
  for (const writing of writings) assert.throws(() => parseLeaf(new TextEncoder().encode(writing)), { code: 'journal_invalid' }, writing);
  assert.throws(() => parseLeaf(Uint8Array.of(0xff, 0xfe)), { code: 'journal_invalid' });
});
