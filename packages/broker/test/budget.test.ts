// Money: reserved plus settled never passes a limit, whatever order things come in and wherever it stops.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { budgetId, budgetKeyOf, type BudgetKey, type JobId, type Money } from '@dewar/protocol';
import { budgetOf, budgetsFor, budgetView, dayOf, periodOf, remainingOf, reserveRefusal, warningsOf, without, type Budget, type Exchange, type Payer, type Standing } from '../src/core/budget.ts';
import type { Policy } from '@dewar/policy/decide';
import { charge } from '../src/core/order.ts';
import type { StoredSession } from '../src/core/ports.ts';
import { completed, refusesWith, rig, sameCurrency, session, spentOn, withRig, type Rig } from './fixture.ts';

const xts = (micros: number): Money => ({ currency: 'XTS', micros });
const set = (id: string, limit: number, frozen = false): Budget => budgetOf(budgetKeyOf(id), limit, [50, 80], frozen);
const standing = (budget: Budget, reserved: number | null, settled: number | null = 0): Standing => ({ budget, period: periodOf(budget.per, '2026-11-27'), reserved, settled });
const ruleOf = (amount: Money, standings: readonly Standing[], exchange: Exchange = sameCurrency): string | undefined => reserveRefusal(amount, standings, exchange)?.rule;
/** A dollar is 0.92 euros, rounded up; nothing else converts. */
const rates: Exchange = (amount, to) => (amount.currency === to ? amount : amount.currency === 'USD' && to === 'EUR' ? { currency: to, micros: Math.ceil(amount.micros * 0.92) } : null);
const payer: Payer = { user: 'ada', project: 'alpha', session: 'one', backend: 'practice-qpu' };

const perJob = set('all/job/XTS', 10);
const perDay = set('all/day/XTS', 30);
for (const [what, amount, standings, expected] of [
  ['nothing spent', xts(10), [standing(perJob, 0), standing(perDay, 0)], undefined],
  ['above the job budget by the smallest step', xts(11), [standing(perJob, 0), standing(perDay, 0)], 'budget.limit'],
  ['exactly what is left', xts(10), [standing(perJob, 0), standing(perDay, 12, 8)], undefined],
  ['one millionth above what is left', xts(10), [standing(perJob, 0), standing(perDay, 12, 9)], 'budget.limit'],
  ['after an overrun', xts(1), [standing(perDay, 0, 40)], 'budget.limit'],
  ['one of many does not hold', xts(5), [standing(perJob, 0), standing(perDay, 0), standing(set('project:alpha/month/XTS', 4), 0)], 'budget.limit'],
  ['no budget at all', xts(1), [], 'budget.none'],
  ['another currency without a rate', { currency: 'EUR', micros: 1 }, [standing(set('all/day/USD', 10), 0)], 'budget.currency'],
  ['money of a currency without a rate was spent', { currency: 'EUR', micros: 1 }, [standing(set('all/day/EUR', 10), null)], 'budget.currency'],
  ['a rate takes it in, rounded up', { currency: 'USD', micros: 10 }, [standing(set('all/day/EUR', 10), 0)], undefined],
  ['and no further', { currency: 'USD', micros: 10 }, [standing(set('all/day/EUR', 9), 0)], 'budget.limit'],
  ['a frozen budget beats everything', xts(1), [standing(set('all/day/XTS', 30, true), 0)], 'budget.frozen'],
] as const) {
  test(`a reservation is ${expected === undefined ? 'taken' : `refused by ${expected}`}: ${what}`, () => assert.equal(ruleOf(amount, standings, rates), expected));
}

test('a job counts in every budget of its user, project, session and device, and in none of others, of practice and real money apart', () => {
  const ids = ['all/day/XTS', 'user:ada/day/XTS', 'user:bob/day/XTS', 'project:alpha/total/XTS', 'project:beta/total/XTS', 'session:one/day/XTS', 'session:alpha/day/XTS', 'backend:practice-qpu/month/XTS', 'backend:other/month/XTS', 'all/day/EUR', 'project:alpha/month/USD'];
  const budgets = ids.map((id) => set(id, 1));
  const of = (who: Payer, currency: string): string[] => budgetsFor(budgets, who, currency).map(({ id }) => id);
  assert.deepEqual(of(payer, 'XTS'), ['all/day/XTS', 'user:ada/day/XTS', 'project:alpha/total/XTS', 'session:one/day/XTS', 'backend:practice-qpu/month/XTS']);
  assert.deepEqual(of({ ...payer, project: null, user: null }, 'XTS'), ['all/day/XTS', 'session:one/day/XTS', 'backend:practice-qpu/month/XTS']);
  assert.deepEqual(of(payer, 'CHF'), ['all/day/EUR', 'project:alpha/month/USD']);
  for (const id of ids) assert.equal(budgetId(budgetKeyOf(id)), id);
});

for (const id of ['all/day', 'all:x/day/XTS', 'project/day/XTS', 'project:/day/XTS', 'project:A/day/XTS', 'project:a/week/XTS', 'team:a/day/XTS', 'project:a/day/xts', 'project:a/b/day/XTS', '../all/day/XTS', '']) {
  test(`${JSON.stringify(id)} is no budget`, () => assert.throws(() => budgetKeyOf(id), refusesWith('budget_invalid')));
}

test('a refusal says what would pass, and never less than nothing', () => {
  assert.equal(reserveRefusal(xts(10), [standing(perDay, 0, 31)], sameCurrency)?.fix, 'at most 0.00 XTS until 00:00 UTC');
  assert.equal(reserveRefusal(xts(10), [standing(set('all/month/XTS', 3_000_000), 2_999_995)], sameCurrency)?.fix, 'at most 0.000005 XTS until the month ends (UTC)');
  assert.equal(budgetView(standing(perDay, 0, 31)).remaining_micros, -1);
});

test('a job that is looked at again is not in its own way, in any period its reservation falls in', () => {
  const own = { amount: xts(5), day: '2026-11-26' };
  const left = (id: string): number | null => {
    const [one] = without([standing(set(id, 10), 8)], own, sameCurrency);
    return one === undefined ? null : remainingOf(one);
  };
  assert.deepEqual(['all/day/XTS', 'all/month/XTS', 'all/total/XTS', 'all/job/XTS'].map(left), [2, 7, 7, 2]);
});

test('a threshold is told once, when a reservation passes it; the highest alone', () => {
  const told = (before: number, amount: number): unknown[] => warningsOf(xts(amount), [standing(set('all/day/XTS', 100), before)], sameCurrency).map(({ body }) => body['percent']);
  assert.deepEqual([told(0, 49), told(0, 50), told(50, 10), told(50, 30), told(0, 100), told(80, 20)], [[], [50], [], [80], [80], []]);
  assert.deepEqual(warningsOf(xts(100), [standing(set('all/job/XTS', 100), 0)], sameCurrency), []);
});

test('a charge is the reservation, nothing, or unknown; a free run has none', () => {
  assert.deepEqual([charge(xts(5), 'all'), charge(xts(5), 'none'), charge(xts(5), 'unknown'), charge(null, 'all')], [xts(5), xts(0), 'unknown', null]);
});

test('a day is a UTC day', () => assert.equal(dayOf('2026-11-23T23:59:59.999Z'), '2026-11-23'));

test('a project has spent its budget: its sessions are refused whatever they name, others go on; history and figures tell', withRig(async (r) => {
  const key: BudgetKey = { scope: 'project', name: 'alpha', per: 'month', currency: 'XTS' };
  await r.corridor.budgets.set({ key, limit_micros: 2_500_000, warn_at: [40, 90] });
  const of = (name: string, project?: string): StoredSession => ({ ...session, id: `session_${name.padEnd(20, '0')}`, name, ...(project !== undefined && { project }) });
  const pay = async (from: StoredSession): Promise<string> => {
    const asked = await r.submit({}, from);
    if (asked.phase !== 'waiting') return asked.decision.reasons[0]?.rule ?? '';
    await r.approve(asked);
    return (await r.until(asked.id, 'ended')).phase;
  };
  assert.deepEqual([await pay(of('a', 'alpha')), await pay(of('b', 'alpha')), await pay(of('a', 'alpha')), await pay(of('c', 'beta')), await pay(of('d'))], ['ended', 'ended', 'budget.limit', 'ended', 'ended']);
  const [alpha] = (await r.corridor.budgets.show(null)).filter(({ id }) => id === 'project:alpha/month/XTS');
  assert.deepEqual([alpha?.settled?.micros, alpha?.remaining_micros, alpha?.warned, alpha?.period], [2_443_200, 56_800, 90, '2026-11']);
  assert.deepEqual((await r.corridor.budgets.history(10)).map(({ id, what }) => `${what} ${id}`), ['warned project:alpha/month/XTS', 'warned project:alpha/month/XTS', 'set project:alpha/month/XTS', 'set all/day/XTS', 'set all/job/XTS']);
  assert.deepEqual(await r.corridor.budgets.prevented(), { month: '2026-11', jobs: 1, amounts: [{ currency: 'XTS', micros: 1_221_600 }] });
  assert.deepEqual((await r.corridor.budgets.show(of('c', 'beta'))).map(({ id }) => id), ['all/day/XTS', 'all/job/XTS']);
  await r.corridor.budgets.remove('project:alpha/month/XTS');
  await assert.rejects(r.corridor.budgets.remove('project:alpha/month/XTS'), refusesWith('not_found'));
  assert.equal(await pay(of('a', 'alpha')), 'ended');
}));

test('with every budget removed nothing is paid; a simulator runs', withRig(async (r) => {
  for (const id of ['all/job/XTS', 'all/day/XTS']) await r.corridor.budgets.remove(id);
  await r.corridor.budgets.begin([{ key: budgetKeyOf('all/day/XTS'), limit_micros: 1 }]);
  assert.deepEqual(await r.corridor.budgets.show(null), []);
  assert.equal((await r.submit()).decision.reasons[0]?.rule, 'budget.none');
  assert.equal((await r.submit({ backend: 'simulator' })).decision.effect, 'allow');
}));

test('an overrun freezes what the job counted in, and nothing else; a thaw of one lets go of one', withRig(async (r) => {
  await r.corridor.budgets.set({ key: budgetKeyOf('project:beta/day/XTS'), limit_micros: 9_000_000 });
  r.qpu.behave = async (order) => ({ ...completed(order.shots), charged: xts(2_000_000) });
  const asked = await r.submit({ shots: 1000 });
  await r.approve(asked);
  await r.until(asked.id, 'ended');
  const frozen = async (): Promise<string[]> => (await r.corridor.budgets.show(null)).filter((budget) => budget.frozen).map(({ id }) => id);
  assert.deepEqual(await frozen(), ['all/day/XTS', 'all/job/XTS']);
  await r.corridor.budgets.set({ key: budgetKeyOf('all/day/XTS'), limit_micros: 60_000_000 });
  assert.deepEqual(await r.corridor.budgets.thaw(['all/job/XTS'], 'seen'), ['all/job/XTS']);
  assert.deepEqual(await frozen(), ['all/day/XTS'], 'a new limit is no thaw');
  assert.equal((await r.submit()).decision.reasons[0]?.rule, 'budget.frozen');
  await assert.rejects(r.corridor.budgets.thaw(['all/total/XTS'], 'seen'), refusesWith('not_found'));
}));

test('a yes that is given as the day ends is checked against the day that it counts on', withRig(async (r) => {
  r.clock.time = Date.parse('2026-11-23T23:59:59.000Z');
  const [first, second] = [await r.submit(), await r.submit()];
  await r.approve(first);
  await r.until(first.id, 'ended');
  r.clock.time = Date.parse('2026-11-23T23:59:59.999Z');
  // Each reading of the clock is a millisecond later: midnight falls between any two of one commit.
  const { now } = r.clock;
  r.clock.now = () => (r.clock.time += 1) - 1;
  const refused = await r.approve(second);
  r.clock.now = now;
  const over = async (day: string): Promise<boolean> => (({ reserved, settled }) => reserved + settled > 2_000_000)(await spentOn(r.store.view, day));
  assert.deepEqual([await over('2026-11-23'), await over('2026-11-24')], [false, false], refused.phase);
}, { budget: { day: 2_000_000 } }));

test('a frozen budget holds what is approved already, though the policy never looks at budgets', async () => {
  const blind: Policy = { digest: `sha256:${'2'.repeat(64)}`, evaluate: () => ({ allow: true, ask: false, reasons: [{ rule: 'test.allow', effect: 'allow', message: 'allowed', fix: null }] }) };
  const r = await rig({ policy: blind });
  try {
    let end = (): void => undefined;
    const billed = new Promise<void>((resolve) => {
      end = resolve;
    });
    r.qpu.behave = async (order) => {
      await billed;
      return { ...completed(order.shots), charged: xts(30_000_000) };
    };
    const [first, second] = [await r.submit(), await r.submit()];
    await r.until(first.id, 'running');
    end();
    await r.until(first.id, 'ended');
    const held = await r.until(second.id, 'ended');
    assert.equal(held.phase === 'ended' && held.outcome.kind === 'denied' && held.outcome.reasons[0]?.rule, 'budget.frozen');
    assert.deepEqual(r.qpu.submits, [`${first.id}.1`]);
    assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 30_000_000 });
  } finally {
    r.close();
  }
});

test('what agents ask for in vain, however much, leaves the figures readable', withRig(async (r) => {
  for (let times = 0; times < 12; times += 1) {
    const job = await r.submit({ shots: 1_000_000_000 });
    await r.until(job.id, 'ended');
  }
  const { jobs, amounts } = await r.corridor.budgets.prevented();
  assert.deepEqual([jobs, amounts], [12, [xts(12 * (300_000 + 900_000_000_000))]]);
}));

test('whole jobs, approved, denied, cancelled, lost and restarted in any order: the day holds, and the ledger is the sum of the jobs', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('submit', 'approve', 'approve', 'deny', 'cancel', 'finish', 'lose', 'restart'), fc.nat(9)), { minLength: 20, maxLength: 30 }), async (acts) => {
    let r: Rig = await rig({ budget: { day: 3_000_000 } });
    const finish: ((kind: 'completed' | 'lost') => void)[] = [];
    const behave: Rig['qpu']['behave'] = (order, signal) => new Promise((resolve) => {
      finish.push((kind) => resolve(kind === 'completed' ? completed(order.shots) : { kind: 'failed', error: { code: 'device_lost', message: 'lost' }, output: '', charged: 'unknown' }));
      signal.addEventListener('abort', () => resolve({ kind: 'cancelled', output: '', charged: 'none' }));
      if (signal.aborted) resolve({ kind: 'cancelled', output: '', charged: 'none' });
    });
    r.qpu.behave = behave;
    const ids: JobId[] = [];
    try {
      for (const [act, which] of acts) {
        const id = ids[which % Math.max(1, ids.length)];
        const job = id === undefined ? undefined : await r.job(id);
        if (act === 'submit') ids.push((await r.submit({ shots: 500 })).id);
        else if (act === 'approve' && job?.phase === 'waiting') await r.approve(job);
        else if (act === 'deny' && job?.phase === 'waiting') await r.corridor.deny(job.id, 'no');
        else if (act === 'cancel' && job) await r.corridor.cancel(job.id, 'session').catch((error: unknown) => assert.equal((error as { code?: string }).code, 'already_ended'));
        else if (act === 'finish') finish.shift()?.('completed');
        else if (act === 'lose') finish.shift()?.('lost');
        else if (act === 'restart') {
          finish.length = 0;
          r = await r.restart();
          r.qpu.behave = behave;
        }
        const totals = await spentOn(r.store.view, '2026-11-23');
        assert.ok(totals.reserved + totals.settled <= 3_000_000, JSON.stringify(totals));
      }
      for (const job of await r.store.view.jobs({ phases: ['waiting'] })) await r.corridor.deny(job.id, 'the end');
      r.qpu.behave = async (order) => completed(order.shots);
      for (const one of finish) one('completed');
      let [reserved, settled] = [0, 0];
      for (const id of ids) {
        const job = await r.until(id, 'ended');
        if (!('cost' in job)) continue;
        if (job.cost === 'unknown') reserved += job.resolved.amount?.micros ?? 0;
        else settled += job.cost?.micros ?? 0;
      }
      assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved, settled });
      assert.deepEqual((await r.store.verify()).problems, []);
      assert.equal(new Set(r.qpu.submits).size, r.qpu.submits.length, 'each key reaches the device once');
    } finally {
      r.close();
    }
  }), { numRuns: 15 });
});
