// One program on every device that has a price: the cheapest first, and why where there is none.
import { DewarError, practiceCurrency, type DeviceQuote, type PriceView } from '@dewar/protocol';
import type { Backends } from './ports.ts';
import { dayAt, isOutdated, lineOf, priceAge, priceView, type PriceLine, type Prices } from './price-line.ts';
import { amountOf, priceOf, quoteFor, type Work } from './quote.ts';
import { convert, rateText } from './rates.ts';

export interface Market {
  readonly backends: Backends;
  readonly prices: Prices;
  /** Of the budget: what other amounts are compared in. */
  readonly currency: string;
}

/** Devices of the configuration, and all others of the price list. */
export function quotesFor(work: Work, market: Market, now: number): DeviceQuote[] {
  const { backends, prices } = market;
  const own = [...backends.devices.values()].map((device) => {
    const limit = device.limit(work.facts, work);
    const line = lineOf(device.view.name, prices);
    return quoted({ device: device.view.name, line: prices.free.includes(device.view.name) ? undefined : line, limit }, () => quoteFor(device.view, work, prices, now), market, now);
  });
  const others = prices.lines.filter(({ device }) => !backends.devices.has(device)).map((line) => quoted({ device: line.device, line, limit: null }, () => priceOf(line, work, now), market, now));
  return [...own, ...others].toSorted((a, b) => inOrder(a, b, market.currency));
}

export function pricesShown({ prices, backends }: Pick<Market, 'prices' | 'backends'>, now: number): PriceView[] {
  return prices.lines.map((line) => priceView(line, namesOf(line.device, backends), now)).toSorted((a, b) => compareText(a.device, b.device));
}

function namesOf(device: string, { devices, aliases }: Backends): readonly string[] {
  return devices.has(device) ? [device, ...[...aliases].filter(([, target]) => target === device).map(([alias]) => alias)] : [];
}

interface Offer {
  readonly device: string;
  readonly line: PriceLine | undefined;
  /** Why the device could not run it, whatever it costs. */
  readonly limit: string | null;
}

function quoted({ device, line, limit }: Offer, ask: () => ReturnType<typeof quoteFor>, { backends, prices, currency }: Market, now: number): DeviceQuote {
  const common = {
    device, provider: line?.provider ?? null, configured: backends.devices.has(device), backends: namesOf(device, backends),
    dated: line?.dated ?? null, source: line?.source ?? null, note: line?.note ?? null, age_days: line ? priceAge(line, now) : null, outdated: line !== undefined && isOutdated(line, now),
  };
  try {
    const quote = ask();
    const amount = amountOf(quote);
    const converted = amount === null ? null : convert(amount, currency, prices.rates, dayAt(now));
    return { ...common, free: quote.kind === 'free', amount, converted: converted?.rate ? { amount: converted.amount, rate: rateText(converted.rate) } : null, basis: quote.basis, why_not: limit };
  } catch (error) {
    if (!(error instanceof DewarError) || error.code !== 'cannot_price') throw error;
    return { ...common, free: false, amount: null, converted: null, basis: null, why_not: limit === null ? error.message : `${limit}; ${error.message}` };
  }
}

/** Amounts are compared in one currency only; what has no rate into the budget's stands by its own. */
function inOrder(a: DeviceQuote, b: DeviceQuote, currency: string): number {
  const [one, other] = [placeOf(a, currency), placeOf(b, currency)];
  return one.rank - other.rank || compareText(one.currency, other.currency) || one.micros - other.micros || compareText(a.device, b.device);
}

function placeOf({ free, amount, converted, why_not }: DeviceQuote, currency: string): { readonly rank: number; readonly currency: string; readonly micros: number } {
  if (why_not !== null) return { rank: amount === null && !free ? 4 : 3, currency: '', micros: amount?.micros ?? 0 };
  const compared = converted?.amount ?? amount;
  if (compared === null) return { rank: 0, currency: '', micros: 0 };
  // Practice money compares with no other; its devices are the ones at hand.
  if (compared.currency === practiceCurrency) return { rank: 0.5, currency: compared.currency, micros: compared.micros };
  return { rank: compared.currency === currency ? 1 : 2, currency: compared.currency, micros: compared.micros };
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
