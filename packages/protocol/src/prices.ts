// What devices charge, and what a program would cost on each: the answers, and their checks.
import { z } from 'zod';
import { digestSchema, type Digest } from './digest.ts';
import type { ProgramFacts } from './facts.ts';
import { moneySchema, type Money } from './money.ts';
import { programFactsSchema } from './policy-input.ts';

/** A line of the price list. */
export interface PriceView {
  readonly device: string;
  readonly provider: string | null;
  readonly program: 'openqasm' | 'analog';
  /** In words; `not priced per job: …` for a plan. */
  readonly price: string;
  readonly currency: string | null;
  /** YYYY-MM-DD, as is `valid_until`, the last day on which it counts. */
  readonly dated: string;
  readonly valid_until: string | null;
  /** Where to look it up. */
  readonly source: string;
  readonly note: string | null;
  /** From the catalogue that comes with the broker, not from prices.json. */
  readonly shipped: boolean;
  /** Names under which jobs reach the device; none where it is not configured. */
  readonly backends: readonly string[];
  readonly age_days: number;
  /** Older than 90 days, or past its last day: to be looked up again. */
  readonly outdated: boolean;
  /** Past its last day: it prices nothing any more. */
  readonly lapsed: boolean;
}

/** What a program would cost on one device, at most. */
export interface DeviceQuote {
  readonly device: string;
  readonly provider: string | null;
  readonly configured: boolean;
  /** Names under which jobs reach the device; none where it is not configured. */
  readonly backends: readonly string[];
  readonly free: boolean;
  /** Null where it is free, and where it has no price. */
  readonly amount: Money | null;
  /** The amount in the currency of the budget, where there is a dated rate; `rate` is that rate in words. */
  readonly converted: { readonly amount: Money; readonly rate: string } | null;
  readonly basis: string | null;
  readonly dated: string | null;
  readonly source: string | null;
  readonly note: string | null;
  readonly age_days: number | null;
  readonly outdated: boolean;
  /** Why it cannot be priced, or cannot run there; null where it can. */
  readonly why_not: string | null;
}

export interface QuotesAnswer {
  readonly digest: Digest;
  readonly shots: number;
  readonly points: number;
  readonly time_limit_s: number;
  readonly facts: ProgramFacts;
  /** Free first, then the cheapest in the currency of the budget, then the other currencies, then what cannot be. */
  readonly quotes: readonly DeviceQuote[];
}

const text = z.string();
const names = z.array(text);
const count = z.int().nonnegative();

const price: z.ZodType<PriceView> = z.object({
  device: text, provider: text.nullable(), program: z.enum(['openqasm', 'analog']), price: text, currency: text.nullable(), dated: text, valid_until: text.nullable(), source: text, note: text.nullable(),
  shipped: z.boolean(), backends: names, age_days: count, outdated: z.boolean(), lapsed: z.boolean(),
});
export const pricesAnswer: z.ZodType<{ prices: PriceView[] }> = z.object({ prices: z.array(price) });

const deviceQuote: z.ZodType<DeviceQuote> = z.object({
  device: text, provider: text.nullable(), configured: z.boolean(), backends: names, free: z.boolean(), amount: moneySchema.nullable(), converted: z.object({ amount: moneySchema, rate: text }).nullable(),
  basis: text.nullable(), dated: text.nullable(), source: text.nullable(), note: text.nullable(), age_days: count.nullable(), outdated: z.boolean(), why_not: text.nullable(),
});
export const quotesAnswer: z.ZodType<QuotesAnswer> = z.object({
  digest: digestSchema, shots: count, points: count, time_limit_s: count, facts: programFactsSchema, quotes: z.array(deviceQuote),
});
