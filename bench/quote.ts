// How long it takes to quote a program on every device of the catalogue: reading it, and pricing it.
// Usage: node bench/quote.ts [--count N].
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analyse } from '@dewar/openqasm';
import { loadConfiguration } from '../packages/broker/src/adapters/config-files.ts';
import { LocalSimulator } from '../packages/broker/src/adapters/devices/local-simulator.ts';
import { quotesFor } from '../packages/broker/src/core/quotes.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '20' } } });
const count = Math.max(1, Number(values.count) || 1);

const folder = mkdtempSync(join(tmpdir(), 'dewar-bench-'));
const { prices } = await loadConfiguration(folder);
rmSync(folder, { recursive: true });
const backends = { devices: new Map([['simulator', new LocalSimulator('simulator')]]), aliases: new Map<string, string>() };

/** Qubits named by a letter keep a hundred thousand gates below the largest program that is taken. */
function programOf(gates: number): string {
  const names = [...'abcdefgkjl'];
  const two = Array.from({ length: gates }, (_, at) => (at % 2 === 0 ? `h ${names[at % 10] ?? 'a'};` : `cx ${names[at % 10] ?? 'a'},${names[(at + 1) % 10] ?? 'b'};`));
  return `OPENQASM 3.0;\ninclude "stdgates.inc";\n${names.map((name) => `qubit ${name};`).join('')}\n${two.join('\n')}\nbit m;\nm = measure a;\n`;
}

function timed<T>(work: () => T): readonly [T, number] {
  const before = performance.now();
  const value = work();
  return [value, performance.now() - before];
}

const least = (times: readonly number[]): string => Math.min(...times).toFixed(2);
const median = (times: readonly number[]): string => (times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0).toFixed(2);

console.log(`${count} times a row; milliseconds, least and median\n`);
console.log('gates     bytes      reading            quotes    pricing');
for (const gates of [10, 1000, 100_000]) {
  const source = programOf(gates);
  const reading: number[] = [];
  const pricing: number[] = [];
  let quotes = 0;
  for (let index = 0; index < count; index += 1) {
    const [facts, read] = timed(() => analyse(source));
    if (facts.one_qubit_gates + facts.two_qubit_gates !== gates || facts.confidence !== 'exact') throw new Error('the facts are not those of the program');
    const [found, took] = timed(() => quotesFor({ facts, shots: 1000, points: 1, timeLimit: 60 }, { backends, prices, currency: 'USD' }, Date.now()));
    reading.push(read);
    pricing.push(took);
    quotes = found.length;
  }
  console.log(`${String(gates).padEnd(8)}  ${String(source.length).padEnd(9)}  ${`${least(reading)}, ${median(reading)}`.padEnd(17)}  ${String(quotes).padEnd(8)}  ${least(pricing)}, ${median(pricing)}`);
}
