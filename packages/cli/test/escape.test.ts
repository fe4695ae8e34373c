// Untrusted text: what a terminal could obey never comes out.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clip, escape, escapeJson, width } from '../src/escape.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });
const nasty = fc.array(fc.constantFrom('\u001b[2J', '\u001b]8;;http://x\u0007', '\u009b1A', '\r', '\n', '\t', '\u202e', '\u2066', '\u200b', '\u200d', '\ufeff', '\u00ad', '\u3164', '\u2028', '\u0301', '\ud800', 'é', '漢', 'a', '\u{e0041}', '\u00a0', '\u2800'), { maxLength: 40 })
  .map((parts) => parts.join(''));
const texts = fc.oneof(anyText, nasty, fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)));

test('escaped text holds no control, format, surrogate, separator or invisible character', () => {
  fc.assert(fc.property(texts, (text) => {
    const safe = escape(text);
    assert.doesNotMatch(safe, /[\p{C}\p{Zl}\p{Zp}\p{DI}]/u);
    assert.ok(safe.isWellFormed());
  }), { numRuns: 2000 });
});

test('escaping twice changes nothing', () => {
  fc.assert(fc.property(texts, (text) => assert.equal(escape(escape(text)), escape(text))), { numRuns: 1000 });
});

test('with a width the result fits it, whatever is thrown at it', () => {
  fc.assert(fc.property(texts, fc.integer({ min: 1, max: 60 }), (text, columns) => assert.ok(width(escape(text, columns)) <= columns)), { numRuns: 1000 });
});

test('plain text passes unchanged', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'abcXYZ019 .,:;-_/()[]{}äöüßéλπ漢字') }), (text) => assert.equal(escape(text), text)));
});

const cases: [string, string, string][] = [
  ['a screen that clears itself', 'a\u001b[2Jb', 'a\\u{1b}[2Jb'],
  ['an eight-bit CSI', '\u009b31m', '\\u{9b}31m'],
  ['an OSC hyperlink', '\u001b]8;;x\u0007y', '\\u{1b}]8;;x\\u{7}y'],
  ['a line feed', 'one\ntwo', 'one\\ntwo'],
  ['a carriage return', 'no\ryes', 'no\\ryes'],
  ['a right-to-left override', 'x\u202egnp.exe', 'x\\u{202e}gnp.exe'],
  ['a zero-width joiner', 'a\u200db', 'a\\u{200d}b'],
  ['a Hangul filler', 'a\u3164b', 'a\\u{3164}b'],
  ['a tag character', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['a lone surrogate', 'a\ud800b', 'a\\u{d800}b'],
  ['stacked marks', 'a\u0301\u0301\u0301\u0301', 'a\u0301\u0301\\u{301}\\u{301}'],
  ['a mark that would sit on our text', '\u0301a', '\\u{301}a'],
];
for (const [name, from, to] of cases) test(`${name} is spelled out`, () => assert.equal(escape(from), to));

test('a cut text says that it was cut', () => {
  assert.equal(escape('abcdef', 4), 'abc…');
  assert.equal(escape('abcd', 4), 'abcd');
  assert.equal(clip('漢字漢字', 5), '漢字…');
  assert.equal(escape('x'.repeat(1_000_000), 3), 'xx…');
});

test('escaped JSON means the same and holds nothing that a terminal obeys', () => {
  fc.assert(fc.property(fc.dictionary(texts, texts), (value) => {
    const text = JSON.stringify(value, null, 2);
    const safe = escapeJson(text);
    assert.deepEqual(JSON.parse(safe), JSON.parse(text));
    assert.doesNotMatch(safe.replaceAll('\n', ''), /[\p{C}\p{Zl}\p{Zp}\p{DI}]/u);
  }), { numRuns: 500 });
});
