// Budgets as a person keeps them: set, removed, looked at, thawed; each change is in the journal.
import { budgetId, defaultWarnings, DewarError, formatMicros, type BudgetChange, type BudgetKey, type BudgetView, type NeededBudget, type Prevented } from '@dewar/protocol';
import { accountsOf, budgetOf, budgetView, dayOf, neededView, payerOf, standingsOf, type Budget } from './budget.ts';
import type { Resolved, SessionRef } from './job.ts';
import type { CorridorParts } from './parts.ts';
import type { StoredSession, Transaction } from './ports.ts';
import { standingsFor } from './recheck.ts';

/** Budgets that one broker keeps: each is read at each priced decision. */
const most = 1000;

export interface BudgetWanted {
  readonly key: BudgetKey;
  readonly limit_micros: number;
  readonly warn_at?: readonly number[];
}

type Parts = Pick<CorridorParts, 'store' | 'clock' | 'owner' | 'exchangeOn'>;

export class Budgets {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The budgets of a home that never had any. What was removed since is not set again. */
  async begin(first: readonly BudgetWanted[]): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      if ((await tx.setting('budgets')) !== null) return;
      const frozen = await tx.flag('budget_frozen');
      if (frozen) {
        await tx.setFlag('budget_frozen', false);
        await tx.append({ type: 'budget.thawed', body: { summary: 'the brake of the one budget became those of its parts' } });
      }
      for (const wanted of first) await put(tx, { ...budgetOf(wanted.key, wanted.limit_micros, wanted.warn_at ?? defaultWarnings), frozen }, 'at the first start');
    });
  }

  /** Sets a budget, or changes its limit. One that is frozen stays so: `thaw` is another decision. */
  async set({ key, limit_micros, warn_at }: BudgetWanted): Promise<BudgetView> {
    return this.#parts.store.commit(async (tx) => {
      const all = await tx.budgets();
      const before = all.find(({ id }) => id === budgetId(key));
      if (before === undefined && all.length >= most) throw new DewarError({ code: 'budget_invalid', message: 'too many budgets', allowed: `at most ${most}`, fix: 'remove some: dewar budget remove ID' });
      const budget = budgetOf(key, limit_micros, warn_at ?? before?.warn_at ?? defaultWarnings, before?.frozen ?? false);
      await put(tx, budget, before === undefined ? 'by a person' : `by a person, ${formatMicros(before.limit_micros)} before`);
      return this.#one(tx, budget);
    });
  }

  async remove(id: string): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      const budget = (await tx.budgets()).find((each) => each.id === id);
      if (budget === undefined) throw unknownBudget(id);
      await tx.removeBudget(id);
      await tx.append({ type: 'budget.removed', body: { summary: `budget ${id} removed by a person, ${formatMicros(budget.limit_micros)} before`, budget: id } });
    });
  }

  /** After an overrun a person has looked: money may be reserved again. @param ids null for all; answers which were frozen */
  async thaw(ids: readonly string[] | null, why: string): Promise<readonly string[]> {
    return this.#parts.store.commit(async (tx) => {
      const all = await tx.budgets();
      const missing = ids?.find((id) => !all.some((budget) => budget.id === id));
      if (missing !== undefined) throw unknownBudget(missing);
      const frozen = all.filter((budget) => budget.frozen && (ids === null || ids.includes(budget.id)));
      if (frozen.length === 0) return [];
      for (const budget of frozen) await tx.putBudget({ ...budget, frozen: false });
      const budgets = frozen.map(({ id }) => id);
      await tx.append({ type: 'budget.thawed', body: { summary: why, budgets } });
      return budgets;
    });
  }

  /** All of them; for a session those that its jobs may count in, on whatever device. */
  async show(session: StoredSession | null): Promise<readonly BudgetView[]> {
    const { store, owner } = this.#parts;
    const all = await store.view.budgets();
    if (session === null) return this.#standing(all);
    const accounts = accountsOf(payerOf(session, '', owner)).map(([scope, name]) => `${scope} ${name}`);
    return this.#standing(all.filter(({ scope, name }) => scope === 'backend' || accounts.includes(`${scope} ${name ?? ''}`)));
  }

  /** Those that a job of this session, device and price counts in; none for a free one. */
  async needed(job: Pick<Resolved, 'device' | 'amount'>, session: SessionRef): Promise<readonly NeededBudget[]> {
    const { store, clock, exchangeOn } = this.#parts;
    const { amount } = job;
    if (amount === null) return [];
    const day = dayOf(new Date(clock.now()).toISOString());
    const exchange = exchangeOn(day);
    return (await standingsFor(this.#parts, job, session, store.view, day)).map((standing) => neededView(standing, amount, exchange));
  }

  /** Of this month. A session is not told of others' jobs. */
  async prevented(): Promise<Prevented> {
    return this.#parts.store.view.prevented(dayOf(new Date(this.#parts.clock.now()).toISOString()).slice(0, 7));
  }

  async history(limit: number): Promise<readonly BudgetChange[]> {
    return this.#parts.store.view.budgetChanges(limit);
  }

  async #one(tx: Transaction, budget: Budget): Promise<BudgetView> {
    const day = dayOf(new Date(this.#parts.clock.now()).toISOString());
    const [standing] = await standingsOf([budget], day, this.#parts.exchangeOn(day), tx);
    if (standing === undefined) throw new TypeError('a budget stands somewhere');
    return budgetView(standing);
  }

  async #standing(budgets: readonly Budget[]): Promise<readonly BudgetView[]> {
    const day = dayOf(new Date(this.#parts.clock.now()).toISOString());
    return (await standingsOf(budgets, day, this.#parts.exchangeOn(day), this.#parts.store.view)).map(budgetView);
  }
}

async function put(tx: Transaction, budget: Budget, how: string): Promise<void> {
  await tx.putBudget(budget);
  await tx.setSetting('budgets', 'set');
  await tx.append({ type: 'budget.set', body: { summary: `budget ${budget.id} set to ${formatMicros(budget.limit_micros)} ${budget.currency} ${how}`, budget: { ...budget, warn_at: [...budget.warn_at] } } });
}

function unknownBudget(id: string): DewarError {
  return new DewarError({ code: 'not_found', message: 'no such budget', got: id, fix: '`dewar budget show` lists them' });
}
