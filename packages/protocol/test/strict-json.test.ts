// Strict JSON: what JSON.parse takes in one meaning passes, everything else is refused with a code and a place.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, DewarError, jobSpecSchema, microsFrom, parseJson, type ErrorCode, type Json } from '../src/index.ts';

const encoder = new TextEncoder();

interface Vector {
  readonly name: string;
  /** The text; `hex` instead where it is not UTF-8. */
  readonly text?: string;
  readonly hex?: string;
  readonly canonical?: string;
  readonly code?: ErrorCode;
  readonly path?: string;
}

function vectors(name: string): readonly Vector[] {
  return JSON.parse(readFileSync(new URL(`../../../vectors/json/${name}.json`, import.meta.url), 'utf8')).vectors;
}

function bytesOf(vector: Vector): Uint8Array {
  return vector.hex === undefined ? encoder.encode(vector.text) : Uint8Array.from(Buffer.from(vector.hex, 'hex'));
}

function refusal(bytes: Uint8Array, ...rest: [] | [{ bytes: number; depth: number; values?: number }]): DewarError {
  try {
    parseJson(bytes, ...rest);
  } catch (error) {
    if (error instanceof DewarError) return error;
    throw error;
  }
  return assert.fail('it was accepted');
}

/** A check of "an object without a prototype" needs an eye of its own: strict equality tells prototypes apart. */
function same(left: Json, right: unknown): void {
  assert.deepEqual(JSON.stringify(left), JSON.stringify(right));
}

for (const vector of vectors('accept')) {
  test(`accepts ${vector.name}`, () => {
    assert.equal(canonicalJson(parseJson(bytesOf(vector))), vector.canonical);
  });
}

for (const vector of vectors('reject')) {
  test(`refuses ${vector.name}`, () => {
    const error = refusal(bytesOf(vector));
    assert.equal(error.code, vector.code);
    if (vector.path !== undefined) assert.equal(error.path, vector.path);
    for (const part of [error.message, error.allowed, error.fix]) assert.ok(part, 'says what, what would pass and how to mend it');
  });
}

test('JSON.parse accepts every accepted vector too: strictness never widens the format', () => {
  for (const vector of vectors('accept')) assert.doesNotThrow(() => JSON.parse(Buffer.from(bytesOf(vector)).toString('utf8')), vector.name);
});

test('depth: the limit passes, one more does not, and a megabyte of brackets does not overflow the stack', () => {
  assert.ok(parseJson(encoder.encode('['.repeat(32) + ']'.repeat(32))));
  const deep = refusal(encoder.encode('['.repeat(33) + ']'.repeat(33)));
  assert.deepEqual([deep.code, deep.allowed], ['json_depth', 'at most 32 levels']);
  const million = { bytes: 2_000_000, depth: 32 };
  assert.equal(refusal(encoder.encode('['.repeat(1_000_000)), million).code, 'json_depth');
  assert.equal(refusal(encoder.encode('{"a":'.repeat(300_000)), million).code, 'json_depth');
});

test('size: the limit passes and one byte more does not, counted in bytes', () => {
  const text = encoder.encode('"éé"');
  assert.equal(text.length, 6);
  assert.equal(parseJson(text, { bytes: 6, depth: 1 }), 'éé');
  assert.equal(refusal(text, { bytes: 5, depth: 1 }).code, 'body_too_large');
});

test('values: 10,000 pass, one more does not', () => {
  const list = (items: number) => encoder.encode(`[${Array(items).fill('1').join(',')}]`);
  assert.ok(parseJson(list(9_999)));
  assert.equal(refusal(list(10_000)).code, 'body_too_large');
  assert.ok(parseJson(list(10_000), { bytes: 65_536, depth: 2, values: 10_001 }));
});

test('a megabyte string, key, number and run of escapes are each read in one pass', () => {
  const limits = { bytes: 8_000_000, depth: 2 };
  const long = 'x'.repeat(1_000_000);
  same(parseJson(encoder.encode(`{"${long}":"${long}"}`), limits), { [long]: long });
  assert.equal(parseJson(encoder.encode(`"${'\\u0041'.repeat(1_000_000)}"`), limits), 'A'.repeat(1_000_000));
  assert.equal(parseJson(encoder.encode(`5.${'0'.repeat(1_000_000)}`), limits), 5);
  assert.equal(refusal(encoder.encode(`5.${'0'.repeat(1_000_000)}1`), limits).code, 'json_number');
  assert.equal(refusal(encoder.encode('1'.repeat(1_000_000)), limits).code, 'json_number');
});

test('__proto__, constructor and toString are plain own keys, and the schema downstream reads such objects', () => {
  const value = parseJson(encoder.encode('{"__proto__":{"admin":true},"constructor":1,"toString":2}'));
  assert.ok(value !== null && typeof value === 'object');
  assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'toString']);
  assert.equal('admin' in value, false);
  assert.equal('valueOf' in value, false);
  assert.equal(({} as Record<string, unknown>)['admin'], undefined);
  const spec = `{"job_name":"x","code_blob":"sha256:${'a'.repeat(64)}","backend":"sim","program":{"format":"qasm3"},"agent":{"constructor":"x"}}`;
  same(parseJson(encoder.encode(spec)), JSON.parse(spec));
  assert.ok(jobSpecSchema.safeParse(parseJson(encoder.encode(spec))).success);
  assert.equal(jobSpecSchema.safeParse(parseJson(encoder.encode(spec.replace('"agent"', '"__proto__"')))).success, false);
});

test('an error names the byte, the place, and at most 80 characters of what was sent, escaped', () => {
  const error = refusal(encoder.encode('{"é":[1,{"a/b~":nul}]}'));
  assert.equal(error.path, '/é/1/a~1b~0');
  assert.match(error.message, /at byte 17$/);
  const nasty = refusal(encoder.encode(`{"a\\u202e\\u001b[2J${'k'.repeat(500)}":x}`));
  for (const part of [nasty.path ?? '', nasty.got ?? '']) {
    assert.ok(part.length <= 80);
    assert.doesNotMatch(part, /[\p{Cc}\p{Cf}]/u);
  }
  const twice = refusal(encoder.encode(`{"\\u202e":1,"\\u202e":2}`));
  assert.equal(twice.got, '"\\u{202e}"');
});

test('property: every JSON value that JSON.parse reads from its own writing is read alike', () => {
  fc.assert(fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom(undefined, 1, '\t'), (text, space) => {
    const oracle: unknown = JSON.parse(text);
    const pretty = JSON.stringify(oracle, null, space);
    try {
      same(parseJson(encoder.encode(pretty)), oracle);
    } catch (error) {
      assert.ok(error instanceof DewarError);
      // What JSON.parse takes and I-JSON does not: surrogates alone, noncharacters. (JSON.stringify writes -0 as 0.)
      assert.equal(error.code, 'json_unicode');
      assert.match(stringsOf(oracle), /[\p{Cs}\p{Noncharacter_Code_Point}]/u);
    }
  }), { numRuns: 500 });
});

/** All strings of a value, keys included. */
function stringsOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value).map(([key, inner]) => `${key}\n${stringsOf(inner)}`).join('\n');
}

const jsonish = fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0123456789.eE+-truefalsn \n\té'), maxLength: 24 });

test('property: what JSON.parse refuses is refused, and what is accepted has the value that JSON.parse gives', () => {
  fc.assert(fc.property(jsonish, (text) => {
    const ours = attempt(() => parseJson(encoder.encode(text)));
    const theirs = attempt(() => JSON.parse(text));
    if (!theirs.ok) assert.equal(ours.ok, false, text);
    if (ours.ok && theirs.ok) assert.equal(JSON.stringify(ours.value), JSON.stringify(theirs.value));
  }), { numRuns: 2_000 });
});

test('property: any change of bytes is read as JSON.parse reads it, or refused with a json_ code; nothing else is thrown', () => {
  const seed = encoder.encode('{"job_name":"vqe é\\u00e9","n":[1,2.50,-3e-7,true,false,null],"o":{"\\ud83d\\ude00":""}}');
  const edit = fc.record({ at: fc.nat(seed.length - 1), byte: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'delete', 'cut') });
  fc.assert(fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
    const bytes = [...seed];
    for (const { at, byte, kind } of edits) {
      if (kind === 'set' && at < bytes.length) bytes[at] = byte;
      if (kind === 'insert') bytes.splice(at, 0, byte);
      if (kind === 'delete') bytes.splice(at, 1);
      if (kind === 'cut' && at > 10) bytes.length = Math.min(bytes.length, at);
    }
    const sent = Uint8Array.from(bytes);
    const ours = attempt(() => parseJson(sent));
    const theirs = attempt(() => JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(sent)));
    if (!ours.ok) {
      assert.ok(ours.error instanceof DewarError && ours.error.code.startsWith('json_'), String(ours.error));
      assert.doesNotMatch(JSON.stringify(ours.error.toBody()), /[\p{Cc}\p{Cf}\p{Cs}]/u);
    } else {
      assert.ok(theirs.ok, 'accepted what JSON.parse refuses');
      assert.equal(JSON.stringify(ours.value), JSON.stringify(theirs.value));
    }
  }), { numRuns: 3_000 });
});

test('property: reading, writing canonically and reading again changes nothing', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
    const first = attempt(() => parseJson(encoder.encode(JSON.stringify(value))));
    if (!first.ok) return;
    const text = canonicalJson(first.value as Json);
    assert.equal(canonicalJson(parseJson(encoder.encode(text))), text);
  }), { numRuns: 500 });
});

test('property: every finite double, as JavaScript writes it, is kept', () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    fc.pre(!Object.is(value, -0));
    assert.equal(parseJson(encoder.encode(String(value))), value);
  }), { numRuns: 2_000 });
});

const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 20 });
const numeral = fc.record({ whole: fc.oneof(fc.constant('0'), digits.map((text) => `1${text}`), digits.map((text) => `9${text}`)), fraction: digits, exponent: fc.oneof(fc.constant(''), fc.integer({ min: -40, max: 20 }).map((value) => `e${value}`)) })
  .map(({ whole, fraction, exponent }) => `${whole}${fraction === '' ? '' : `.${fraction}`}${exponent}`);

test('property: money read from the number is the money that its source text says', () => {
  let kept = 0;
  fc.assert(fc.property(numeral, (text) => {
    const read = attempt(() => parseJson(encoder.encode(text)));
    if (!read.ok) return;
    kept += 1;
    const source = attempt(() => microsFrom(text));
    const number = attempt(() => microsFrom(String(read.value)));
    assert.deepEqual(number.ok && number.value, source.ok && source.value, text);
  }), { numRuns: 3_000 });
  assert.ok(kept > 300, `only ${kept} of the numerals were kept`);
});

test('property: a number is kept exactly when its decimal, compared by whole-number arithmetic, equals that of its double', () => {
  const exactly = (text: string): [bigint, bigint] => {
    const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(text) ?? [];
    const shift = BigInt(exponent) - BigInt(fraction.length);
    const value = BigInt(`${sign}${whole}${fraction}`);
    return shift >= 0n ? [value * 10n ** shift, 1n] : [value, 10n ** -shift];
  };
  fc.assert(fc.property(numeral, (text) => {
    const [above, below] = exactly(text);
    const [above2, below2] = exactly(String(Number(text)));
    assert.equal(attempt(() => parseJson(encoder.encode(text))).ok, above * below2 === above2 * below, text);
  }), { numRuns: 2_000 });
});

type Attempt = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown };

function attempt(work: () => unknown): Attempt {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    return { ok: false, error };
  }
}
