// Decimal numerals compared by value, so that no number changes between its source text and the double that carries it.

/** The value is 0.`digits` × 10^`exponent`; no zero leads or ends `digits`, and zero is `''` with exponent 0. */
export interface Decimal {
  readonly negative: boolean;
  readonly digits: string;
  /** Exact below 2^53; beyond, a double as near as it gets, which no finite double's own decimal reaches. */
  readonly exponent: number;
}

/** Reads a numeral with optional sign, fraction and exponent (leading zeros allowed); undefined when it is none. Linear in the text. */
export function decimalOf(text: string): Decimal | undefined {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const all = whole + fraction;
  // Loops, because /0+$/ is quadratic on a long run of zeros that does not end the text.
  let start = 0;
  while (all[start] === '0') start += 1;
  let end = all.length;
  while (end > start && all[end - 1] === '0') end -= 1;
  const digits = all.slice(start, end);
  return { negative: sign === '-', digits, exponent: digits === '' ? 0 : Number(exponent) + whole.length - start };
}

/** True when the numeral and the shortest decimal of its double (ECMA-262 Number::toString, RFC 8785 §3.2.2.3) are the same value; false for -0. */
export function isExactNumber(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value) || Object.is(value, -0)) return false;
  const source = decimalOf(text);
  const kept = decimalOf(String(value));
  return source !== undefined && kept !== undefined && source.negative === kept.negative && source.digits === kept.digits && source.exponent === kept.exponent;
}
