// Money, whatever order things come in and wherever it stops: the arithmetic a hundred thousand times, and the real store.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { budgetKeyOf, type JobId, type Money } from '@dewar/protocol';
import { sumsOf } from '../src/adapters/sqlite/ledger.ts';
import { SqliteStore } from '../src/adapters/sqlite/store.ts';
import { accountsOf, budgetOf, budgetsFor, dayOf, periodOf, remainingOf, reserveRefusal, standingsOf, type Books, type Budget, type Exchange, type Payer } from '../src/core/budget.ts';
import { checkpointSigner, sameCurrency, sha256, TestClock } from './fixture.ts';

const xts = (micros: number): Money => ({ currency: 'XTS', micros });
const set = (id: string, limit: number): Budget => budgetOf(budgetKeyOf(id), limit, []);

interface Line { readonly day: string; readonly currency: string; readonly reserved: number; readonly settled: number; readonly payer: Payer }

const payers: readonly Payer[] = [
  { user: 'ada', project: 'alpha', session: 'one', backend: 'qpu-a' }, { user: 'ada', project: 'beta', session: 'two', backend: 'qpu-b' },
  { user: 'bob', project: 'alpha', session: 'three', backend: 'qpu-a' }, { user: 'bob', project: null, session: 'four', backend: 'qpu-b' },
];
const currencies = ['EUR', 'USD', 'XTS'];
const hierarchy: readonly string[] = ['all/day/EUR', 'all/month/USD', 'project:alpha/month/EUR', 'user:ada/day/USD', 'session:one/total/EUR', 'backend:qpu-a/job/EUR', 'all/day/XTS', 'project:alpha/total/XTS'];

/** Small and seeded: a hundred thousand runs have no time for more, and a failure names its seed. */
function dice(seed: number): (sides: number) => number {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return (sides) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % sides;
  };
}

/** The arithmetic alone, on books that keep running sums as the store does. */
async function interleave(seed: number): Promise<{ readonly taken: number; readonly refused: number }> {
  const roll = dice(seed);
  let dollars = 80 + roll(40);
  const exchange: Exchange = (amount, to) => {
    if (amount.currency === to) return amount;
    if (amount.currency === 'XTS' || to === 'XTS' || dollars === 0) return null;
    return { currency: to, micros: to === 'EUR' ? Math.ceil((amount.micros * dollars) / 100) : Math.ceil((amount.micros * 100) / dollars) };
  };
  let budgets = hierarchy.map((id) => set(id, 5 + roll(40)));
  const lines: Line[] = [];
  // Kept line by line, as the store keeps its table; compared with the lines at the end.
  const sums = new Map<string, Map<string, { currency: string; reserved: number; settled: number }>>();
  const add = ({ day, currency, payer: who }: Line, reserved: number, settled: number): void => {
    for (const [scope, name] of accountsOf(who)) {
      for (const period of [day, day.slice(0, 7), 'total']) {
        const key = `${scope}/${name}/${period}`;
        const found = sums.get(key) ?? new Map<string, { currency: string; reserved: number; settled: number }>();
        const before = found.get(currency) ?? { currency, reserved: 0, settled: 0 };
        found.set(currency, { currency, reserved: before.reserved + reserved, settled: before.settled + settled });
        sums.set(key, found);
      }
    }
  };
  const books: Books = { spent: async (scope, name, period) => [...(sums.get(`${scope}/${name}/${period}`)?.values() ?? [])] };
  const end = (at: number, line: Line, settled: number): void => {
    lines[at] = { ...line, reserved: 0, settled };
    add(line, -line.reserved, settled);
  };
  let today = 26;
  let taken = 0;
  let refused = 0;
  for (let step = 0; step < 8; step += 1) {
    const now = `2026-11-${today}`;
    const act = roll(10);
    const open = lines.findIndex(({ reserved }) => reserved > 0);
    const line = lines[open];
    if (act < 5) {
      const who = payers[roll(payers.length)] ?? assert.fail();
      const amount = { currency: currencies[roll(3)] ?? 'EUR', micros: 1 + roll(15) };
      const matching = budgetsFor(budgets, who, amount.currency);
      if (reserveRefusal(amount, await standingsOf(matching, now, exchange, books), exchange) !== null) {
        refused += 1;
        continue;
      }
      taken += 1;
      const made = { day: now, currency: amount.currency, reserved: amount.micros, settled: 0, payer: who };
      lines.push(made);
      add(made, amount.micros, 0);
      for (const after of await standingsOf(matching, now, exchange, books)) {
        assert.ok(!after.budget.frozen && (remainingOf(after) ?? -1) >= 0, `seed ${seed}, step ${step}: ${after.budget.id} exceeded by the broker`);
        if (after.budget.per === 'job') assert.ok((exchange(amount, after.budget.currency)?.micros ?? Infinity) <= after.budget.limit_micros, `seed ${seed}: ${after.budget.id}`);
      }
    } else if (act === 5 && line) end(open, line, line.reserved);
    else if (act === 6 && line) end(open, line, 0);
    else if (act === 7 && line) {
      end(open, line, line.reserved + 1 + roll(20));
      const overrun = new Set(budgetsFor(budgets, line.payer, line.currency).map(({ id }) => id));
      budgets = budgets.map((budget) => (overrun.has(budget.id) ? { ...budget, frozen: true } : budget));
    } else if (act === 8) dollars = roll(4) === 0 ? 0 : 80 + roll(40);
    else if (act === 9) {
      if (roll(2) === 0) today = Math.min(today + 1, 30);
      else budgets = budgets.map((budget) => ({ ...budget, frozen: false, limit_micros: Math.max(0, budget.limit_micros + roll(11) - 5) }));
    }
  }
  for (const [key, { reserved, settled }] of sumsOf(lines)) {
    const at = key.lastIndexOf('/');
    assert.deepEqual(sums.get(key.slice(0, at))?.get(key.slice(at + 1)), { currency: key.slice(at + 1), reserved, settled }, `seed ${seed}: ${key}`);
  }
  return { taken, refused };
}

test('100,000 random interleavings of reservations, ends, overruns, rates, days and limits: no budget is exceeded by the broker', async () => {
  let taken = 0;
  let refused = 0;
  for (let seed = 1; seed <= 100_000; seed += 1) {
    const ended = await interleave(seed);
    taken += ended.taken;
    refused += ended.refused;
  }
  assert.ok(taken > 100_000 && refused > 50_000, `${taken} taken, ${refused} refused`);
});

type Step = { readonly act: 'reserve' | 'settle' | 'release' | 'overrun' | 'crash' | 'midnight'; readonly micros: number; readonly which: number };
const step: fc.Arbitrary<Step> = fc.record({ act: fc.constantFrom('reserve', 'reserve', 'reserve', 'settle', 'release', 'overrun', 'crash', 'midnight'), micros: fc.integer({ min: 1, max: 12 }), which: fc.nat(30) });

test('300 random interleavings of reservations, ends and crashes on the real store: no budget is passed, and the sums are those of the ledger', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-budget-'));
  const clock = new TestClock();
  const random = { bytes: (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count)) };
  const open = (): SqliteStore => new SqliteStore({ file: join(folder, 'journal.db'), clock, random, sha256, signer: checkpointSigner, onFatal: (error) => assert.fail(String(error)) });
  const budgets = [set('all/day/XTS', 30), set('project:alpha/day/XTS', 20), set('session:one/day/XTS', 12)];
  let store = open();
  let count = 0;
  let steps = 0;
  const all = new Map<JobId, Line>();
  try {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 30 }), async (acts) => {
      clock.advance(86_400_000);
      const model = new Map<JobId, Line>();
      // What was asked for together is committed together: the queue decides the order, not the asking.
      let together: Promise<unknown>[] = [];
      for (const { act, micros, which } of acts) {
        steps += 1;
        const today = dayOf(new Date(clock.now()).toISOString());
        const ended = [...model].filter(([, line]) => line.reserved > 0)[which % Math.max(1, model.size)];
        if (act === 'reserve') {
          count += 1;
          const id: JobId = `job_${String(count).padStart(20, '0')}`;
          const who = payers[which % payers.length] ?? assert.fail();
          together.push(store.commit(async (tx) => {
            const standings = await standingsOf(budgetsFor(budgets, who, 'XTS'), today, sameCurrency, tx);
            if (reserveRefusal(xts(micros), standings, sameCurrency)) return;
            await tx.reserve(id, { day: today, amount: xts(micros), payer: who });
            model.set(id, { day: today, currency: 'XTS', reserved: micros, settled: 0, payer: who });
            for (const after of await standingsOf(budgetsFor(budgets, who, 'XTS'), today, sameCurrency, tx)) assert.ok((remainingOf(after) ?? -1) >= 0, after.budget.id);
          }));
        } else if ((act === 'settle' || act === 'release' || act === 'overrun') && ended) {
          const [id, line] = ended;
          const charged = act === 'settle' ? line.reserved : act === 'release' ? 0 : line.reserved + micros;
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
      for (const [id, line] of model) all.set(id, line);
      const expected = sumsOf(all.values());
      for (const { day: on, payer: who } of model.values()) {
        for (const [scope, name] of accountsOf(who)) {
          for (const per of ['day', 'month', 'total'] as const) {
            const period = periodOf(per, on);
            assert.deepEqual(await store.view.spent(scope, name, period), [{ currency: 'XTS', ...expected.get(`${scope}/${name}/${period}/XTS`) }]);
          }
        }
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
