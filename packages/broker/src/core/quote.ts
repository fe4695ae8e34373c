// The price before running, from a dated price list; what is on no list cannot be priced, and is refused.
import { DewarError, formatMicros, type DeviceView, type Money, type Quote } from '@dewar/protocol';
import type { Prices } from './ports.ts';

/** An upper bound: per-task and per-shot fees know no surprises. Throws `cannot_price`. */
export function quoteFor(device: DeviceView, shots: number, prices: Prices): Quote {
  if (prices.free.includes(device.name)) {
    if (device.kind !== 'simulator') throw unpriced(device, 'only simulators may be listed as free');
    return { kind: 'free', basis: `${device.name} runs on this machine and is on the list as free` };
  }
  const line = prices.lines.find((candidate) => candidate.device === device.name);
  if (!line) throw unpriced(device, `a line for ${device.name} in prices.json`);
  const micros = line.per_task + line.per_shot * shots;
  if (!Number.isSafeInteger(micros) || micros <= 0) throw unpriced(device, 'a price above zero and below 9007199254.740991');
  return {
    kind: 'priced', amount: { currency: prices.currency, micros }, prices_dated: prices.dated,
    basis: `${formatMicros(line.per_task)} a task + ${shots} shots × ${formatMicros(line.per_shot)}`,
  };
}

/** Null for a free run: there is nothing to reserve. */
export function amountOf(quote: Quote): Money | null {
  return quote.kind === 'priced' ? quote.amount : null;
}

export function priceText(device: DeviceView, prices: Prices): string {
  const line = prices.lines.find((candidate) => candidate.device === device.name);
  if (prices.free.includes(device.name)) return 'free';
  return line ? `${formatMicros(line.per_task)} a task + ${formatMicros(line.per_shot)} a shot ${prices.currency} (${prices.dated})` : 'no price: jobs are refused';
}

function unpriced(device: DeviceView, allowed: string): DewarError {
  return new DewarError({ code: 'cannot_price', message: `no price is known for ${device.name}`, path: '/backend', got: device.name, allowed, fix: 'add a dated, sourced line to prices.json, then start the broker again' });
}
