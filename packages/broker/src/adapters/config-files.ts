// The configuration files: read strictly, written with working defaults when a home is new.
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DewarError, microsFrom, parseJson, pointer, practiceCurrency, shown } from '@dewar/protocol';
import type { BudgetLimits, Prices } from '../core/ports.ts';
import { writeDurably } from './durable.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/);
const decimal = z.string().regex(/^\d{1,9}(\.\d{1,12})?$/, 'a decimal in quotes, such as "10.00"');
const currency = z.string().regex(/^[A-Z]{3}$/);

const deviceConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('simulator') }),
  z.strictObject({ kind: z.literal('practice-qpu'), queue_delay_ms: z.int().min(0).max(300_000), failure: z.enum(['refuse', 'fail', 'lose']).nullable() }),
]);
export type DeviceConfig = z.infer<typeof deviceConfig>;

const backends = z.strictObject({ devices: z.record(name, deviceConfig), aliases: z.record(name, name) });
const prices = z.strictObject({
  dated: z.iso.date(), source: z.string(), currency, free: z.array(name),
  lines: z.array(z.strictObject({ device: name, per_task: decimal, per_shot: decimal })),
});
const budgets = z.strictObject({ currency, job: decimal, day: decimal });

export interface Configuration {
  readonly devices: ReadonlyMap<string, DeviceConfig>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly prices: Prices;
  readonly budget: BudgetLimits;
}

/** What a new home gets. The alias lets the example spec run as it stands; `dewar backends` and every card label it as practice. */
const defaults = {
  'backends.json': {
    devices: { simulator: { kind: 'simulator' }, 'practice-qpu': { kind: 'practice-qpu', queue_delay_ms: 1500, failure: null } },
    aliases: { ibmq_qpu_1: 'practice-qpu' },
  },
  'prices.json': {
    dated: '2026-11-01', source: 'the practice QPU\'s own list; practice money buys nothing', currency: 'XTS', free: ['simulator'],
    lines: [{ device: 'practice-qpu', per_task: '0.30', per_shot: '0.0009' }],
  },
  'budgets.json': { currency: 'XTS', job: '10.00', day: '50.00' },
} as const;

/** Throws `config_invalid` with file and path. */
export async function loadConfiguration(folder: string): Promise<Configuration> {
  for (const [file, value] of Object.entries(defaults)) {
    const path = join(folder, file);
    const there = await access(path).then(() => true, () => false);
    if (!there) await writeDurably(path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
  }
  const found = await read(join(folder, 'backends.json'), backends);
  const devices = new Map(Object.entries(found.devices));
  for (const [alias, target] of Object.entries(found.aliases)) {
    if (!devices.has(target) || devices.has(alias)) throw invalid(join(folder, 'backends.json'), pointer(['aliases', alias]), target, 'a device of this file, under a name that is none');
  }
  const list = await read(join(folder, 'prices.json'), prices);
  for (const { device } of list.lines) {
    // A receipt that called practice money real, or a simulator paid, would contradict itself.
    if (devices.get(device)?.kind === 'simulator') throw invalid(join(folder, 'prices.json'), '/lines', device, 'simulators under free, not among the lines');
    if (devices.get(device)?.kind === 'practice-qpu' && list.currency !== practiceCurrency) throw invalid(join(folder, 'prices.json'), '/currency', list.currency, `${practiceCurrency}: a practice QPU takes practice money`);
  }
  const limits = await read(join(folder, 'budgets.json'), budgets);
  return {
    devices, aliases: new Map(Object.entries(found.aliases)),
    prices: { dated: list.dated, currency: list.currency, free: list.free, lines: list.lines.map((line) => ({ device: line.device, per_task: microsFrom(line.per_task), per_shot: microsFrom(line.per_shot) })) },
    budget: { currency: limits.currency, job: microsFrom(limits.job), day: microsFrom(limits.day) },
  };
}

async function read<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new DewarError({ code: 'config_invalid', message: 'a configuration file cannot be read', got: path, fix: `make ${path} readable, or remove it to get the defaults` }, { cause: error });
  });
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (error) {
    if (error instanceof DewarError) throw new DewarError({ ...error.toBody(), code: 'config_invalid', message: `${path}: ${error.message}` });
    throw error;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(path, pointer((issue?.path ?? []).map(String)), issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined, issue?.message ?? 'a valid value');
}

function invalid(file: string, path: string, got: unknown, allowed: string): DewarError {
  return new DewarError({ code: 'config_invalid', message: `${file} is not valid at ${path || 'the top'}`, path, ...(got !== undefined && { got: shown(got) }), allowed, fix: `correct ${file}, or remove it to get the defaults` });
}
