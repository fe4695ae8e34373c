// Money: whole millionths of one currency unit, so that no sum ever rounds.
import { z } from 'zod';
import { decimalOf } from './decimal.ts';
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
  const read = decimalOf(decimal);
  if (!read || read.negative) throw invalid(decimal, 'a non-negative decimal such as 5.00');
  if (read.digits === '') return 0;
  const point = read.exponent + 6;
  if (point <= 0) return 1;
  if (point > 16) throw tooMuch(decimal);
  const whole = Number(read.digits.slice(0, point).padEnd(point, '0'));
  const value = read.digits.length > point ? whole + 1 : whole;
  if (!Number.isSafeInteger(value)) throw tooMuch(decimal);
  return value;
}

function tooMuch(decimal: string): DewarError {
  return invalid(decimal, `an amount up to ${formatMicros(Number.MAX_SAFE_INTEGER)}`);
}

function invalid(decimal: string, allowed: string): DewarError {
  return new DewarError({ code: 'money_invalid', message: 'not an amount of money', got: shown(decimal), allowed, fix: `write ${allowed}` });
}

/** `1.2216 XTS`: exact, at least two decimals. */
export function formatMoney(money: Money): string {
  return `${formatMicros(money.micros)} ${money.currency}`;
}

/** A negative figure, such as a budget after an overrun, keeps its sign. */
export function formatMicros(value: number): string {
  const text = String(Math.abs(value)).padStart(7, '0');
  const fraction = text.slice(-6).replace(/0{1,4}$/, '');
  return `${value < 0 ? '-' : ''}${text.slice(0, -6)}.${fraction}`;
}
