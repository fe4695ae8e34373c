// Untrusted text made plain: spelled out, cut whole, and never anything that is obeyed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plainText } from '../src/index.ts';

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 120 }).map((units) => String.fromCharCode(...units)),
  fc.array(fc.constantFrom('\u001b[2J', '\u202e', '\ufe0f', '\u{e0041}', '\u{1f600}', '\ud800', '\u3164', '\u2028', '\ue000', '\n', '\t', '\r', 'a', '\\u{1b}', '\\'), { maxLength: 60 }).map((parts) => parts.join('')),
);

test('whatever is given, the result holds nothing unsafe, is well-formed and no longer than asked', () => {
  fc.assert(fc.property(texts, fc.integer({ min: 3, max: 200 }), fc.boolean(), (text, max, lines) => {
    const plain = plainText(text, { max, lines });
    assert.ok(plain.length <= max && plain.isWellFormed());
    assert.doesNotMatch(lines ? plain.replace(/[\n\t]/g, '') : plain, /[\p{C}\p{Zl}\p{Zp}\p{DI}]/u);
  }), { numRuns: 3000 });
});

test('a text that is short and plain passes unchanged, and one that was made plain stays as it is', () => {
  fc.assert(fc.property(texts, (text) => {
    const plain = plainText(text, { max: 5000 });
    assert.equal(plainText(plain, { max: 5000 }), plain);
  }), { numRuns: 1000 });
  assert.equal(plainText('Grüße, 漢字 \u{1f600}', { max: 80 }), 'Grüße, 漢字 \u{1f600}');
});

test('what was cut is a beginning of the whole, with nothing cut in two', () => {
  fc.assert(fc.property(texts, fc.integer({ min: 3, max: 60 }), (text, max) => {
    const whole = plainText(text, { max: 5000 });
    const cut = plainText(text, { max });
    if (whole.length <= max) return assert.equal(cut, whole);
    assert.ok(cut.endsWith('...'));
    assert.ok(whole.startsWith(cut.slice(0, -3)));
    assert.ok(cut.length >= max - 10, `${cut.length} of ${max}`);
  }), { numRuns: 2000 });
});

const cases: readonly (readonly [string, string, string])[] = [
  ['an escape sequence', '\u001b[2J', '\\u{1b}[2J'],
  ['an eight-bit control', '\u009b31m', '\\u{9b}31m'],
  ['a right-to-left override', 'a\u202eb', 'a\\u{202e}b'],
  ['a tag character', '\u{e0041}', '\\u{e0041}'],
  ['a filler', '\u3164', '\\u{3164}'],
  ['a lone surrogate', 'a\udfffb', 'a\\u{dfff}b'],
  ['a line feed', 'a\nb', 'a\\u{a}b'],
];
for (const [name, text, plain] of cases) test(`${name} is spelled out`, () => assert.equal(plainText(text, { max: 80 }), plain));

test('line feeds and tabs stay where lines are wanted, carriage returns do not', () => assert.equal(plainText('a\n\tb\rc', { max: 80, lines: true }), 'a\n\tb\\u{d}c'));

test('neither a pair of surrogates nor a spelled-out character is cut in two', () => {
  assert.equal(plainText(`abcd\u{1f600}efgh`, { max: 8 }), 'abcd...');
  for (const max of [9, 10, 11, 12]) assert.equal(plainText('abcd\u001b[efgh', { max }), 'abcd...');
});
