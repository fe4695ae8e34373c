// Money: reserved plus settled never passes a limit, whatever order things come in and wherever it stops.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JobId, Money } from '@dewar/protocol';
import { SqliteStore } from '../src/adapters/sqlite/store.ts';
import { budgetView, dayOf, reserveRefusal } from '../src/core/budget.ts';
import { charge } from '../src/core/order.ts';
import type { BudgetLimits, DayTotals } from '../src/core/ports.ts';
import { checkpointSigner, completed, rig, sha256, TestClock, type Rig } from './fixture.ts';

const xts = (micros: number): Money => ({ currency: 'XTS', micros });
const limits: BudgetLimits = { currency: 'XTS', job: 10, day: 30 };
const rule = (amount: Money, totals: Partial<DayTotals> = {}, frozen = false): string | undefined => reserveRefusal(amount, limits, { reserved: 0, settled: 0, ...totals }, frozen)?.rule;

for (const [what, amount, totals, frozen, expected] of [
  ['nothing spent', xts(10), {}, false, undefined],
  ['above the job budget by the smallest step', xts(11), {}, false, 'budget.job'],
  ['exactly what is left', xts(10), { reserved: 12, settled: 8 }, false, undefined],
  ['one millionth above what is left', xts(10), { reserved: 12, settled: 9 }, false, 'budget.day'],
  ['after an overrun', xts(1), { settled: 40 }, false, 'budget.day'],
  ['another currency', { currency: 'EUR', micros: 1 }, {}, false, 'budget.currency'],
  ['a frozen budget beats everything', xts(1), {}, true, 'budget.frozen'],
] as const) {
  test(`a reservation is ${expected === undefined ? 'taken' : `refused by ${expected}`}: ${what}`, () => assert.equal(rule(amount, totals, frozen), expected));
}

test('a refusal says what would pass, and never less than nothing', () => {
  assert.equal(reserveRefusal(xts(10), { ...limits, job: 100 }, { reserved: 0, settled: 31 }, false)?.fix, 'at most 0.00 XTS until 00:00 UTC');
  assert.equal(budgetView('2026-11-23', limits, { reserved: 0, settled: 31 }, false).day_remaining.micros, 0);
});

test('a charge is the reservation, nothing, or unknown; a free run has none', () => {
  assert.deepEqual([charge(xts(5), 'all'), charge(xts(5), 'none'), charge(xts(5), 'unknown'), charge(null, 'all')], [xts(5), xts(0), 'unknown', null]);
});

test('a day is a UTC day', () => assert.equal(dayOf('2026-11-23T23:59:59.999Z'), '2026-11-23'));

type Step = { readonly act: 'reserve' | 'settle' | 'release' | 'lose' | 'crash' | 'midnight'; readonly micros: number; readonly which: number };
const step: fc.Arbitrary<Step> = fc.record({ act: fc.constantFrom('reserve', 'reserve', 'reserve', 'settle', 'release', 'lose', 'crash', 'midnight'), micros: fc.integer({ min: 1, max: 12 }), which: fc.nat(30) });

test('300 random interleavings of reservations, ends and crashes on the real store: never above the day, and the sums reconcile', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-budget-'));
  const clock = new TestClock();
  const random = { bytes: (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count)) };
  const open = (): SqliteStore => new SqliteStore({ file: join(folder, 'journal.db'), clock, random, sha256, signer: checkpointSigner, onFatal: (error) => assert.fail(String(error)) });
  let store = open();
  let count = 0;
  let steps = 0;
  try {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 30 }), async (acts) => {
      clock.advance(86_400_000);
      const model = new Map<JobId, { day: string; reserved: number; settled: number }>();
      // What was asked for together is committed together: the queue decides the order, not the asking.
      let together: Promise<unknown>[] = [];
      for (const { act, micros, which } of acts) {
        steps += 1;
        const day = dayOf(new Date(clock.now()).toISOString());
        const ended = [...model].filter(([, line]) => line.reserved > 0)[which % Math.max(1, model.size)];
        if (act === 'reserve') {
          count += 1;
          const id: JobId = `job_${String(count).padStart(20, '0')}`;
          together.push(store.commit(async (tx) => {
            if (reserveRefusal(xts(micros), limits, await tx.dayTotals(day, 'XTS'), false)) return;
            await tx.reserve(id, day, xts(micros));
            model.set(id, { day, reserved: micros, settled: 0 });
          }));
        } else if ((act === 'settle' || act === 'release') && ended) {
          const [id, line] = ended;
          const charged = act === 'settle' ? line.reserved : 0;
          model.set(id, { ...line, reserved: 0, settled: charged });
          together.push(store.commit((tx) => tx.settle(id, xts(charged))));
        } else if (act === 'crash' || act === 'midnight') {
          await Promise.all(together);
          together = [];
          if (act === 'midnight') clock.advance(86_400_000);
          else {
            await store.close();
            store = open();
          }
        }
        if (together.length > 4) await Promise.all(together.splice(0));
      }
      await Promise.all(together);
      const byDay = Map.groupBy(model.values(), (line) => line.day);
      for (const [day, lines] of byDay) {
        const expected = { reserved: lines.reduce((sum, line) => sum + line.reserved, 0), settled: lines.reduce((sum, line) => sum + line.settled, 0) };
        const totals = await store.view.dayTotals(day, 'XTS');
        assert.deepEqual(totals, expected);
        assert.ok(totals.reserved + totals.settled <= limits.day, JSON.stringify(totals));
      }
    }), { numRuns: 300 });
    assert.ok(steps >= 6000, String(steps));
    await assert.rejects(store.commit((tx) => tx.settle('job_00000000000000000000', xts(1))), /no reservation/);
    await assert.rejects(store.commit((tx) => tx.settle('job_00000000000000000001', { currency: 'EUR', micros: 1 })), /no reservation/);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
});

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
        const totals = await r.store.view.dayTotals('2026-11-23', 'XTS');
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
      assert.deepEqual(await r.store.view.dayTotals('2026-11-23', 'XTS'), { reserved, settled });
      assert.deepEqual((await r.store.verify()).problems, []);
      assert.equal(new Set(r.qpu.submits).size, r.qpu.submits.length, 'each key reaches the device once');
    } finally {
      r.close();
    }
  }), { numRuns: 15 });
});
