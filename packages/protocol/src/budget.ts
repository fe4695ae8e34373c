// Budgets: who they are of, over what time, and what is left of them.
import { z } from 'zod';
import { DewarError, shown } from './error.ts';
import { formatMoney, practiceCurrency, type Money } from './money.ts';

/** Whose jobs count: everybody's, those of one user, project or session, or those on one device. */
export const budgetScopes = ['all', 'user', 'project', 'session', 'backend'] as const;
export type BudgetScope = (typeof budgetScopes)[number];

/** Over what time: one job, a UTC day, a UTC month, or for good. */
export const budgetPeriods = ['job', 'day', 'month', 'total'] as const;
export type BudgetPeriod = (typeof budgetPeriods)[number];

/** Which budget: there is one of each scope, name, period and currency, such as `project:alpha/month/EUR`. */
export interface BudgetKey {
  readonly scope: BudgetScope;
  /** Null for `all`. */
  readonly name: string | null;
  readonly per: BudgetPeriod;
  readonly currency: string;
}

/** Percent of the limit at which a warning is journaled. */
export const defaultWarnings: readonly number[] = [50, 80, 95];

/** What may still be spent of one budget. */
export interface BudgetView extends BudgetKey {
  readonly id: string;
  readonly limit: Money;
  /** The day (YYYY-MM-DD) or month (YYYY-MM) the figures are of; `total`, or `job`. */
  readonly period: string;
  /** In the budget's currency; null while money in another one was spent and no rate converts it. */
  readonly reserved: Money | null;
  readonly settled: Money | null;
  /** Limit less reserved and settled, in millionths; less than nothing after an overrun. */
  readonly remaining_micros: number | null;
  /** After an overrun: nothing is reserved until a person has looked. */
  readonly frozen: boolean;
  /** Percent of the limit at which it warns. */
  readonly warn_at: readonly number[];
  /** The highest of `warn_at` that is reached; null for none. */
  readonly warned: number | null;
}

/** A budget that a job counts in, with what the job needs of it: null where no rate converts its price. */
export interface NeededBudget extends BudgetView {
  readonly needs: Money | null;
}

/** Priced jobs that were refused in one month, which so were not paid. */
export interface Prevented {
  /** YYYY-MM, UTC. */
  readonly month: string;
  readonly jobs: number;
  /** One a currency. */
  readonly amounts: readonly Money[];
}

/** A change of a budget, as the journal tells it. */
export interface BudgetChange {
  readonly at: string;
  readonly id: string;
  readonly what: 'set' | 'removed' | 'warned' | 'overrun' | 'thawed';
  readonly text: string;
}

const scopeName = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/);
const currency = z.string().regex(/^[A-Z]{3}$/);
const percents = z.array(z.int().min(1).max(100)).max(10);

export const budgetKeySchema: z.ZodType<BudgetKey> = z.strictObject({ scope: z.enum(budgetScopes), name: scopeName.nullable(), per: z.enum(budgetPeriods), currency })
  .refine(({ scope, name }) => (scope === 'all') === (name === null), 'a name for every scope but all');

export const budgetWarningsSchema: z.ZodType<readonly number[]> = percents;

export function budgetId({ scope, name, per, currency: of }: BudgetKey): string {
  return `${scope}${name === null ? '' : `:${name}`}/${per}/${of}`;
}

/** Throws `budget_invalid`. */
export function budgetKeyOf(id: string): BudgetKey {
  const [, scope, name, per, of] = /^([a-z]+)(?::([^/]+))?\/([a-z]+)\/([A-Z]{3})$/.exec(id) ?? [];
  const parsed = budgetKeySchema.safeParse({ scope, name: name ?? null, per, currency: of });
  if (parsed.success) return parsed.data;
  throw new DewarError({
    code: 'budget_invalid', message: 'not a budget', got: shown(id), allowed: `SCOPE/PER/CURRENCY, such as all/day/XTS or project:alpha/month/EUR; scopes ${budgetScopes.join(', ')}; per ${budgetPeriods.join(', ')}`,
    fix: 'dewar budget show lists those that are set',
  });
}

/** Practice money and real money never meet: a budget counts jobs of its own kind. */
export function sameKindOfMoney(a: string, b: string): boolean {
  return (a === practiceCurrency) === (b === practiceCurrency);
}

/** `41.20 XTS of 50.00 XTS`, as in a warning. */
export function usedText(used: number, limit: Money): string {
  return `${formatMoney({ ...limit, micros: used })} of ${formatMoney(limit)}`;
}
