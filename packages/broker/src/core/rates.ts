// Money of one currency in another, by a dated rate and never less than it is; without one, not at all.
import { practiceCurrency, type Money } from '@dewar/protocol';
import { divideUp, formatPicos, oneUnit } from './picos.ts';

/** One unit of `from` is `rate` units of `to`. */
export interface Rate {
  readonly from: string;
  readonly to: string;
  /** In picos, above zero. */
  readonly rate: bigint;
  /** YYYY-MM-DD. */
  readonly dated: string;
  readonly source: string;
}

export interface Converted {
  readonly amount: Money;
  /** As it is listed, also where it was used the other way round; null where the currency stays. */
  readonly rate: Rate | null;
}

/** Days after which a rate counts as none. */
const rateLasts = 31;
const dayMs = 86_400_000;

/**
 * Rounded up to a millionth. Goes by the newest rate of the two currencies, listed either way round; never over a third one.
 * Null without a rate of the last 31 days, for practice money, which is worth nothing else, and for a sum too large to be exact.
 * @param today YYYY-MM-DD, UTC
 */
export function convert(amount: Money, to: string, rates: readonly Rate[], today: string): Converted | null {
  if (amount.currency === to) return { amount, rate: null };
  if (amount.currency === practiceCurrency || to === practiceCurrency) return null;
  const rate = newest(between(amount.currency, to, rates).filter(({ dated }) => counts(dated, today)));
  if (rate === undefined) return null;
  const micros = rate.from === amount.currency ? divideUp(BigInt(amount.micros) * rate.rate, oneUnit) : divideUp(BigInt(amount.micros) * oneUnit, rate.rate);
  return micros > BigInt(Number.MAX_SAFE_INTEGER) ? null : { amount: { currency: to, micros: Number(micros) }, rate };
}

/** `1 EUR = 1.0812 USD (2026-11-01)`. */
export function rateText({ from, to, rate, dated }: Rate): string {
  return `1 ${from} = ${formatPicos(rate)} ${to} (${dated})`;
}

function between(one: string, other: string, rates: readonly Rate[]): readonly Rate[] {
  return rates.filter(({ from, to }) => (from === one && to === other) || (from === other && to === one));
}

function newest(rates: readonly Rate[]): Rate | undefined {
  return rates.reduce<Rate | undefined>((best, rate) => (best === undefined || rate.dated > best.dated ? rate : best), undefined);
}

/** A day ahead is a time zone's; more is a slip. */
function counts(dated: string, today: string): boolean {
  const days = (Date.parse(today) - Date.parse(dated)) / dayMs;
  return days >= -1 && days <= rateLasts;
}
