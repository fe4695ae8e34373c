// Past decisions made again: counted once each, page by page, and no more of them kept than is told.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { jsonDigest, type Decision, type Digest, type Effect, type JobId, type Json, type PastDecision, type PolicyInput, type Reason } from '@dewar/protocol';
import { decideAgain, loadPolicyFolder, sha256, withDeciders, type AgainParts, type Compared } from '../src/index.ts';

const { bases } = JSON.parse(readFileSync(new URL('../../../policies/default/cases.json', import.meta.url), 'utf8')) as { readonly bases: { readonly simulator: PolicyInput } };
const { simulator } = bases;
const policy: Digest = `sha256:${'e'.repeat(64)}`;
const digest = (input: Json): Digest => jsonDigest(input, sha256);
const asJson = (input: PolicyInput): Json => input as unknown as Json;

const idOf = (place: number): JobId => `job_01k9${String(99_999_999 - place).padStart(16, '0')}` as JobId;
const reason = (effect: Effect, rule = `some.${effect}`): Reason => ({ rule, effect, message: `${rule} says ${effect}`, fix: null });
const decision = (effect: Effect, input: Json, ...reasons: readonly Reason[]): Decision => ({ effect, reasons: reasons.length > 0 ? reasons : [reason(effect)], policy, input: digest(input) });
const past = (place: number, effect: Effect, change: Partial<PastDecision> = {}): PastDecision => {
  const input = asJson({ ...simulator, shots: 1 + place, shots_per_point: 1 + place });
  return { job_id: idOf(place), at: '2026-11-23T07:00:00.000Z', decision: decision(effect, input), input, ...change };
};

/** Pages as a broker gives them, and how each was asked for. */
function history(all: readonly PastDecision[]): { readonly page: AgainParts['page']; readonly asked: (readonly [number, JobId | null])[] } {
  const asked: (readonly [number, JobId | null])[] = [];
  const page: AgainParts['page'] = async (limit, before) => {
    asked.push([limit, before]);
    const decisions = all.filter(({ job_id }) => before === null || job_id < before).slice(0, limit);
    return { decisions, next: decisions.length < limit ? null : (decisions.at(-1)?.job_id ?? null) };
  };
  return { page, asked };
}

type Say = (input: Json) => Decision;

async function again(all: readonly PastDecision[], decide: Say, change: Partial<AgainParts> = {}): Promise<Compared> {
  return decideAgain({ page: history(all).page, decide: async (inputs) => inputs.map(decide), atOnce: 2, most: 1_000_000, keep: 20, signal: new AbortController().signal, ...change });
}

const always = (effect: Effect, ...reasons: readonly Reason[]): Say => (input) => decision(effect, input, ...reasons);
const sum = ({ same, effects, reasons, undecided }: Compared): number => same + reasons + effects.reduce((total, { count }) => total + count, 0) + undecided.not_kept + undecided.other_release + undecided.other_input;

test('whatever was decided and is decided now, each decision is counted once, under its own change', async () => {
  const effects = fc.constantFrom<Effect>('allow', 'ask', 'deny');
  await fc.assert(fc.asyncProperty(fc.array(effects, { maxLength: 40 }), effects, async (before, after) => {
    const found = await again(before.map((effect, place) => past(place, effect)), always(after));
    assert.equal(found.seen, before.length);
    assert.equal(sum(found), before.length);
    assert.equal(found.same, before.filter((effect) => effect === after).length);
    for (const one of found.effects) assert.equal(one.count, before.filter((effect) => effect === one.before && one.after === after).length);
  }), { numRuns: 60 });
});

test('other rules with the same effect are told, by which are gone and which are new', async () => {
  const found = await again([past(0, 'deny')], always('deny', reason('deny', 'other.rule'), reason('ask', 'some.ask')));
  assert.deepEqual([found.same, found.reasons, found.effects], [0, 1, []]);
  assert.deepEqual(found.changed, [{ job_id: idOf(0), at: '2026-11-23T07:00:00.000Z', before: 'deny', after: 'deny', gone: ['some.deny'], added: ['other.rule', 'some.ask'], reason: reason('deny', 'other.rule') }]);
});

test("an envelope's own reasons are the broker's, and are no difference; another text of the same rule is none either", async () => {
  const input = past(0, 'ask').input;
  const covered = past(0, 'ask', { decision: decision('ask', input, { ...reason('ask', 'envelope.covers') }, reason('ask', 'envelope.outside'), { ...reason('ask'), message: 'worded otherwise' }) });
  assert.equal((await again([covered], always('ask'))).same, 1);
  assert.equal((await again([covered], always('ask', reason('ask'), reason('ask', 'envelope.mine')))).reasons, 1);
});

test('what was not kept, is of another release, or is not what was decided on is never the same', async () => {
  const old = asJson({ ...simulator, version: 1 } as unknown as PolicyInput);
  const refuses = always('deny', reason('deny', 'policy.input'));
  const all = [
    past(0, 'deny', { input: null }), past(1, 'deny', { input: old, decision: decision('deny', old, reason('deny', 'policy.input')) }), past(2, 'deny', { input: asJson(simulator) }),
    past(3, 'deny', { decision: decision('deny', past(3, 'deny').input, reason('deny', 'policy.input')) }),
  ];
  const found = await again(all, refuses);
  assert.deepEqual(found.undecided, { not_kept: 1, other_release: 1, other_input: 1 });
  // A policy may well use that name itself.
  assert.deepEqual([found.same, found.seen], [1, 4]);
});

test('pages are asked for one after another, no more than are wanted, and of a broker that sends too many the rest is left', async () => {
  const all = Array.from({ length: 1203 }, (_, place) => past(place, 'allow'));
  const whole = history(all);
  assert.equal((await again(all, always('allow'), { page: whole.page })).same, 1203);
  assert.deepEqual(whole.asked, [[500, null], [500, idOf(499)], [500, idOf(999)]]);
  const some = history(all);
  assert.equal((await again(all, always('allow'), { page: some.page, most: 501 })).seen, 501);
  assert.deepEqual(some.asked, [[500, null], [1, idOf(499)]]);
  assert.equal((await again(all, always('allow'), { page: async () => ({ decisions: all, next: idOf(0) }), most: 700 })).seen, 700);
  // A broker that has nothing more, yet says that it goes on, is not asked for ever.
  assert.equal((await again(all, always('allow'), { page: async () => ({ decisions: [], next: idOf(0) }) })).seen, 0);
});

test('the changed ones that are told are the newest, other effects before other rules, and at most as many as asked', async () => {
  const all = Array.from({ length: 2000 }, (_, place) => past(place, place % 2 === 0 ? 'deny' : 'ask'));
  const found = await again(all, always('deny', reason('deny', 'new.rule')), { keep: 3 });
  assert.deepEqual([found.reasons, found.effects], [1000, [{ before: 'ask', after: 'deny', count: 1000 }]]);
  assert.deepEqual(found.changed.map(({ job_id }) => job_id), [idOf(1), idOf(3), idOf(5)]);
  const fewer = await again(all.slice(0, 3), always('deny', reason('deny', 'new.rule')), { keep: 3 });
  assert.deepEqual(fewer.changed.map(({ job_id }) => job_id), [idOf(1), idOf(0), idOf(2)]);
});

test('stopped, it tells what was seen; failing, it fails', async () => {
  const all = Array.from({ length: 1200 }, (_, place) => past(place, 'allow'));
  const stop = new AbortController();
  const found = await again(all, always('allow'), { atOnce: 1, signal: stop.signal, onProgress: () => stop.abort(new Error('stop')) });
  assert.deepEqual([found.interrupted, found.seen], [true, 500]);
  assert.equal(sum(found), found.seen);
  const { page } = history(all);
  await assert.rejects(again(all, always('allow'), { page: async (limit, before) => (before === null ? page(limit, before) : Promise.reject(new Error('gone'))) }), /gone/);
  await assert.rejects(again(all, always('allow'), { decide: () => Promise.reject(new Error('dead')) }), /dead/);
  // One that never answers, whether the broker or a rule, is left behind.
  const never = async (): Promise<never> => new Promise(() => {});
  for (const hung of [{ page: never }, { decide: never }]) assert.equal((await again(all, always('allow'), { ...hung, signal: AbortSignal.timeout(20) })).interrupted, true);
});

test('a page is let go of once it is counted', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const pages: WeakRef<object>[] = [];
  let most = 0;
  const { seen } = await again([], always('allow'), { most: 10_000, page: async (_, before) => {
    // Only what was not made in this turn can be collected.
    await turn();
    collect();
    most = Math.max(most, pages.filter((page) => page.deref() !== undefined).length);
    const first = before === null ? 0 : 99_999_999 - Number(before.slice(8)) + 1;
    const decisions = Array.from({ length: 500 }, (_each, place) => past(first + place, 'ask'));
    pages.push(new WeakRef(decisions));
    return { decisions, next: idOf(first + 499) };
  } });
  assert.deepEqual([seen, pages.length], [10_000, 20]);
  assert.ok(most <= 6, `${most} pages were held at once`);
});

const rego = 'package quantum.workflow\n\ndefault allow := false\n\nallow if input.shots <= 10\n';

test('several threads decide as one does, in order, and end with what they are for', async () => {
  const { bundle, wasm } = await loadPolicyFolder(new Map([['a.rego', new TextEncoder().encode(rego)]]));
  const inputs = Array.from({ length: 30 }, (_, place) => past(place, 'allow').input ?? null);
  await withDeciders(bundle, wasm, async ({ decide, threads }) => {
    assert.equal(threads, 3);
    const decided = (await Promise.all([0, 10, 20].map((from) => decide(inputs.slice(from, from + 10))))).flat();
    assert.deepEqual(decided.map(({ effect }) => effect), inputs.map((_, place) => (place < 10 ? 'allow' : 'deny')));
    assert.deepEqual(decided.map(({ input }) => input), inputs.map(digest));
    assert.deepEqual(await decide([]), []);
    const [refused] = await decide([{ version: 1 }]);
    assert.equal(refused?.reasons[0]?.rule, 'policy.input');
  }, 3);
  await assert.rejects(withDeciders(bundle, new Uint8Array(8), ({ decide }) => decide(inputs), 1), { code: 'policy_tool_failed' });
  let late: (() => Promise<unknown>) | undefined;
  await withDeciders(bundle, wasm, async ({ decide }) => { late = () => decide(inputs); }, 1);
  await assert.rejects(async () => late?.(), { code: 'policy_tool_failed' });
});
