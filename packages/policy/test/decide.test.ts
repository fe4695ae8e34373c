// From what a policy answers to one decision: strictest wins, and anything unclear is a denial.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonDigest, type Digest, type Effect, type Json, type PolicyInput, type Reason, type Sha256 } from '@dewar/protocol';
import { decide, decideOn, type Declared, type Policy } from '../src/decide.ts';

const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const policy: Digest = `sha256:${'1'.repeat(64)}`;
const input: Digest = `sha256:${'2'.repeat(64)}`;
const reason = (effect: Effect, rule = `${effect}.rule`, fix: string | null = null): Reason => ({ rule, effect, message: `because of ${rule}`, fix });
const decided = (allow: unknown, ask: unknown, reasons: unknown) => decide({ allow, ask, reasons }, policy, input);
const summary = (allow: unknown, ask: unknown, reasons: unknown) => {
  const decision = decided(allow, ask, reasons);
  return [decision.effect, ...decision.reasons.map((each) => each.rule)];
};

const strictest: readonly (readonly [string, boolean, boolean, readonly Effect[], readonly string[]])[] = [
  ['allow with its reason', true, false, ['allow'], ['allow', 'allow.rule']],
  ['ask with its reason', false, true, ['ask'], ['ask', 'ask.rule']],
  ['ask before allow', true, true, ['allow', 'ask'], ['ask', 'ask.rule']],
  ['a reason to ask before allow', true, false, ['allow', 'ask'], ['ask', 'ask.rule']],
  ['a reason to deny before allow', true, false, ['allow', 'deny'], ['deny', 'deny.rule']],
  ['a reason to deny before ask, which stays as a second reason', false, true, ['ask', 'deny'], ['deny', 'deny.rule', 'ask.rule']],
  ['a reason to deny before both', true, true, ['ask', 'allow', 'deny'], ['deny', 'deny.rule', 'ask.rule']],
  ['no verdict', false, false, [], ['deny', 'policy.default']],
  ['a reason to allow is no verdict', false, false, ['allow'], ['deny', 'policy.default']],
  ['a reason to ask is no verdict', false, false, ['ask'], ['deny', 'policy.default', 'ask.rule']],
  ['allow without a reason', true, false, [], ['deny', 'policy.undefined']],
  ['ask without a reason', false, true, [], ['deny', 'policy.undefined']],
  ['ask with a reason to allow only', true, true, ['allow'], ['deny', 'policy.undefined']],
];
for (const [name, allow, ask, effects, expected] of strictest) {
  test(`strictest wins: ${name}`, () => assert.deepEqual(summary(allow, ask, effects.map((effect) => reason(effect))), expected));
}

test('what is not a boolean is a denial', () => {
  for (const value of [undefined, null, 0, 1, 'true', 'allow', [], [true], {}, new Boolean(true), Number.NaN]) {
    assert.deepEqual(summary(value, false, [reason('allow')]), ['deny', 'policy.undefined']);
    assert.deepEqual(summary(true, value, [reason('allow')]), ['deny', 'policy.undefined']);
    assert.deepEqual(summary(value, value, [reason('ask')]), ['deny', 'policy.undefined']);
  }
});

test('malformed reasons are a denial, whatever the verdicts', () => {
  const good = reason('allow');
  const { fix: _, ...noFix } = good;
  const malformed: unknown[] = [
    undefined, null, {}, 'reasons', true, [null], ['text'], [[]], [noFix], [{ ...good, effect: 'permit' }], [{ ...good, effect: 'ALLOW' }], [{ ...good, effect: undefined }],
    [{ ...good, rule: '' }], [{ ...good, rule: 'no dot here' }], [{ ...good, rule: '\u001b[2J.x' }], [{ ...good, rule: `a.${'b'.repeat(64)}` }], [{ ...good, rule: 1 }],
    [{ ...good, message: '' }], [{ ...good, message: 7 }], [{ ...good, fix: '' }], [{ ...good, fix: 0 }], [{ ...good, extra: 1 }], [good, { ...good, effect: 'unknown' }], Array(101).fill(good),
  ];
  for (const reasons of malformed) assert.deepEqual(summary(true, false, reasons), ['deny', 'policy.undefined'], JSON.stringify(reasons));
});

test('every denial of the machinery itself has a fix', () => {
  for (const decision of [decided(undefined, false, []), decided(false, false, []), decided(true, false, [])]) assert.ok(decision.reasons[0]?.fix);
});

test('a decision names its policy and its input', () => {
  assert.deepEqual(decided(true, false, [reason('allow')]), { effect: 'allow', reasons: [reason('allow')], policy, input });
});

test('the order of reasons does not depend on the order given', () => {
  const reasons = [reason('deny', 'b.rule'), reason('ask', 'a.rule'), reason('deny', 'a.rule', 'fix 2'), reason('deny', 'a.rule', 'fix 1'), reason('deny', 'a.rule'), reason('allow', 'a.a')];
  const expected = decided(false, true, reasons);
  assert.deepEqual(expected.reasons.map((each) => [each.effect, each.rule, each.fix]), [['deny', 'a.rule', null], ['deny', 'a.rule', 'fix 1'], ['deny', 'a.rule', 'fix 2'], ['deny', 'b.rule', null], ['ask', 'a.rule', null]]);
  fc.assert(fc.property(fc.shuffledSubarray(reasons, { minLength: reasons.length }), (shuffled) => assert.deepEqual(decided(false, true, shuffled), expected)));
});

test('any answer gives a decision with reasons, its own effect first, and allows only on a clear yes', () => {
  const any = fc.anything({ withNullPrototype: true, withBigInt: true });
  const reasons = fc.oneof(any, fc.array(fc.constantFrom<Effect>('allow', 'ask', 'deny').map((effect) => reason(effect)), { maxLength: 4 }));
  const verdict = fc.oneof(fc.boolean(), any);
  fc.assert(fc.property(verdict, verdict, reasons, (allow, ask, why) => {
    const decision = decided(allow, ask, why);
    assert.equal(decision.reasons[0]?.effect, decision.effect);
    if (decision.effect === 'allow') assert.ok(allow === true && ask === false && decision.reasons.every((each) => each.effect === 'allow'));
    if (decision.effect === 'ask') assert.ok(allow === true || ask === true);
  }), { numRuns: 2000 });
});

test('what is not declared is false or none; a value it has all the same is a denial', () => {
  const of = (declares: Declared, allow: unknown, ask: unknown, reasons: unknown) => {
    const decision = decide({ allow, ask, reasons }, policy, input, declares);
    return [decision.effect, ...decision.reasons.map((each) => each.rule)];
  };
  const onlyAllow = { allow: true, ask: false, reasons: false } as const;
  assert.deepEqual(of(onlyAllow, true, undefined, undefined), ['allow', 'policy.allow']);
  assert.deepEqual(of(onlyAllow, false, undefined, undefined), ['deny', 'policy.default']);
  assert.deepEqual(of({ allow: true, ask: true, reasons: false }, true, true, undefined), ['ask', 'policy.ask']);
  assert.deepEqual(of({ allow: true, ask: false, reasons: true }, true, undefined, [reason('allow')]), ['allow', 'allow.rule']);
  for (const value of [false, true, null, [], [reason('allow')], 0]) {
    assert.deepEqual(of(onlyAllow, true, value, undefined), ['deny', 'policy.undefined']);
    assert.deepEqual(of(onlyAllow, true, undefined, value), ['deny', 'policy.undefined']);
  }
  for (const value of [undefined, null, 'true', 1]) assert.deepEqual(of(onlyAllow, value, undefined, undefined), ['deny', 'policy.undefined'], 'what is declared is held to its type');
  assert.deepEqual(of({ allow: true, ask: true, reasons: true }, true, false, []), ['deny', 'policy.undefined'], 'declared reasons must be given');
});

test('reasons are cut, and what does not print is escaped', () => {
  const message = `a\u001b[31m\u202e\u2028\ud800${'\u0000'.repeat(1000)}`;
  const [shown] = decided(true, false, [{ ...reason('allow'), message, fix: message }]).reasons;
  assert.match(shown?.message ?? '', /^a\\u\{1b\}\[31m\\u\{202e\}\\u\{2028\}\\u\{d800\}(\\u\{0\})+/);
  assert.ok(shown && shown.message.length <= 400 && shown.fix === shown.message);
});

// decideOn: schema, digest and evaluation around decide.

const { bases } = JSON.parse(readFileSync(new URL('../../../policies/default/cases.json', import.meta.url), 'utf8')) as { readonly bases: { readonly simulator: PolicyInput } };
const valid = bases.simulator;
const yes = (): Policy & { readonly seen: unknown[] } => {
  const seen: unknown[] = [];
  return { digest: policy, seen, evaluate: (value) => { seen.push(value); return { allow: true, ask: false, reasons: [reason('allow')] }; } };
};

test('a valid input is evaluated once, and named by its digest', () => {
  const by = yes();
  const decision = decideOn(by, valid, sha256);
  assert.equal(decision.effect, 'allow');
  assert.equal(decision.input, jsonDigest(valid as unknown as Json, sha256));
  assert.deepEqual(by.seen, [valid]);
});

test('an invalid input never reaches the policy', () => {
  const cyclic: Record<string, unknown> = { ...valid };
  cyclic['facts'] = cyclic;
  const { version: _, ...missing } = valid;
  const trap = new Proxy({ ...valid }, { get() { throw new Error('trap'); } });
  const inputs: unknown[] = [
    missing, { ...valid, extra: 1 }, { ...valid, shots: '1024' }, { ...valid, shots: Number.NaN }, { ...valid, shots: 10n }, { ...valid, backend: '' }, { ...valid, artifacts: [] },
    null, undefined, 1, [valid], cyclic, trap, { ...valid, backend: '\ud800' }, { ...valid, facts: { ...valid.facts, pragmas: ['\udc00'] } },
  ];
  for (const value of inputs) {
    const by = yes();
    const decision = decideOn(by, value as PolicyInput, sha256);
    assert.deepEqual([decision.effect, ...decision.reasons.map((each) => each.rule)], ['deny', 'policy.input']);
    assert.match(decision.input, /^sha256:[0-9a-f]{64}$/);
    assert.ok(decision.reasons[0]?.fix);
    assert.deepEqual(by.seen, []);
  }
});

test('whatever an evaluation throws is a denial, and is not shown', () => {
  for (const thrown of [new Error('secret'), { message: 'not implemented: secret' }, 'secret', null, undefined]) {
    const decision = decideOn({ digest: policy, evaluate: () => { throw thrown; } }, valid, sha256);
    assert.deepEqual([decision.effect, ...decision.reasons.map((each) => each.rule)], ['deny', 'policy.error']);
    assert.ok(!JSON.stringify(decision).includes('secret'));
    assert.equal(decision.input, jsonDigest(valid as unknown as Json, sha256));
  }
});

test('a policy sees a copy: a caller cannot change the input behind the digest', () => {
  const by = yes();
  const changing = structuredClone(valid);
  decideOn(by, changing, sha256);
  Object.assign(changing, { shots: 1 });
  assert.deepEqual(by.seen, [valid]);
});
