// The approval card: pinned as it reads, and held to its place whatever the agent writes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingView } from '@dewar/protocol';
import { bellFacts, sampleBudget, sampleDigest, samplePending, waitingJob } from '@dewar/client/test/samples';
import { card, sourceLines, type CardOptions } from '../src/card.ts';
import { escape, width } from '../src/escape.ts';
import { plain } from '../src/line.ts';
import { assertGolden } from './run-cli.ts';

const now = new Date('2026-11-23T07:01:00Z');
const shown = (pending: PendingView, options: Partial<CardOptions> = {}): string => card(pending, { now, ...options }).map((line) => plain(line).trimEnd()).join('\n');

test('the card of a practice job reads as pinned', () => assertGolden('card-practice.txt', `${shown(samplePending())}\n`));

const hostile = samplePending({
  job: waitingJob({
    spec: { ...waitingJob().spec, job_name: 'Price free Approve? Type yes', tags: ['—'.repeat(60)], agent: { note: 'x'.repeat(256), b: '漢'.repeat(200) } },
    device: { name: 'evil\u001b[2J\n\u202eQPU', kind: 'qpu', practice: false, max_qubits: 127 },
    quote: { kind: 'priced', amount: { currency: 'USD', micros: 9_000_000_000 }, basis: 'b'.repeat(300), prices_dated: '2026-11-01' },
    facts: {
      ...bellFacts, qubits: 127, two_qubit_gates: 9_007_199_254_740_991, confidence: 'unknown', unbounded_loop: true, pulse: true, dynamic: true, mid_circuit_measurement: true, simulated_before: false,
      multi_qubit_gates: 3, pragmas: ['braket\u001b]0;x\u0007'], externs: ['f'], notes: Array.from({ length: 20 }, (_, line) => ({ line, text: '\u001b[1A'.repeat(50) })),
    },
    decision: {
      ...waitingJob().decision,
      reasons: Array.from({ length: 20 }, (_, index) => ({ rule: `rule.${index}`, effect: 'ask' as const, message: 'm'.repeat(500), fix: 'f\u0007'.repeat(200) })),
    },
  }),
  source: `OPENQASM 3.0;\u001b[2J\n${'// \u202e\u200b\tlong '.repeat(50)}\r\rx\n`.repeat(40),
  budget: { ...sampleBudget, currency: 'USD', day_remaining: { currency: 'USD', micros: -5_000_000 } },
});

test('the card of a hostile job on real hardware reads as pinned', () => assertGolden('card-hostile.txt', `${shown(hostile)}\n`));

test('nothing that the agent wrote can leave its line, its column or its label', () => {
  for (const columns of [40, 60, 80, 300]) {
    for (const line of card(hostile, { now, columns })) {
      const text = plain(line);
      assert.equal(text, escape(text), 'no character that a terminal obeys');
      assert.ok(width(text) <= Math.min(80, columns), text);
    }
  }
});

test('what else the yes binds is on the card: data, image, packages, limits', () => {
  const spec = { ...waitingJob().spec, data: [sampleDigest('9'), 'file:/home/p/data/a.csv'], image: 'quantum-runner:1.2.0', packages: ['qiskit==2.1.0', 'numpy==2.3.1'], time_limit_s: 120, max_cost: 1.5 };
  const text = shown(samplePending({ job: waitingJob({ spec }) }));
  assert.match(text, /^Data {6}2 items: 999999999999, file:\/home\/p\/data\/a\.csv$/m);
  assert.match(text, /^Image {5}\(unverified\) quantum-runner:1\.2\.0$/m);
  assert.match(text, /^Packages {2}2, not installed: qiskit==2\.1\.0, numpy==2\.3\.1$/m);
  assert.match(text, /^Limits {4}stopped after 120 s · refused above 1\.5 XTS$/m);
  assert.ok(text.split('\n').length <= 32, 'an ordinary job takes one screen');
});

test('the largest lists take three lines each at the most, and say how many there are', () => {
  const spec = { ...waitingJob().spec, data: Array.from({ length: 64 }, () => `file:/${'d'.repeat(4000)}`), image: `i${'m'.repeat(254)}`, packages: Array.from({ length: 64 }, () => 'a==1') };
  const lines = card(samplePending({ job: waitingJob({ spec }) }), { now }).map(plain);
  assert.ok(lines.length <= 34, String(lines.length));
  for (const line of lines) assert.ok(width(line) <= 80, line);
  assert.match(lines.join('\n'), /64 items:/);
});

test('a program that cannot be read is said in its place', () => {
  const broken = samplePending({ source: '', source_error: `the stored bytes have changed\u001b[2J${'x'.repeat(900)}` });
  for (const lines of [card(broken, { now }), sourceLines(broken, 80)]) {
    const at = lines.find((line) => plain(line).startsWith('The stored program cannot be read: the stored bytes'));
    assert.ok(Array.isArray(at) && typeof at[0] === 'object' && at[0].tone === 'bad');
    for (const line of lines) assert.ok(width(plain(line)) <= 80 && plain(line) === escape(plain(line)));
  }
});

test('the whole source has every line with its number, whole', () => {
  const source = `${Array.from({ length: 1200 }, (_, index) => `// ${index} ${'x'.repeat(200)}`).join('\r\n')}\n`;
  const lines = sourceLines(samplePending({ source, drawing: 'q0 ─H' }), 80).map(plain);
  assert.equal(lines.length, 1200);
  assert.equal(lines[1199], `1200  // 1199 ${'x'.repeat(200)}`);
});

test('the card stays on one screen however much the agent writes', () => assert.ok(card(hostile, { now }).length <= 80, String(card(hostile, { now }).length)));

const headlines: [string, PendingView['job']['device'], RegExp][] = [
  ['a simulator', { name: 'simulator', kind: 'simulator', practice: false, max_qubits: 24 }, /wants SIMULATOR: simulator/],
  ['the practice QPU', { name: 'practice-qpu', kind: 'qpu', practice: true, max_qubits: 5 }, /wants PRACTICE hardware: practice-qpu/],
  ['real hardware', { name: 'qpu-1', kind: 'qpu', practice: false, max_qubits: 127 }, /wants HARDWARE: qpu-1/],
];
for (const [name, device, pattern] of headlines) {
  test(`the headline names ${name} as what it is`, () => assert.match(shown(samplePending({ job: waitingJob({ device }) })).split('\n')[0] ?? '', pattern));
}

test('an alias is shown beside the device that it means', () => assert.match(shown(samplePending()), /ibmq_qpu_1, which the configuration sets to practice-qpu/));
test('the price is an upper bound, and the budget is shown before and after', () => {
  assert.match(shown(samplePending()), /at most 1\.2216 XTS \(practice money\)/);
  assert.match(shown(samplePending()), /47\.50 XTS → 46\.2784 XTS left today \(practice money\), at worst/);
});
test('practice words appear only for practice money', () => assert.doesNotMatch(shown(hostile), /practice/i));
test('a frozen budget is said', () => assert.match(shown(samplePending({ budget: { ...sampleBudget, frozen: true } })), /FROZEN/));
test('a price in another currency is not subtracted', () => {
  const job = waitingJob({ quote: { kind: 'priced', amount: { currency: 'USD', micros: 1 }, basis: 'x', prices_dated: '2026-11-01' } });
  assert.match(shown(samplePending({ job })), /this job is priced in USD/);
});
test('an approval past its time is called expired', () => assert.match(shown(samplePending(), { now: new Date('2027-01-01') }), /\(expired\)/));
test('a drawing takes the place of the source', () => {
  const text = shown(samplePending({ drawing: 'q0 ─H─●─M\nq1 ───X─M' }));
  assert.match(text, /q0 ─H─●─M/);
  assert.doesNotMatch(text, /OPENQASM/);
});
test('source beyond 16 lines is counted', () => assert.match(shown(samplePending({ source: 'x\n'.repeat(20) })), /… 4 more lines/));
