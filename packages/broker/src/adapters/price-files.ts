// prices.json, the catalogue and rates.json: their schemas, and the way from their text to price lines and rates. The first form of prices.json is still read.
import { z } from 'zod';
import { decimalPattern, picosFrom } from '../core/picos.ts';
import type { Charge, PriceLine } from '../core/price-line.ts';
import type { Rate } from '../core/rates.ts';

export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/);
export const decimalSchema = z.string().regex(decimalPattern, 'a decimal in quotes, such as "10.00"');
export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'a currency code such as USD');
const seconds = z.string().regex(/^\d{1,6}(\.\d{1,3})?$/, 'seconds in quotes, such as "3"');
const words = z.string().min(1).max(500);

/** One currency and one date for all, a sweep charged as one task: as homes of before have it. */
const firstForm = z.strictObject({
  dated: z.iso.date(), source: z.string(), currency: currencySchema, free: z.array(nameSchema),
  lines: z.array(z.strictObject({ device: nameSchema, per_task: decimalSchema, per_shot: decimalSchema })),
});

const parts = {
  per_task: decimalSchema.exactOptional(),
  per_shot: decimalSchema.exactOptional(),
  per_second: z.strictObject({ rate: decimalSchema, least: seconds.exactOptional(), most: seconds.exactOptional() }).refine(({ least = '0', most }) => most === undefined || Number(least) <= Number(most), 'a least that is not above the most').exactOptional(),
  per_gate_shot: z.strictObject({ one_qubit: decimalSchema, two_qubit: decimalSchema, multi_qubit: decimalSchema.exactOptional() }).exactOptional(),
  minimum: decimalSchema.exactOptional(),
} as const;

const line = z.strictObject({
  device: nameSchema, provider: words.max(60).exactOptional(), dated: z.iso.date(), valid_until: z.iso.date().exactOptional(), source: words, note: words.exactOptional(), program: z.enum(['openqasm', 'analog']).exactOptional(),
  plan: words.exactOptional(), currency: currencySchema.exactOptional(), task: z.enum(['job', 'point']).exactOptional(), ...parts,
}).superRefine((given, context) => {
  const charges = Object.keys(parts).filter((part) => part in given);
  const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
  if (given.plan !== undefined) {
    for (const other of [...charges, 'currency', 'task'].filter((field) => field in given)) refuse(other, 'no price beside a plan: a plan prices no job');
  } else if (charges.length === 0) refuse('per_task', `one of ${Object.keys(parts).join(', ')}, or plan`);
  else if (given.currency === undefined) refuse('currency', 'a currency code such as USD');
});
type LineFile = z.output<typeof line>;

export const pricesFileSchema = z.strictObject({
  version: z.literal(2), free: z.array(nameSchema), lines: z.array(line).max(1000),
}).superRefine(({ lines }, context) => {
  const seen = new Set<string>();
  for (const [index, { device }] of lines.entries()) {
    if (seen.has(device)) context.addIssue({ code: 'custom', path: ['lines', index, 'device'], message: 'one line a device' });
    seen.add(device);
  }
});
type PricesFile = z.output<typeof pricesFileSchema>;

const rateLine = z.strictObject({ from: currencySchema, to: currencySchema, rate: decimalSchema.refine((rate) => /[1-9]/.test(rate), 'a rate above zero'), dated: z.iso.date(), source: words })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'another currency' })
  .refine(({ from }) => from !== 'XTS', { path: ['from'], message: 'no XTS: practice money is worth nothing else' })
  .refine(({ to }) => to !== 'XTS', { path: ['to'], message: 'no XTS: practice money is worth nothing else' });
export const ratesFileSchema = z.strictObject({ version: z.literal(1), rates: z.array(rateLine).max(1000) });

/** The schema that a prices.json is of, by its version; the first form has none. */
export function pricesSchemaOf(value: unknown): z.ZodType<PricesFile> {
  if (typeof value === 'object' && value !== null && 'version' in value) return pricesFileSchema;
  return firstForm.transform(({ dated, source, currency, free, lines }) => ({
    version: 2 as const, free,
    // Of two lines for a device the first one was the price.
    lines: lines.filter(({ device }, index) => lines.findIndex((other) => other.device === device) === index).map((each) => ({ ...each, dated, source: source || 'prices.json', currency, task: 'job' as const })),
  }));
}

export function priceLineFrom(given: LineFile, shipped: boolean): PriceLine {
  const { device, provider = null, dated, valid_until = null, source, note = null, program = 'openqasm', currency, plan } = given;
  const listed = { device, provider, dated, valid_until, source, note, program, shipped } as const;
  // A line without a plan has a currency: `line` refuses any other.
  return plan !== undefined || currency === undefined ? { ...listed, kind: 'plan', plan: plan ?? 'no price' } : { ...listed, kind: 'priced', currency, charge: chargeFrom(given) };
}

/** Left open, a point is a task: the dearer of the two. */
function chargeFrom({ task = 'point', per_task = '0', per_shot = '0', per_second, per_gate_shot, minimum = '0' }: LineFile): Charge {
  return {
    task, per_task: picosFrom(per_task), per_shot: picosFrom(per_shot), minimum: picosFrom(minimum),
    per_second: per_second ? { rate: picosFrom(per_second.rate), least: msFrom(per_second.least ?? '0'), most: per_second.most === undefined ? null : msFrom(per_second.most) } : null,
    per_gate_shot: per_gate_shot ? { one_qubit: picosFrom(per_gate_shot.one_qubit), two_qubit: picosFrom(per_gate_shot.two_qubit), multi_qubit: per_gate_shot.multi_qubit === undefined ? null : picosFrom(per_gate_shot.multi_qubit) } : null,
  };
}

function msFrom(text: string): bigint {
  return picosFrom(text) / 1_000_000_000n;
}

export function rateFrom({ rate, ...rest }: z.output<typeof rateLine>): Rate {
  return { ...rest, rate: picosFrom(rate) };
}
