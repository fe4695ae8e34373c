// The configuration files: read strictly, written with working defaults when a home is new.
import { access, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DewarError, microsFrom, parseJson, pointer, practiceCurrency, shown } from '@dewar/protocol';
import type { BudgetWanted } from '../core/budgets.ts';
import type { QueueSettings } from '../core/parts.ts';
import type { Prices } from '../core/ports.ts';
import { writeDurably } from './durable.ts';
import { currencySchema as currency, decimalSchema as decimal, nameSchema as name, priceLineFrom, pricesFileSchema, pricesSchemaOf, rateFrom, ratesFileSchema } from './price-files.ts';

const deviceConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('simulator') }),
  z.strictObject({ kind: z.literal('practice-qpu'), on_premises: z.boolean().exactOptional(), queue_delay_ms: z.int().min(0).max(300_000), failure: z.enum(['refuse', 'fail', 'lose']).nullable() }),
]);
export type DeviceConfig = z.infer<typeof deviceConfig>;

const backends = z.strictObject({ devices: z.record(name, deviceConfig), aliases: z.record(name, name) });
/** Of before budgets were kept in the journal. */
const oneBudget = z.strictObject({ currency, job: decimal, day: decimal });
const upTo = (most: number) => z.int().min(1).max(most);
const queue = z.strictObject({
  lanes: z.strictObject({ interactive: upTo(1000), batch: upTo(1000) }),
  session: z.strictObject({ running: upTo(1000).nullable(), submits_per_minute: upTo(100_000), burst: upTo(100_000) }),
});

export interface Configuration {
  readonly devices: ReadonlyMap<string, DeviceConfig>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly prices: Prices;
  /** For a home that never had any: read only then. */
  readonly firstBudgets: () => Promise<readonly BudgetWanted[]>;
  readonly queue: QueueSettings;
}

/** What a new home gets. The alias lets the example spec run as it stands; `dewar backends` and every card label it as practice. */
const defaults = {
  'backends.json': {
    devices: { simulator: { kind: 'simulator' }, 'practice-qpu': { kind: 'practice-qpu', queue_delay_ms: 1500, failure: null } },
    aliases: { ibmq_qpu_1: 'practice-qpu' },
  },
  'prices.json': {
    version: 2, free: ['simulator'],
    lines: [{ device: 'practice-qpu', dated: '2026-11-01', source: 'the practice QPU\'s own list; practice money buys nothing', currency: 'XTS', task: 'job', per_task: '0.30', per_shot: '0.0009' }],
  },
  'rates.json': { version: 1, rates: [] },
  'queue.json': { lanes: { interactive: 4, batch: 1 }, session: { running: null, submits_per_minute: 600, burst: 200 } },
} as const;

const firstBudget: z.infer<typeof oneBudget> = { currency: 'XTS', job: '10.00', day: '50.00' };

/** Read once, by the first start that keeps budgets in the journal; then it is set aside. */
const budgetsFile = 'budgets.json';

/** Dated, sourced lines for devices of many providers: data, which a release brings. */
const shippedCatalogue = fileURLToPath(new URL('../../prices/catalogue.json', import.meta.url));

/** Throws `config_invalid` with file and path. */
export async function loadConfiguration(folder: string, catalogue = shippedCatalogue): Promise<Configuration> {
  for (const [file, value] of Object.entries(defaults)) {
    const path = join(folder, file);
    if (!(await exists(path))) await writeDurably(path, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
  }
  const found = await read(join(folder, 'backends.json'), backends);
  const devices = new Map(Object.entries(found.devices));
  for (const [alias, target] of Object.entries(found.aliases)) {
    if (!devices.has(target) || devices.has(alias)) throw invalid(join(folder, 'backends.json'), pointer(['aliases', alias]), target, 'a device of this file, under a name that is none');
  }
  const { lanes, session } = await read(join(folder, 'queue.json'), queue);
  return {
    devices, aliases: new Map(Object.entries(found.aliases)), prices: await readPrices(folder, catalogue, devices),
    firstBudgets: () => firstBudgetsIn(folder),
    queue: { rules: { lanes, running: session.running }, submits: { per_minute: session.submits_per_minute, burst: session.burst } },
  };
}

async function firstBudgetsIn(folder: string): Promise<readonly BudgetWanted[]> {
  const file = join(folder, budgetsFile);
  // Set aside before the journal has them: a start that was cut short in between finds them there.
  const given = (await exists(file)) ? file : (await exists(`${file}.imported`)) ? `${file}.imported` : undefined;
  const { currency: of, job, day } = given === undefined ? firstBudget : await read(given, oneBudget);
  const budget = (per: 'job' | 'day', limit: string): BudgetWanted => ({ key: { scope: 'all', name: null, per, currency: of }, limit_micros: microsFrom(limit) });
  return [budget('job', job), budget('day', day)];
}

/** Throws `config_invalid` where a file of budgets lies beside a journal that has them: whoever wrote it believes that it holds. */
export async function setBudgetsAside(folder: string, begun: boolean): Promise<void> {
  const path = join(folder, budgetsFile);
  if (!(await exists(path))) return;
  if (begun) throw new DewarError({ code: 'config_invalid', message: `${path} is not read any more: budgets are kept in the journal`, got: path, fix: 'set what it says with `dewar budget set`, then remove it' });
  await rename(path, `${path}.imported`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}

/** The home's own lines, and those of the catalogue for the devices that it has none for. */
async function readPrices(folder: string, catalogue: string, devices: ReadonlyMap<string, DeviceConfig>): Promise<Prices> {
  const file = join(folder, 'prices.json');
  const list = await read(file, pricesSchemaOf);
  for (const { device, currency: takes } of list.lines) {
    const kind = devices.get(device)?.kind;
    // A receipt that called practice money real, or a simulator paid, would contradict itself.
    if (kind === 'simulator') throw invalid(file, '/lines', device, 'simulators under free, not among the lines');
    if (kind === 'practice-qpu' && takes !== undefined && takes !== practiceCurrency) throw invalid(file, '/lines', takes, `${practiceCurrency}: a practice QPU takes practice money`);
  }
  const own = new Set(list.lines.map(({ device }) => device));
  // What runs on this machine charges nothing of what a provider's device of the same name does.
  const local = new Set([...devices].filter(([, { kind }]) => kind === 'simulator' || kind === 'practice-qpu').map(([device]) => device));
  const shipped = (await read(catalogue, pricesFileSchema)).lines.filter(({ device }) => !own.has(device) && !local.has(device));
  const rates = await read(join(folder, 'rates.json'), ratesFileSchema);
  return { free: list.free, lines: [...list.lines.map((line) => priceLineFrom(line, false)), ...shipped.map((line) => priceLineFrom(line, true))], rates: rates.rates.map(rateFrom) };
}

/** @param schema or what chooses it by the value, where a file has more forms than one */
async function read<T>(path: string, schema: z.ZodType<T> | ((value: unknown) => z.ZodType<T>)): Promise<T> {
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
  const parsed = (typeof schema === 'function' ? schema(value) : schema).safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(path, pointer((issue?.path ?? []).map(String)), issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined, issue?.message ?? 'a valid value');
}

function invalid(file: string, path: string, got: unknown, allowed: string): DewarError {
  return new DewarError({ code: 'config_invalid', message: `${file} is not valid at ${path || 'the top'}`, path, ...(got !== undefined && { got: shown(got) }), allowed, fix: `correct ${file}, or remove it to get the defaults` });
}
