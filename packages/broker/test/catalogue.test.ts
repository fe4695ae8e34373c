// The catalogue that a release brings, read as a new home reads it: worked examples of the providers, and what prices.json changes about it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { analyse } from '@dewar/openqasm';
import { DewarError, formatMoney } from '@dewar/protocol';
import { loadConfiguration, type Configuration } from '../src/adapters/config-files.ts';
import { lineOf, type PriceLine } from '../src/core/price-line.ts';
import { priceOf, quoteFor, type Work } from '../src/core/quote.ts';
import { pricesShown, quotesFor } from '../src/core/quotes.ts';
import { TestDevice } from './fixture.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const ghz = ['OPENQASM 3.0;', 'include "stdgates.inc";', 'qubit[10] q;', 'bit[10] c;', 'h q[0];', ...Array.from({ length: 9 }, (_, at) => `cx q[${at}], q[${at + 1}];`), 'c = measure q;'].join('\n');
const work: Work = { facts: analyse(ghz), shots: 1000, points: 1, timeLimit: 60 };

/** A home whose configuration has these files, the others being the defaults. */
async function configured(files: Readonly<Record<string, unknown>> = {}): Promise<Configuration> {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-prices-'));
  try {
    for (const [name, value] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(value));
    return await loadConfiguration(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { prices, devices: configuredDevices } = await configured();
function line(device: string, of = prices): PriceLine {
  const found = lineOf(device, of);
  assert.ok(found, device);
  return found;
}

for (const [device, change, amount] of [
  ['braket-iqm-garnet', {}, '1.75 USD'],
  ['braket-ionq-forte', {}, '80.30 USD'],
  ['braket-ionq-aria', {}, '30.30 USD'],
  ['braket-rigetti-ankaa', {}, '1.20 USD'],
  ['ionq-aria-1', {}, '106.495 USD'],
  ['azure-ionq-aria-1', {}, '106.495 USD'],
  ['azure-ionq-forte-1', {}, '178.4485 USD'],
  ['ibm-heron-payg', { timeLimit: 3 }, '4.80 USD'],
  ['azure-rigetti-cepheus', { timeLimit: 0.2 }, '0.40 USD'],
  ['alice-bob-boson-4', { timeLimit: 3600 }, '5000.000001 USD'],
] as const) {
  test(`ten qubits of GHZ, 1000 shots, on ${device}: ${amount}`, () => assert.equal(formatMoney(priceOf(line(device), { ...work, ...change }, now).amount), amount));
}

test('with a line of one\'s own, without error mitigation: 21.41 USD, and the catalogue\'s line is not looked at', async () => {
  const own = await configured({ 'prices.json': { version: 2, free: ['simulator'], lines: [{ device: 'ionq-aria-1', dated: '2026-11-20', source: 'my contract', currency: 'USD', per_task: '12.4166', per_gate_shot: { one_qubit: '0.000220', two_qubit: '0.000975' } }] } });
  assert.equal(formatMoney(priceOf(line('ionq-aria-1', own.prices), work, now).amount), '21.4116 USD');
  assert.equal(own.prices.lines.filter(({ device }) => device === 'ionq-aria-1').length, 1);
  assert.deepEqual([line('ionq-aria-1', own.prices).shipped, line('ibm-heron-payg', own.prices).shipped], [false, true]);
});

for (const device of ['azure-quantinuum-h2', 'ibm-heron-flex', 'ibm-heron-premium', 'ibm-open', 'iqm-resonance', 'braket-simulators', 'braket-quera-aquila', 'azure-pasqal', 'azure-pasqal-emulator']) {
  test(`${device} has no price for a job of gates`, () => assert.throws(() => priceOf(line(device), work, now), { code: 'cannot_price' }));
}

test('every line of the catalogue is dated, sourced and of a provider', () => {
  const shipped = prices.lines.filter((each) => each.shipped);
  assert.ok(shipped.length >= 20);
  for (const { device, provider, dated, source } of shipped) assert.ok(provider !== null && source.length > 3 && Date.parse(dated) <= now, device);
});

const backends = (name = 'practice-qpu') => ({ devices: new Map([['simulator', new TestDevice('simulator', 'simulator')], [name, new TestDevice(name, 'qpu')]]), aliases: new Map([['ibmq_qpu_1', name]]) });

test('quotes are free first, then practice money, then the cheapest, other currencies apart, and last what has no price, each with its reason', () => {
  const quotes = quotesFor(work, { backends: backends(), prices, currency: 'USD' }, now);
  assert.deepEqual(new Set(quotes.map(({ device }) => device)), new Set(['simulator', ...prices.lines.map(({ device }) => device)]));
  assert.deepEqual(quotes.slice(0, 4).map(({ device }) => device), ['simulator', 'practice-qpu', 'braket-rigetti-ankaa', 'braket-iqm-garnet']);
  const usd = quotes.flatMap(({ amount, why_not }) => (why_not === null && amount?.currency === 'USD' ? [amount.micros] : []));
  assert.deepEqual(usd, usd.toSorted((a, b) => a - b));
  const rest = quotes.slice(2 + usd.length);
  assert.ok(rest.length >= 9 && rest.every(({ amount, why_not, basis }) => amount === null && why_not !== null && basis === null));
  assert.match(rest.find(({ device }) => device === 'braket-quera-aquila')?.why_not ?? '', /not OpenQASM/);
  assert.match(rest.find(({ device }) => device === 'azure-quantinuum-h2')?.why_not ?? '', /^azure-quantinuum-h2 is not priced per job: /);
  assert.deepEqual(quotes.filter(({ configured: here }) => here).map(({ device, backends: names }) => [device, names]), [['simulator', ['simulator']], ['practice-qpu', ['practice-qpu', 'ibmq_qpu_1']]]);
});

test('a configured device that cannot run the program says so, and stands behind those that can', () => {
  const narrow = backends();
  const device = narrow.devices.get('simulator');
  assert.ok(device);
  device.limitText = 'at most 2 qubits';
  const quotes = quotesFor(work, { backends: narrow, prices, currency: 'USD' }, now);
  const at = quotes.findIndex(({ device: name }) => name === 'simulator');
  assert.equal(quotes[at]?.why_not, 'at most 2 qubits');
  assert.ok(quotes.slice(0, at).every(({ why_not }) => why_not === null));
});

test('a rate puts another currency among the others, and is told', async () => {
  const rated = await configured({
    'prices.json': { version: 2, free: [], lines: [{ device: 'mine', dated: '2026-11-20', source: 's', currency: 'EUR', per_task: '1.50' }] },
    'rates.json': { version: 1, rates: [{ from: 'EUR', to: 'USD', rate: '1.0812', dated: '2026-11-01', source: 'ECB reference rates' }] },
  });
  const [first, second, third] = quotesFor(work, { backends: { devices: new Map(), aliases: new Map() }, prices: rated.prices, currency: 'USD' }, now);
  assert.deepEqual([first?.device, second?.device, third?.device], ['braket-rigetti-ankaa', 'mine', 'braket-iqm-garnet']);
  assert.deepEqual([second?.amount, second?.converted], [{ currency: 'EUR', micros: 1_500_000 }, { amount: { currency: 'USD', micros: 1_621_800 }, rate: '1 EUR = 1.0812 USD (2026-11-01)' }]);
  const later = quotesFor(work, { backends: { devices: new Map(), aliases: new Map() }, prices: rated.prices, currency: 'USD' }, Date.parse('2026-12-24'));
  assert.equal(later.find(({ device }) => device === 'mine')?.converted, null, 'a rate that is too old is none');
});

test('prices are shown by name with their age, those of May as outdated', () => {
  const shown = pricesShown({ prices, backends: backends() }, now);
  assert.deepEqual(shown.map(({ device }) => device), shown.map(({ device }) => device).toSorted());
  const of = (name: string) => shown.find(({ device }) => device === name);
  assert.deepEqual([of('ibm-heron-payg')?.age_days, of('ibm-heron-payg')?.outdated, of('braket-iqm-garnet')?.outdated], [206, true, false]);
  assert.deepEqual([of('practice-qpu')?.shipped, of('practice-qpu')?.backends, of('braket-iqm-garnet')?.backends], [false, ['practice-qpu', 'ibmq_qpu_1'], []]);
});

test('a prices.json of the first form is read, and prices what it did: a sweep as one task', async () => {
  const first = await configured({ 'prices.json': { dated: '2026-10-01', source: 'mine', currency: 'XTS', free: ['simulator'], lines: [{ device: 'practice-qpu', per_task: '0.30', per_shot: '0.0009' }, { device: 'practice-qpu', per_task: '9', per_shot: '9' }] } });
  const device = new TestDevice('practice-qpu', 'qpu');
  assert.deepEqual(quoteFor(device.view, { ...work, points: 3 }, first.prices, now), { kind: 'priced', amount: { currency: 'XTS', micros: 3_000_000 }, prices_dated: '2026-10-01', basis: '0.30 a task + 3000 shots × 0.0009' });
  assert.deepEqual(first.prices.free, ['simulator']);
  assert.equal(first.prices.rates.length, 0);
});

test('a local device that is called as one of the catalogue gets nothing of its price', async () => {
  const named = await configured({ 'backends.json': { devices: { 'braket-iqm-garnet': { kind: 'practice-qpu', queue_delay_ms: 0, failure: null } }, aliases: {} } });
  assert.equal(lineOf('braket-iqm-garnet', named.prices), undefined);
  assert.equal(configuredDevices.has('practice-qpu'), true);
});

const good = { device: 'd', dated: '2026-11-01', source: 's', currency: 'USD', per_task: '1' };
for (const [what, file, value, path] of [
  ['a version to come', 'prices.json', { version: 3, free: [], lines: [] }, '/version'],
  ['two lines for a device', 'prices.json', { version: 2, free: [], lines: [good, good] }, '/lines/1/device'],
  ['a line without a price', 'prices.json', { version: 2, free: [], lines: [{ device: 'd', dated: '2026-11-01', source: 's', currency: 'USD' }] }, '/lines/0/per_task'],
  ['a line without a currency', 'prices.json', { version: 2, free: [], lines: [{ ...good, currency: undefined }] }, '/lines/0/currency'],
  ['a line without a source', 'prices.json', { version: 2, free: [], lines: [{ ...good, source: '' }] }, '/lines/0/source'],
  ['a day that is none', 'prices.json', { version: 2, free: [], lines: [{ ...good, dated: '2026-02-30' }] }, '/lines/0/dated'],
  ['a price beside a plan', 'prices.json', { version: 2, free: [], lines: [{ ...good, plan: 'credits' }] }, '/lines/0/per_task'],
  ['a least above the most', 'prices.json', { version: 2, free: [], lines: [{ ...good, per_second: { rate: '1', least: '3', most: '2' } }] }, '/lines/0/per_second'],
  ['a number for a decimal', 'prices.json', { version: 2, free: [], lines: [{ ...good, per_shot: 0.1 }] }, '/lines/0/per_shot'],
  ['a field too many', 'prices.json', { version: 2, free: [], lines: [{ ...good, per_hour: '1' }] }, '/lines/0'],
  ['a simulator that costs', 'prices.json', { version: 2, free: [], lines: [{ ...good, device: 'simulator' }] }, '/lines'],
  ['a practice QPU in dollars', 'prices.json', { version: 2, free: [], lines: [{ ...good, device: 'practice-qpu' }] }, '/lines'],
  ['a rate of zero', 'rates.json', { version: 1, rates: [{ from: 'EUR', to: 'USD', rate: '0.00', dated: '2026-11-01', source: 's' }] }, '/rates/0/rate'],
  ['a rate of practice money', 'rates.json', { version: 1, rates: [{ from: 'EUR', to: 'XTS', rate: '1', dated: '2026-11-01', source: 's' }] }, '/rates/0/to'],
  ['a rate of one currency', 'rates.json', { version: 1, rates: [{ from: 'EUR', to: 'EUR', rate: '1', dated: '2026-11-01', source: 's' }] }, '/rates/0/to'],
] as const) {
  test(`${file} with ${what} is config_invalid, and the path is told`, async () => {
    await assert.rejects(configured({ [file]: value }), (error) => error instanceof DewarError && error.code === 'config_invalid' && error.path === path && error.message.includes(file));
  });
}
