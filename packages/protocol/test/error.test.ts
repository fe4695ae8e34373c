// Errors: one shape, every code with a status and a line in the docs, and nothing untrusted shown raw.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { DewarError, errorCodes, httpStatus, pointer, shown } from '../src/index.ts';

test('the wire form holds what was given and nothing else', () => {
  assert.deepEqual(new DewarError({ code: 'denied', message: 'no' }).toBody(), { code: 'denied', message: 'no' });
  const body = { code: 'spec_invalid', message: 'm', path: '', got: 'g', allowed: 'a', fix: 'f' } as const;
  assert.deepEqual(new DewarError(body).toBody(), body);
});

test('every code has a client or server error status', () => {
  for (const code of errorCodes) assert.ok(httpStatus(code) >= 400 && httpStatus(code) < 600, code);
  assert.equal(new Set(errorCodes).size, errorCodes.length);
});

test('docs/spec/errors.md lists every code once, with its status, what it means and what to do', () => {
  const text = readFileSync(new URL('../../../docs/spec/errors.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| (\d+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(([, code, status, meaning, todo]) => ({ code, status, said: meaning?.trim() && todo?.trim() }));
  assert.deepEqual(new Set(rows.map((row) => row.code)), new Set<string>(errorCodes));
  assert.equal(rows.length, errorCodes.length);
  for (const code of errorCodes) {
    const row = rows.find((each) => each.code === code);
    assert.equal(Number(row?.status), httpStatus(code), code);
    assert.ok(row?.said, code);
  }
});

test('what was sent is shown in 80 characters, quotes and line breaks escaped', () => {
  assert.equal(shown('a"b\n'), '"a\\"b\\n"');
  assert.equal(shown('x'.repeat(500)), `"${'x'.repeat(76)}...`);
  assert.deepEqual([shown(undefined), shown(null), shown(5), shown([1]), shown(1n), shown(Symbol('x')), shown(() => 1)], ['nothing', 'null', '5', '[1]', '1', 'symbol', 'function']);
});

for (const [name, text] of Object.entries({ 'right-to-left override': '\u202e', 'isolate': '\u2066', 'escape': '\u001b[2J', 'C1 control': '\u009b31m', 'delete': '\u007f', 'line separator': '\u2028', 'zero width space': '\u200b', 'soft hyphen': '\u00ad', 'tag character': '\u{e0041}', 'variation selector': '\ufe0f', 'filler': '\u3164', 'private use': '\ue000', 'byte order mark': '\ufeff' })) {
  test(`${name} is shown escaped, in values, lists, keys and pointers`, () => {
    for (const out of [shown(text), shown([text]), shown({ [text]: 1 }), pointer([text])]) {
      assert.match(out, /\\u(?:[0-9a-f]{4}|\{[0-9a-f]+\})/);
      assert.doesNotMatch(out, /[\p{C}\p{Zl}\p{Zp}\p{DI}]/u);
    }
  });
}

test('property: whatever is shown is short, printable and well-formed', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.anything()), fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 5 }), (value, path) => {
    for (const out of [shown(value), pointer(path)]) {
      assert.ok(out.length <= 80 && out.isWellFormed());
      assert.doesNotMatch(out, /[\p{C}\p{Zl}\p{Zp}\p{DI}]/u);
    }
  }), { numRuns: 1_000 });
});

test('a pointer escapes ~ and / (RFC 6901 §3)', () => {
  assert.equal(pointer(['a/b', 'c~d', '0', '']), '/a~1b/c~0d/0/');
  assert.equal(pointer([]), '');
});
