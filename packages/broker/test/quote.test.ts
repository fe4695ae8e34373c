// Prices: upper bounds from dated lines, refusals where there is no price, and never a zero for a QPU.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyse } from '@dewar/openqasm';
import { DewarError, type DeviceView, type Quote } from '@dewar/protocol';
import fc from 'fast-check';
import { priceLineFrom, pricesFileSchema } from '../src/adapters/price-files.ts';
import { isOutdated, lineText, priceAge, type PriceLine } from '../src/core/price-line.ts';
import { priceOf, priceText, quoteFor, type Work } from '../src/core/quote.ts';
import { bell, practiceLine, prices } from './fixture.ts';

const qpu: DeviceView = { name: 'practice-qpu', kind: 'qpu', practice: true, max_qubits: 16 };
const simulator: DeviceView = { name: 'simulator', kind: 'simulator', practice: false, max_qubits: 24 };
const now = Date.parse('2026-11-23T12:00:00Z');
const day = 86_400_000;
const facts = analyse(bell);
const work = (change: Partial<Work> = {}): Work => ({ facts, shots: 1024, points: 1, timeLimit: 60, ...change });
const unpriced = (error: unknown): boolean => error instanceof DewarError && error.code === 'cannot_price' && (error.fix ?? '') !== '';

/** A line as a prices.json could have it. */
function line(given: Readonly<Record<string, unknown>>): PriceLine {
  const { lines } = pricesFileSchema.parse({ version: 2, free: [], lines: [{ device: 'd', dated: '2026-11-01', source: 's', ...('plan' in given ? {} : { currency: 'USD' }), ...given }] });
  const [first] = lines;
  assert.ok(first);
  return priceLineFrom(first, false);
}
const priced = (given: Readonly<Record<string, unknown>>, change: Partial<Work> = {}): Extract<Quote, { kind: 'priced' }> => priceOf(line(given), work(change), now);
const micros = (given: Readonly<Record<string, unknown>>, change: Partial<Work> = {}): number => priced(given, change).amount.micros;

test('a task and its shots are priced to the millionth', () => {
  assert.deepEqual(quoteFor(qpu, work(), prices, now), { kind: 'priced', amount: { currency: 'XTS', micros: 1_221_600 }, prices_dated: '2026-11-01', basis: '0.30 a task + 1024 shots × 0.0009' });
});

test('a sweep of the practice QPU is one task, as it has always been', () => {
  assert.deepEqual(quoteFor(qpu, work({ points: 20 }), prices, now), { kind: 'priced', amount: { currency: 'XTS', micros: 18_732_000 }, prices_dated: '2026-11-01', basis: '0.30 a task + 20480 shots × 0.0009' });
});

test('a listed simulator is free, and says why', () => assert.equal(quoteFor(simulator, work(), prices, now).kind, 'free'));

test('what cannot be priced is refused, never free, and the refusal names the file to edit', () => {
  assert.throws(() => quoteFor({ ...qpu, name: 'unlisted' }, work(), prices, now), (error) => unpriced(error) && /prices\.json/.test((error as DewarError).fix ?? ''));
  assert.throws(() => quoteFor({ ...simulator, name: 'unlisted' }, work(), prices, now), unpriced);
  assert.throws(() => quoteFor(qpu, work(), { ...prices, free: ['practice-qpu'] }, now), unpriced, 'a QPU is never free');
  assert.throws(() => quoteFor(qpu, work(), { ...prices, lines: [practiceLine({ per_task: '0', per_shot: '0.00' })] }, now), unpriced, 'a price of zero is no price');
  assert.throws(() => quoteFor(qpu, work({ shots: 1e9 }), { ...prices, lines: [practiceLine({ per_shot: '100' })] }, now), unpriced, 'a sum that is no longer exact is no price');
});

test('each part of a price, by itself and in a sum', () => {
  assert.equal(micros({ per_task: '0.30' }), 300_000);
  assert.equal(micros({ per_shot: '0.00145' }, { shots: 1000 }), 1_450_000);
  assert.equal(micros({ per_second: { rate: '1.60' } }, { timeLimit: 3 }), 4_800_000);
  assert.equal(micros({ per_gate_shot: { one_qubit: '0.5', two_qubit: '2' } }, { shots: 10 }), 25_000_000, 'one h and one cx, ten times');
  assert.deepEqual(priced({ per_task: '1', per_shot: '0.1', per_second: { rate: '2' }, per_gate_shot: { one_qubit: '0.5', two_qubit: '2' } }, { shots: 10, timeLimit: 3 }), {
    kind: 'priced', amount: { currency: 'USD', micros: 33_000_000 }, prices_dated: '2026-11-01', basis: '1.00 a task + 10 shots × 0.10 + 3 s × 2.00 + 10 shots × (1 one-qubit × 0.50 + 1 two-qubit × 2.00)',
  });
});

test('time is charged for as long as the job may run, and clamped by the line', () => {
  const clamp = { per_second: { rate: '1', least: '3', most: '10.5' } };
  assert.deepEqual([1, 3, 5, 60].map((timeLimit) => micros(clamp, { timeLimit })), [3_000_000, 3_000_000, 5_000_000, 10_500_000]);
  assert.equal(priced(clamp).basis, '10.5 s × 1.00');
  assert.equal(micros({ per_second: { rate: '2.00' } }, { timeLimit: 0.2 }), 400_000, '20 times 10 ms');
});

test('the minimum is taken where it is more than the sum', () => {
  assert.deepEqual(priced({ per_shot: '0.01', minimum: '12.4166' }, { shots: 10 }), { kind: 'priced', amount: { currency: 'USD', micros: 12_416_600 }, prices_dated: '2026-11-01', basis: 'the least charge of 12.4166' });
  assert.equal(micros({ per_shot: '0.01', minimum: '12.4166' }, { shots: 10_000 }), 100_000_000);
});

test('each point of a sweep is a task unless the line says that the job is one', () => {
  const parts = { per_task: '0.30', per_shot: '0.01', per_second: { rate: '1' } };
  const sweep = { shots: 10, points: 7, timeLimit: 5 };
  assert.equal(micros(parts, sweep), 7 * 5_400_000);
  assert.equal(micros({ ...parts, task: 'job' }, sweep), 300_000 + 700_000 + 5_000_000);
  assert.equal(micros({ per_shot: '0.01', minimum: '2' }, sweep), 14_000_000, 'the least of each');
  assert.equal(priced(parts, sweep).basis, '7 points × (0.30 a task + 10 shots × 0.01 + 5 s × 1.00)');
});

const byGate = { per_task: '1', per_gate_shot: { one_qubit: '0.1', two_qubit: '0.1' } };
const program = (body: string): Work['facts'] => analyse(`OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[3] c;\n${body}\nc = measure q;\n`);

test('a loop with a bound is charged for all that it may do', () => {
  assert.equal(micros(byGate, { facts: program('for uint i in [1:100] { h q[0]; cx q[0], q[1]; }'), shots: 1 }), 1_000_000 + 200 * 100_000);
  const either = program('c[0] = measure q[0];\nif (c[0]) { h q[1]; h q[1]; } else { x q[1]; }');
  assert.equal(either.confidence, 'upper-bound');
  assert.ok(micros(byGate, { facts: either, shots: 1 }) >= 1_000_000 + 2 * 100_000);
});

for (const [what, body, allowed] of [
  ['an unbounded loop', 'while (c[0]) { h q[0]; c[0] = measure q[0]; }', /bounded/],
  ['a loop over an input', 'input uint n;\nfor uint i in [1:n] { h q[0]; }', /bounded/],
  ['what the analyser does not understand', 'defcal foo $0 { }', /bounded/],
  ['a gate on three qubits that has no rate', 'ccx q[0], q[1], q[2];', /one or two/],
  ['a controlled gate on three qubits', 'ctrl(2) @ x q[0], q[1], q[2];', /one or two/],
] as const) {
  test(`by the gate, ${what} has no price, rather than one that is too low; other prices stay`, () => {
    const given = { facts: program(body) };
    assert.throws(() => priced(byGate, given), (error) => unpriced(error) && allowed.test((error as DewarError).allowed ?? ''));
    assert.ok(micros({ per_shot: '0.01' }, given) > 0);
  });
}

test('a gate on three qubits is priced where it has a rate', () => {
  assert.equal(micros({ per_gate_shot: { one_qubit: '0.1', two_qubit: '0.1', multi_qubit: '5' } }, { facts: program('ccx q[0], q[1], q[2];'), shots: 2 }), 10_000_000);
});

test('a plan, an analog device and a line past its last day price nothing', () => {
  assert.throws(() => priced({ plan: 'credits' }), (error) => unpriced(error) && (error as DewarError).message === 'd is not priced per job: credits');
  assert.throws(() => priced({ per_task: '1', program: 'analog' }), (error) => unpriced(error) && /not OpenQASM/.test((error as DewarError).message));
  assert.throws(() => priced({ per_task: '1', valid_until: '2026-11-22' }), (error) => unpriced(error) && /prices\.json/.test((error as DewarError).fix ?? ''));
  assert.equal(micros({ per_task: '1', valid_until: '2026-11-23' }), 1_000_000, 'its last day counts');
});

test('no price is below the exact sum, nor a millionth above it', () => {
  const decimal = fc.tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 999_999_999_999 })).map(([whole, part]) => [`${whole}.${String(part).padStart(12, '0')}`, BigInt(whole) * 10n ** 12n + BigInt(part)] as const);
  const size = { shots: fc.integer({ min: 1, max: 1000 }), points: fc.integer({ min: 1, max: 5 }), seconds: fc.integer({ min: 1, max: 100 }), gates: fc.integer({ min: 0, max: 1000 }) };
  fc.assert(fc.property(fc.record({ task: decimal, shot: decimal, second: decimal, gate: decimal, minimum: decimal, ...size, each: fc.constantFrom('job' as const, 'point' as const) }), (given) => {
    const { task, shot, second, gate, minimum, shots, points, seconds, gates, each } = given;
    const [tasks, run] = each === 'point' ? [BigInt(points), BigInt(shots)] : [1n, BigInt(shots * points)];
    const sum = task[1] + shot[1] * run + second[1] * BigInt(seconds) + gate[1] * BigInt(gates) * run;
    const exact = tasks * (sum > minimum[1] ? sum : minimum[1]);
    const found = BigInt(micros(
      { task: each, per_task: task[0], per_shot: shot[0], per_second: { rate: second[0] }, per_gate_shot: { one_qubit: gate[0], two_qubit: '0' }, minimum: minimum[0] },
      { facts: { ...facts, one_qubit_gates: gates }, shots, points, timeLimit: seconds },
    )) * 1_000_000n;
    assert.ok(found >= exact && found - exact < 1_000_000n);
  }));
});

test('the list reads as text', () => {
  assert.equal(priceText(qpu, prices), '0.30 a task + 0.0009 a shot XTS (2026-11-01)');
  assert.equal(priceText(simulator, prices), 'free');
  assert.equal(priceText({ ...qpu, name: 'unlisted' }, prices), 'no price: jobs are refused');
  assert.equal(lineText(line({ per_second: { rate: '1.6', least: '3', most: '0009.50' }, minimum: '2' })), '1.60 a second (at least 3 s, at most 9.5 s) USD, at least 2.00 a task, each point a task (2026-11-01)');
  assert.equal(lineText(line({ per_gate_shot: { one_qubit: '0.000220', two_qubit: '0.000975', multi_qubit: '1' } })), '0.00022 a one-qubit and 0.000975 a two-qubit gate and shot + 1.00 a larger one USD (2026-11-01)');
  assert.equal(lineText(line({ minimum: '2', task: 'job' })), 'at least 2.00 USD a task (2026-11-01)');
  assert.equal(lineText(line({ plan: 'credits' })), 'not priced per job: credits (2026-11-01)');
});

test('a line grows old by the day, and is outdated after ninety or past its last day', () => {
  const old = line({ per_task: '1' });
  assert.deepEqual([-1, 0, 0.99, 1, 22].map((days) => priceAge(old, Date.parse('2026-11-01') + days * day)), [0, 0, 0, 1, 22]);
  assert.equal(priceAge(old, Date.parse('2026-11-01') - 30 * day), 36_500, 'a date that far ahead is a slip');
  assert.ok(isOutdated(old, Date.parse('2026-11-01') - 30 * day));
  assert.deepEqual([90, 91].map((days) => isOutdated(old, Date.parse('2026-11-01') + days * day)), [false, true]);
  assert.ok(isOutdated(line({ per_task: '1', valid_until: '2026-11-22' }), now));
});
