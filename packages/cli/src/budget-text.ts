// Budgets in words: what a yes would leave of each, as a card says it, and the table of them all.
import { formatMicros, formatMoney, practiceCurrency, type BudgetView, type EnvelopeTerms, type Money, type NeededBudget, type Prevented } from '@dewar/protocol';
import { many, moneyText } from './job-text.ts';
import { row, table, type Line, type Tone } from './line.ts';

/** A card has room for so many; those that matter most come first. */
const mostOnCard = 3;
const barColumns = 5;

interface Said {
  readonly text: string;
  readonly tone?: Tone;
}

/** What a job's yes would leave of each budget. @param price null where it is free */
export function budgetLines(budgets: readonly NeededBudget[], price: Money | null, columns: number): Line[] {
  return cardLines(budgets, price, columns, (budget, left, needs, converted) => {
    const after = left - needs.micros;
    const text = `${nameOf(budget)} ${formatMicros(left)} ${budget.currency} → ${formatMicros(after)} ${budget.currency} left${practiceLabel(budget)}, at worst${converted}`;
    return after < 0 ? { text: `${text}: a yes would be denied`, tone: 'bad' } : { text };
  });
}

/** The same of an envelope: its jobs reserve one by one, so that not all of it need fit today. */
export function envelopeBudgetLines(budgets: readonly NeededBudget[], { max_amount: most, job_amount: each }: Pick<EnvelopeTerms, 'max_amount' | 'job_amount'>, columns: number): Line[] {
  const jobs = budgets.map((budget) => (budget.per === 'job' && most !== null && each !== null ? { ...budget, needs: shareOf(budget.needs, each.micros, most.micros) } : budget));
  const lines = cardLines(jobs, most, columns, (budget, left, needs, converted) => {
    const before = `${nameOf(budget)} ${formatMicros(left)} ${budget.currency}`;
    if (needs.micros > left) return { text: `${before} left${practiceLabel(budget)}: not all of ${formatMoney(needs)} fits now${converted}`, tone: 'warn' };
    return { text: `${before} → ${formatMicros(left - needs.micros)} ${budget.currency} left${practiceLabel(budget)}, once all is used${converted}` };
  });
  return most === null || jobs.length === 0 ? lines : [...lines, ...row('', 'the yes reserves nothing: each job is reserved by itself', columns)];
}

function cardLines(budgets: readonly NeededBudget[], price: Money | null, columns: number, say: (budget: NeededBudget, left: number, needs: Money, converted: string) => Said): Line[] {
  if (price === null) return row('Budget', 'untouched: it is free', columns);
  if (budgets.length === 0) return row('Budget', `none in ${price.currency} covers it, so a yes would be denied: dewar budget set`, columns, 'bad');
  const said = budgets.toSorted((a, b) => tightness(b) - tightness(a)).slice(0, mostOnCard).map((budget): Said => {
    const { currency, remaining_micros: left, needs } = budget;
    if (budget.frozen) return { text: `${nameOf(budget)} FROZEN after a bill above its reservation, so a yes would be denied: dewar budget thaw ${budget.id}`, tone: 'bad' };
    if (needs === null || left === null) return { text: `${nameOf(budget)} has no rate of today between ${price.currency} and ${currency}, so a yes would be denied`, tone: 'bad' };
    const converted = currency === price.currency ? '' : ` (${formatMoney(needs)} at today's rate)`;
    if (budget.per !== 'job') return say(budget, left, needs, converted);
    const text = `${nameOf(budget)} ${formatMoney(needs)} of at most ${formatMoney(budget.limit)} a job${practiceLabel(budget)}${converted}`;
    return needs.micros > left ? { text: `${text}: a yes would be denied`, tone: 'bad' } : { text };
  });
  const hidden = budgets.length - said.length;
  return [
    ...said.flatMap(({ text, tone }, index) => row(index === 0 ? 'Budget' : '', text, columns, tone)),
    ...(hidden > 0 ? row('', `and ${hidden} more: dewar budget`, columns) : []),
  ];
}

/** What is not sure to hold comes first, then what would be used up most. */
function tightness({ frozen, needs, remaining_micros: left }: NeededBudget): number {
  if (frozen) return Number.MAX_VALUE;
  if (needs === null || left === null) return Number.MAX_VALUE / 2;
  return left <= 0 ? Number.MAX_VALUE / 4 : needs.micros / left;
}

/** What one job needs, from what all of them do. Rounded up; in BigInt, for a product of sums need not be a safe integer. */
function shareOf(needs: Money | null, each: number, most: number): Money | null {
  if (needs === null || most === 0) return needs;
  return { ...needs, micros: Number((BigInt(needs.micros) * BigInt(each) + BigInt(most) - 1n) / BigInt(most)) };
}

/** Without its currency, which the amount beside it has. */
function nameOf({ scope, name, per }: BudgetView): string {
  return `${scope}${name === null ? '' : `:${name}`}/${per}`;
}

function practiceLabel({ currency }: BudgetView): string {
  return currency === practiceCurrency ? ' (practice money)' : '';
}

/** A row each, with how much of it is gone. Amounts are in the currency that ends the budget's name. */
export function budgetTable(budgets: readonly BudgetView[], columns: number): Line[] {
  const figures = budgets.map(({ per, limit, reserved, settled, remaining_micros: left }) => [
    formatMicros(limit.micros), ...(per === 'job' ? ['', '', ''] : [figure(reserved && reserved.micros), figure(settled && settled.micros), figure(left)]),
  ]);
  const headings = ['limit', 'reserved', 'settled', 'left'];
  const widths = headings.map((heading, at) => Math.max(heading.length, ...figures.map((cells) => cells[at]?.length ?? 0)));
  const right = (cells: readonly string[]): string[] => cells.map((cell, at) => cell.padStart(widths[at] ?? 0));
  const [head = '', ...rows] = table(['budget', ...right(headings), 'used'], budgets.map((budget, at) => [budget.id, ...right(figures[at] ?? []), usedOf(budget)]), columns);
  const toned = rows.map((line, at): Line => {
    const { frozen, warned } = budgets[at] ?? { frozen: false, warned: null };
    if (typeof line !== 'string' || (!frozen && warned === null)) return line;
    return [{ text: line, tone: frozen ? 'bad' : 'warn' }];
  });
  const practice = budgets.some(({ currency }) => currency === practiceCurrency) ? [[{ text: `${practiceCurrency} is practice money: it buys nothing`, tone: 'faint' }] satisfies Line] : [];
  return [head, ...toned, ...practice];
}

function figure(micros: number | null): string {
  return micros === null ? '?' : formatMicros(micros);
}

function usedOf({ per, frozen, limit, remaining_micros: left, warned }: BudgetView): string {
  if (frozen) return 'FROZEN';
  if (per === 'job') return 'a job';
  if (left === null) return 'no rate of today';
  const share = limit.micros === 0 ? 1 : (limit.micros - left) / limit.micros;
  const full = Math.min(barColumns, Math.floor(share * barColumns));
  return `${'█'.repeat(full)}${'░'.repeat(barColumns - full)} ${Math.floor(share * 100)} %${warned === null ? '' : `, warned at ${warned} %`}`;
}

/** A budget by itself, after a change. */
export function oneBudgetLines(budget: BudgetView, columns: number): Line[] {
  const { id, per, limit, remaining_micros: left, currency, warn_at: warnings, frozen } = budget;
  return [
    `${id}  ${moneyText(limit)}`,
    ...(per === 'job' ? [] : row('Left', left === null ? 'unknown: no rate of today for what was spent' : `${formatMicros(left)} ${currency}`, columns, left !== null && left < 0 ? 'bad' : undefined)),
    ...(per === 'job' ? [] : row('Warns', warnings.length === 0 ? 'never' : `at ${warnings.join(', ')} %`, columns)),
    ...(frozen ? row('Frozen', `it is still frozen: dewar budget thaw ${id}`, columns, 'bad') : []),
  ];
}

export function preventedText({ month, jobs, amounts }: Prevented): string {
  return `${many(jobs, 'priced job')} denied in ${month}${amounts.length === 0 ? '' : `: ${amounts.map(moneyText).join(', ')} not spent`}`;
}

/** Those that a person should look at, in few words. */
export function troubledText(budgets: readonly BudgetView[]): readonly string[] {
  return budgets.flatMap(({ id, frozen, warned }) => (frozen ? [`${id} FROZEN: dewar budget thaw`] : warned === null ? [] : [`${id} above ${warned} %`]));
}
