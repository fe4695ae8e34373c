// Budget arithmetic: reserved plus settled never exceeds a limit by the broker's own act (invariant 4).
import type { BudgetView, Money, Reason } from '@dewar/protocol';
import { formatMoney } from '@dewar/protocol';
import type { BudgetLimits, DayTotals } from './ports.ts';

/** The UTC day of a timestamp, YYYY-MM-DD. */
export function dayOf(timestamp: string): string {
  return timestamp.slice(0, 10);
}

/** Why this amount may not be reserved now, or null. */
export function reserveRefusal(amount: Money, limits: BudgetLimits, totals: DayTotals, frozen: boolean): Reason | null {
  const deny = (rule: string, message: string, fix: string): Reason => ({ rule, effect: 'deny', message, fix });
  if (frozen) return deny('budget.frozen', 'the budget is frozen after a bill above its reservation', 'a person looks at `dewar budget` and the journal');
  if (amount.currency !== limits.currency) return deny('budget.currency', `the price is in ${amount.currency}, the budget in ${limits.currency}`, `use a backend priced in ${limits.currency}`);
  if (amount.micros > limits.job) return deny('budget.job', `${formatMoney(amount)} is above the job budget`, `at most ${formatMoney({ currency: limits.currency, micros: limits.job })} a job`);
  const left = limits.day - totals.reserved - totals.settled;
  if (amount.micros > left) {
    return deny('budget.day', `${formatMoney(amount)} is above what is left today`, `at most ${formatMoney({ currency: limits.currency, micros: Math.max(left, 0) })} until 00:00 UTC`);
  }
  return null;
}

export function budgetView(day: string, limits: BudgetLimits, totals: DayTotals, frozen: boolean): BudgetView {
  const money = (micros: number): Money => ({ currency: limits.currency, micros });
  return {
    currency: limits.currency, day, frozen,
    job_limit: money(limits.job), day_limit: money(limits.day),
    day_reserved: money(totals.reserved), day_settled: money(totals.settled),
    day_remaining: money(Math.max(limits.day - totals.reserved - totals.settled, 0)),
  };
}
