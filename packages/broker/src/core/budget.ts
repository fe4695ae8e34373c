// Budget arithmetic: reserved plus settled never exceeds a limit by the broker's own act (invariant 4).
import { budgetId, formatMicros, formatMoney, sameKindOfMoney, usedText, type BudgetKey, type BudgetView, type Money, type NeededBudget, type Reason } from '@dewar/protocol';
import type { EventDraft, SessionRef } from './job.ts';

/** A budget as it is kept. */
export interface Budget extends BudgetKey {
  readonly id: string;
  readonly limit_micros: number;
  readonly warn_at: readonly number[];
  readonly frozen: boolean;
}

/** Who pays for a job: what decides which budgets it counts in. */
export interface Payer {
  /** Null for money of before sessions had one. */
  readonly user: string | null;
  readonly project: string | null;
  readonly session: string;
  /** The device's own name. */
  readonly backend: string;
}

/** What was reserved and settled in one currency, in millionths. */
export interface Spent {
  readonly currency: string;
  readonly reserved: number;
  readonly settled: number;
}

/** Another currency's worth of an amount, rounded up; null without a rate of today. */
export type Exchange = (amount: Money, to: string) => Money | null;

/** What this very job has reserved, which is not in its own way. */
export interface Own {
  readonly amount: Money;
  /** The UTC day it was reserved on. */
  readonly day: string;
}

/** The UTC day of a timestamp, YYYY-MM-DD. */
export function dayOf(timestamp: string): string {
  return timestamp.slice(0, 10);
}

/** The period of a budget that a day falls in, as the ledger names it. */
export function periodOf(per: BudgetKey['per'], day: string): string {
  return per === 'day' ? day : per === 'month' ? day.slice(0, 7) : per;
}

/** A job made before sessions had a user is the broker's owner's. */
export function payerOf(session: SessionRef, backend: string, owner: string): Payer {
  return { user: session.user ?? owner, project: session.project ?? null, session: session.name, backend };
}

/** The names under which a payer's money is counted. */
export function accountsOf({ user, project, session, backend }: Payer): readonly (readonly [BudgetKey['scope'], string])[] {
  return [['all', ''], ...(user === null ? [] : [['user', user] as const]), ...(project === null ? [] : [['project', project] as const]), ['session', session], ['backend', backend]];
}

/** The budgets that a job of this payer counts in, if it is paid in that currency: all of them hold. */
export function budgetsFor(budgets: readonly Budget[], payer: Payer, currency: string): readonly Budget[] {
  const accounts = new Map<string, string>(accountsOf(payer));
  return budgets.filter((budget) => sameKindOfMoney(budget.currency, currency) && accounts.get(budget.scope) === (budget.name ?? ''));
}

/** A budget with what was spent of it; nulls where money of a currency without a rate was. */
export interface Standing {
  readonly budget: Budget;
  readonly period: string;
  readonly reserved: number | null;
  readonly settled: number | null;
}

/** Where sums are read. */
export interface Books {
  spent(scope: BudgetKey['scope'], name: string, period: string): Promise<readonly Spent[]>;
}

/** Each budget as of that day; money in other currencies at today's rates. */
export async function standingsOf(budgets: readonly Budget[], day: string, exchange: Exchange, view: Books): Promise<readonly Standing[]> {
  return Promise.all(budgets.map(async (budget): Promise<Standing> => {
    const period = periodOf(budget.per, day);
    if (budget.per === 'job') return { budget, period, reserved: 0, settled: 0 };
    const spent = (await view.spent(budget.scope, budget.name ?? '', period)).filter(({ currency }) => sameKindOfMoney(currency, budget.currency));
    return { budget, period, reserved: sumIn(budget.currency, spent, 'reserved', exchange), settled: sumIn(budget.currency, spent, 'settled', exchange) };
  }));
}

function sumIn(currency: string, spent: readonly Spent[], what: 'reserved' | 'settled', exchange: Exchange): number | null {
  let sum = 0;
  for (const each of spent) {
    if (each[what] === 0) continue;
    const worth = exchange({ currency: each.currency, micros: each[what] }, currency);
    if (worth === null) return null;
    sum += worth.micros;
  }
  return sum;
}

/** As if this job had reserved nothing yet. */
export function without(standings: readonly Standing[], own: Own | null, exchange: Exchange): readonly Standing[] {
  if (own === null) return standings;
  return standings.map((standing) => {
    const { budget, period, reserved } = standing;
    if (budget.per === 'job' || periodOf(budget.per, own.day) !== period || reserved === null) return standing;
    const worth = exchange(own.amount, budget.currency);
    return { ...standing, reserved: worth === null ? null : Math.max(reserved - worth.micros, 0) };
  });
}

export function remainingOf({ budget, reserved, settled }: Standing): number | null {
  return reserved === null || settled === null ? null : budget.limit_micros - reserved - settled;
}

/** Why this amount may not be reserved now, or null: every budget it counts in must hold it, and there must be one. */
export function reserveRefusal(amount: Money, standings: readonly Standing[], exchange: Exchange): Reason | null {
  const deny = (rule: string, message: string, fix: string): Reason => ({ rule, effect: 'deny', message, fix });
  if (standings.length === 0) return deny('budget.none', `no budget in ${amount.currency} covers this job`, 'a person sets one: dewar budget set');
  for (const standing of standings) {
    const { budget } = standing;
    if (budget.frozen) return deny('budget.frozen', `the budget ${budget.id} is frozen after a bill above its reservation`, 'a person looks at `dewar budget` and the journal');
    const needs = exchange(amount, budget.currency);
    const left = remainingOf(standing);
    if (needs === null || left === null) return deny('budget.currency', `no rate of today between ${amount.currency} and ${budget.currency}, the currency of the budget ${budget.id}`, `use a backend priced in ${budget.currency}, or a person adds a rate to rates.json`);
    if (needs.micros > left) {
      return deny('budget.limit', `${formatMoney(amount)} is above what is left of the budget ${budget.id}: ${formatMicros(Math.max(left, 0))} ${budget.currency}`, `at most ${formatMoney({ currency: budget.currency, micros: Math.max(left, 0) })} ${whenOf(budget.per)}`);
    }
  }
  return null;
}

function whenOf(per: BudgetKey['per']): string {
  return per === 'job' ? 'a job' : per === 'day' ? 'until 00:00 UTC' : per === 'month' ? 'until the month ends (UTC)' : 'in all';
}

/** What a reservation made of its budgets: one event for each threshold that it passed. */
export function warningsOf(amount: Money, before: readonly Standing[], exchange: Exchange): readonly EventDraft<'budget.warned'>[] {
  return before.flatMap((standing) => {
    const { budget, period, reserved, settled } = standing;
    const needs = exchange(amount, budget.currency);
    if (budget.per === 'job' || reserved === null || settled === null || needs === null) return [];
    const used = reserved + settled;
    const percent = reached(budget, used + needs.micros);
    if (percent === null || percent === reached(budget, used)) return [];
    const limit = { currency: budget.currency, micros: budget.limit_micros };
    const summary = `budget ${budget.id}, ${period}: ${percent} % is reserved or spent, ${usedText(used + needs.micros, limit)}`;
    return [{ type: 'budget.warned' as const, body: { summary, budget: budget.id, period, percent } }];
  });
}

function reached({ warn_at, limit_micros }: Budget, used: number): number | null {
  // In BigInt: a hundred times a sum of money need not be a safe integer.
  const passed = warn_at.filter((percent) => BigInt(used) * 100n >= BigInt(limit_micros) * BigInt(percent));
  return passed.length === 0 || used === 0 ? null : Math.max(...passed);
}

export function budgetView(standing: Standing): BudgetView {
  const { budget, period, reserved, settled } = standing;
  const { id, scope, name, per, currency, frozen, warn_at } = budget;
  const money = (micros: number | null): Money | null => (micros === null ? null : { currency, micros });
  return {
    id, scope, name, per, currency, frozen, warn_at, period,
    limit: { currency, micros: budget.limit_micros }, reserved: money(reserved), settled: money(settled), remaining_micros: remainingOf(standing),
    warned: per === 'job' || reserved === null || settled === null ? null : reached(budget, reserved + settled),
  };
}

export function neededView(standing: Standing, amount: Money, exchange: Exchange): NeededBudget {
  return { ...budgetView(standing), needs: exchange(amount, standing.budget.currency) };
}

/** A budget from its key and what a person set. */
export function budgetOf(key: BudgetKey, limit_micros: number, warn_at: readonly number[], frozen = false): Budget {
  return { ...key, id: budgetId(key), limit_micros, warn_at, frozen };
}
