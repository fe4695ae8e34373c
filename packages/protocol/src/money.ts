// Money: whole millionths of one currency unit, so that no sum ever rounds.
import { z } from 'zod';
import { DewarError, shown } from './error.ts';

/** ISO 4217 code; practice money, which buys nothing, is `XTS` (the code ISO reserves for testing). */
export type Currency = string;

export interface Money {
  readonly currency: Currency;
  /** Millionths of a unit: a safe, non-negative integer. */
  readonly micros: number;
}

const micros = z.number().int().nonnegative();
export const moneySchema: z.ZodType<Money> = z.strictObject({ currency: z.string().regex(/^[A-Z]{3}$/), micros });

export const practiceCurrency: Currency = 'XTS';

/**
 * Millionths from a decimal as written (`5.00`, `0.0009`, `1e-3`), rounded up to the next millionth.
 * Throws `money_invalid` when it is negative, not a decimal, or above Number.MAX_SAFE_INTEGER millionths.
 */
export function microsFrom(decimal: string): number {
  const match = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(decimal);
  if (!match) throw invalid(decimal, 'a non-negative decimal such as 5.00');
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  const shift = Number(exponent) - fraction.length + 6;
  if (digits.length + Math.max(shift, 0) > 400) throw invalid(decimal, 'an amount below 9007199254.740991');
  const value = shift >= 0 ? BigInt(digits) * 10n ** BigInt(shift) : divideUp(BigInt(digits), 10n ** BigInt(-shift));
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(decimal, 'an amount below 9007199254.740991');
  return Number(value);
}

function divideUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

function invalid(decimal: string, allowed: string): DewarError {
  return new DewarError({ code: 'money_invalid', message: 'not an amount of money', got: shown(decimal), allowed });
}

/** `1.2216 XTS`: exact, at least two decimals. */
export function formatMoney(money: Money): string {
  return `${formatMicros(money.micros)} ${money.currency}`;
}

export function formatMicros(value: number): string {
  const text = String(value).padStart(7, '0');
  const fraction = text.slice(-6).replace(/0{1,4}$/, '');
  return `${text.slice(0, -6)}.${fraction}`;
}
