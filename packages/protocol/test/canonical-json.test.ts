// RFC 8785: one text for one value, checked against the RFC's own samples and another implementation.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, jsonDigest, parseJson, type Json } from '../src/index.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

test('RFC 8785 §3.2.4: the sample object comes out byte for byte', () => {
  const text = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`;
  const expected = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`;
  assert.equal(canonicalJson(JSON.parse(text)), expected);
  // The door is stricter than the RFC: 333333333.33333329 is not what its double says.
  assert.throws(() => parseJson(new TextEncoder().encode(text)), { code: 'json_number' });
});

test('RFC 8785 §3.2.3: names are sorted by UTF-16 code units', () => {
  const value = JSON.parse(String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`);
  const order = [...canonicalJson(value).matchAll(/:"([^"]+)"/g)].map((match) => match[1]);
  assert.deepEqual(order, ['Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign', 'Emoji: Grinning Face', 'Hebrew Letter Dalet With Dagesh']);
});

// RFC 8785 appendix B: IEEE 754 bits and their text.
const numbers: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'], ['8000000000000000', '0'], ['0000000000000001', '5e-324'], ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'], ['ffefffffffffffff', '-1.7976931348623157e+308'], ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'], ['4430000000000000', '295147905179352830000'], ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'], ['44b52d02c7e14af7', '1.0000000000000001e+23'], ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'], ['444b1ae4d6e2ef50', '1e+21'], ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'], ['41b3de4355555553', '333333333.3333332'], ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'], ['41b3de4355555556', '333333333.3333334'], ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'], ['43143ff3c1cb0959', '1424953923781206.2'],
];
for (const [bits, text] of numbers) {
  test(`RFC 8785 appendix B: ${bits} is written ${text}`, () => {
    assert.equal(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE()), text);
  });
}

test('what JSON cannot hold is refused, not given an empty object\'s digest', () => {
  const bad: readonly unknown[] = [Number.NaN, Infinity, -Infinity, '\ud800', { '\udfff': 1 }, undefined, { a: undefined }, [undefined], Array(1), 1n, Symbol('x'), () => 1, new Date(0), new Map([[1, 2]]), new Uint8Array(2)];
  for (const value of bad) assert.throws(() => canonicalJson(value as Json), TypeError);
});

test('property: the canonicalize package writes the same text', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
    fc.pre(JSON.stringify(value).isWellFormed() && !/\\ud[89a-f]/i.test(JSON.stringify(value)));
    assert.equal(canonicalJson(value as Json), canonicalize(value));
  }), { numRuns: 1_000 });
});

test('property: neither the order of keys nor white space changes the text or the digest', () => {
  const value = fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.string(), fc.boolean()));
  fc.assert(fc.property(value, (object) => {
    const turned = Object.fromEntries(Object.entries(object).toReversed());
    assert.equal(canonicalJson(turned), canonicalJson(object));
    assert.equal(jsonDigest(JSON.parse(JSON.stringify(object, null, 3)), sha256), jsonDigest(object, sha256));
  }));
});

test('property: different values have different texts', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (left, right) => {
    const alike = JSON.stringify(canonicalize(left)) === JSON.stringify(canonicalize(right));
    assert.equal(canonicalJson(left as Json) === canonicalJson(right as Json), alike);
  }));
});
