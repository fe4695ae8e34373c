// Prices and rates exactly: a decimal of at most twelve places as whole millionths of a millionth, so that rounding happens once, at the end, and upwards.

/** Ten to the power of twelve: so many make one unit. */
export const oneUnit = 1_000_000_000_000n;
const perMicro = 1_000_000n;

/** The numeral as configuration files may write it. */
export const decimalPattern = /^\d{1,9}(\.\d{1,12})?$/;

/** Throws a RangeError for what the door has not let in. */
export function picosFrom(decimal: string): bigint {
  if (!decimalPattern.test(decimal)) throw new RangeError('not a decimal of at most twelve places');
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(12, '0'));
}

/** Exact, at least two decimals: `1.60`, `0.000975`. */
export function formatPicos(picos: bigint): string {
  const text = picos.toString().padStart(13, '0');
  return `${text.slice(0, -12)}.${text.slice(-12).replace(/0{1,10}$/, '')}`;
}

/** Millionths, rounded up. */
export function microsUp(picos: bigint): bigint {
  return divideUp(picos, perMicro);
}

/** Neither is negative, and the divisor is above zero. */
export function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
