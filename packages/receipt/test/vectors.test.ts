// The published receipts: what any implementation of docs/spec/receipt.md must accept and refuse.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { verifyReceipt } from '../src/index.ts';

interface Vectors {
  readonly public_pem: string;
  readonly results: string;
  readonly good: readonly { readonly name: string; readonly receipt: string }[];
  readonly changed: readonly { readonly name: string; readonly code: string; readonly find: string; readonly replace: string }[];
  readonly signed: readonly { readonly name: string; readonly code: string; readonly path: string; readonly receipt: string }[];
}
const vectors = JSON.parse(readFileSync(new URL('../../../vectors/receipt/receipts.json', import.meta.url), 'utf8')) as Vectors;
const trust = { receiptKeys: [vectors.public_pem] };
const encode = (text: string) => new TextEncoder().encode(text);

for (const { name, receipt } of vectors.good) test(`receipt vector verifies: ${name}`, () => assert.ok(verifyReceipt(encode(receipt), trust)));

test('the results of the first receipt vector are the signed ones', () => {
  assert.equal(verifyReceipt(encode(vectors.good[0]?.receipt ?? ''), trust, encode(vectors.results)).results, 'checked');
});

for (const { name, code, find, replace } of vectors.changed) {
  test(`changed receipt vector is refused: ${name}`, () => {
    const text = vectors.good[0]?.receipt ?? '';
    assert.ok(text.includes(find));
    assert.throws(() => verifyReceipt(encode(text.replace(find, () => replace)), trust), { code });
  });
}

for (const { name, code, path, receipt } of vectors.signed) {
  test(`signed receipt vector is refused: ${name}`, () => {
    assert.throws(() => verifyReceipt(encode(receipt), trust), (error: Error & { code?: string; path?: string }) => error.code === code && (error.path ?? '').startsWith(path));
  });
}
