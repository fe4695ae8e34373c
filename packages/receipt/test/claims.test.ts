// A valid signature is not enough: a receipt that contradicts itself is refused, claim by claim and field by field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, DewarError, type Json } from '@dewar/protocol';
import { generateReceiptKey, verifyReceipt, type ReceiptPredicate } from '../src/index.ts';
import { completed, ends, forged } from './fixture.ts';
import { lies, told } from './lies.ts';

const key = generateReceiptKey();
const trust = { receiptKeys: [key.publicPem] };

for (const lie of lies) {
  test(`refuses though signed: ${lie.name}`, () => {
    assert.throws(() => verifyReceipt(forged(told(lie), key), trust), (error) => {
      assert.ok(error instanceof DewarError);
      assert.equal(error.code, 'receipt_invalid');
      assert.ok(error.path?.startsWith(lie.path), `stopped at ${error.path}: ${error.message}`);
      return true;
    });
  });
}

/** Fields that say something nothing else in the receipt can contradict: the signer's word is all there is. `*` is any index or name. */
const free = [
  'session/id', 'session/name', 'session/containment', 'broker/version', 'journal/origin', 'journal/size', 'journal/root', 'decision/input', 'approval/id', 'approval/at', 'grant/id',
  'grant/issued', 'grant/expires', 'quote/basis', 'quote/prices_dated', 'decision/reasons/*/rule', 'decision/reasons/*/message', 'decision/reasons/*/fix', 'facts/*', 'facts/*/*', 'facts/*/*/*',
  'outcome/results', 'outcome/error/code', 'outcome/error/message', 'outcome/by', 'outcome/reasons/*/rule', 'outcome/reasons/*/message', 'outcome/reasons/*/fix', 'provider_job_id',
  'envelope/approval/id', 'envelope/approval/at', 'cost', 'cost/micros', 'grant/amount/micros', 'times/submitted', 'times/decided', 'times/started', 'times/ended', 'events/*/index', 'events/*/leaf',
].map((pattern) => new RegExp(`^${pattern.replaceAll('*', '[^/]+')}$`));
/** Of those, the ones where only some other values pass. */
const never: Record<string, readonly Json[]> = {
  outcome: [null, 'completed', {}], approval: [{}, 'yes'], overrun: [null, 'no'], 'facts/analyser': ['other/1.0.0', null], 'grant/issued': [null, '2026-11-23', '2026-11-23T12:00:21Z', '2026-02-30T12:00:21.000Z'],
  'session/containment': ['trusted', null], 'session/id': ['session_1', null], 'journal/root': ['', 'AA=='], 'journal/size': [-1, 0.5], cost: [0, '1.22'], 'times/started': ['now'],
};

function* places(value: Json, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (value !== null && typeof value === 'object') for (const [name, inner] of Object.entries(value)) yield* places(inner, [...path, name]);
}

function valueAt(root: Json, path: readonly string[]): Json {
  let value: Json = root;
  for (const step of path) value = (value as Record<string, Json> | null)?.[step] ?? null;
  return value;
}

function withAt(root: Json, path: readonly string[], value: Json | undefined): Json {
  const copy = JSON.parse(canonicalJson(root)) as Record<string, never>;
  let holder: Record<string, unknown> = copy;
  for (const name of path.slice(0, -1)) holder = holder[name] as Record<string, unknown>;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return copy;
}

function othersOf(value: Json): Json[] {
  if (typeof value === 'number') return [value + 1, value - 1, -1, 0.5, String(value), null];
  if (typeof value === 'boolean') return [!value, null, String(value)];
  if (typeof value === 'string') return [`${value}x`, value.replace(/[0-9a-f]$/, (last) => (last === '0' ? '1' : '0')), value.replace(/[0-9](?=[^0-9]*$)/, '9'), '', null, 5].filter((other) => other !== value);
  if (value === null) return [{}, '', 0, 'x'];
  return [null, 'x'];
}

for (const [name, predicate] of Object.entries(ends)) {
  test(`every field of a receipt is free, or a change of it is refused: ${name}`, () => {
    const root = predicate() as unknown as Json;
    const passed = new Set<string>();
    for (const path of places(root)) {
      const pointer = path.join('/');
      const value = valueAt(root, path);
      // What an end has in common with a completed job is changed there.
      if (predicate !== completed && canonicalJson(value) === canonicalJson(valueAt(completed() as unknown as Json, path))) continue;
      for (const other of [undefined, ...othersOf(value)]) {
        const changed = withAt(root, path, other) as unknown as ReceiptPredicate;
        let bytes: Uint8Array;
        try {
          bytes = forged(changed, key);
        } catch (error) {
          if (error instanceof TypeError) continue; // No statement can be written of it: `outcome` is null.
          throw error;
        }
        try {
          verifyReceipt(bytes, trust);
          if (other === undefined) assert.match(pointer, /^facts\/gates\//, `passes without ${pointer}`);
          passed.add(pointer);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          assert.ok(error instanceof DewarError && ['receipt_invalid', 'receipt_subject'].includes(error.code), `${pointer}: ${String(error)}`);
        }
      }
    }
    for (const pointer of passed) assert.ok(free.some((pattern) => pattern.test(pointer)), `a change of ${pointer} passes`);
  });
}

test('free fields still have a form', () => {
  for (const [pointer, values] of Object.entries(never)) {
    for (const value of values) {
      const changed = withAt(completed() as unknown as Json, pointer.split('/'), value) as unknown as ReceiptPredicate;
      let bytes: Uint8Array | undefined;
      try {
        bytes = forged(changed, key);
      } catch (error) {
        assert.ok(error instanceof TypeError);
      }
      if (bytes) assert.throws(() => verifyReceipt(bytes, trust), { name: 'DewarError' }, `${pointer} = ${JSON.stringify(value)}`);
    }
  }
});
