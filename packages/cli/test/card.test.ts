// The approval card: pinned as it reads, and held to its place whatever the agent writes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anomalies, type NeededBudget, type PendingView } from '@dewar/protocol';
import { bellFacts, neededBudgets, sampleBudget, sampleDigest, sampleJobBudget, samplePending, waitingJob } from '@dewar/client/test/samples';
import { card, sourceLines, type CardOptions } from '../src/card.ts';
import { escape, width } from '../src/escape.ts';
import { plain } from '../src/line.ts';
import { assertGolden } from './run-cli.ts';

const now = new Date('2026-11-23T07:01:00Z');
const shown = (pending: PendingView, options: Partial<CardOptions> = {}): string => card(pending, { now, ...options }).map((line) => plain(line).trimEnd()).join('\n');

test('the card of a practice job reads as pinned', () => assertGolden('card-practice.txt', `${shown(samplePending())}\n`));

const usd = (micros: number) => ({ currency: 'USD', micros });

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
  budgets: [{ ...sampleBudget, id: `project:${'p'.repeat(64)}/day/USD`, scope: 'project', name: 'p'.repeat(64), currency: 'USD', limit: usd(50_000_000), remaining_micros: -5_000_000, needs: usd(9_000_000_000) }],
  anomalies,
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
  assert.ok(lines.length <= 36, String(lines.length));
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

test('the card stays on one screen however much the agent writes', () => assert.ok(card(hostile, { now }).length <= 84, String(card(hostile, { now }).length)));

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
  assert.match(shown(samplePending()), /^Budget {4}all\/job 1\.2216 XTS of at most 10\.00 XTS a job \(practice money\)\n {10}all\/day 47\.50 XTS → 46\.2784 XTS left \(practice money\), at worst$/m);
});
test('practice words appear only for practice money', () => assert.doesNotMatch(shown(hostile), /practice/i));

const needs = (budget: Partial<NeededBudget>, micros = 1_221_600): NeededBudget => ({ ...sampleBudget, needs: { currency: budget.currency ?? 'XTS', micros }, ...budget });
const budgetOf = (budgets: readonly NeededBudget[], change: Partial<PendingView> = {}): string => /^Budget {4}(.*(?:\n {10}.*)*)/m.exec(shown(samplePending({ budgets, ...change })))?.[1]?.replaceAll(/\n {10}/g, ' ') ?? '';
const toneOf = (budgets: readonly NeededBudget[]): unknown => card(samplePending({ budgets }), { now }).find((line) => plain(line).startsWith('Budget'))?.[1];

test('a frozen budget is said first, in the tone of what is bad', () => {
  const frozen = needs({ id: 'session:default/total/XTS', scope: 'session', name: 'default', per: 'total', frozen: true });
  assert.match(budgetOf([...neededBudgets(1_221_600), frozen]), /^session:default\/total FROZEN after a bill above its reservation, so a yes would be denied: dewar budget thaw session:default\/total\/XTS all\/job /);
  assert.match(JSON.stringify(toneOf([needs({ frozen: true })])), /"tone":"bad"/);
});

test('a budget in another currency is told at the rate of today, and where there is none that a yes would be denied', () => {
  const quote = { kind: 'priced', amount: { currency: 'USD', micros: 9_000_000 }, basis: 'x', prices_dated: '2026-11-01' } as const;
  const euros = needs({ id: 'project:alpha/month/EUR', scope: 'project', name: 'alpha', per: 'month', currency: 'EUR', limit: { currency: 'EUR', micros: 50_000_000 } }, 8_770_001);
  const job = waitingJob({ quote });
  assert.equal(budgetOf([euros], { job }), 'project:alpha/month 47.50 EUR → 38.729999 EUR left, at worst (8.770001 EUR at today\'s rate)');
  for (const unknown of [{ ...euros, needs: null }, { ...euros, remaining_micros: null, reserved: null }]) assert.equal(budgetOf([unknown], { job }), 'project:alpha/month has no rate of today between USD and EUR, so a yes would be denied');
});

test('the tightest three are on the card, and the rest is counted', () => {
  const many = [50, 2, 40, 5, 30].map((units) => needs({ id: `project:p${units}/total/XTS`, scope: 'project', name: `p${units}`, per: 'total', remaining_micros: units * 1_000_000 }));
  assert.match(budgetOf(many), /^project:p2\/total .* project:p5\/total .* project:p30\/total .* and 2 more: dewar budget$/);
  assert.doesNotMatch(budgetOf(many.slice(0, 3)), /more/);
});

test('a budget that does not hold it, and none at all, say that a yes would be denied; a free job touches none', () => {
  assert.match(budgetOf([needs({ remaining_micros: 1_000_000 })]), /1\.00 XTS → -0\.2216 XTS left .*: a yes would be denied$/);
  assert.match(budgetOf([needs({ ...sampleJobBudget, remaining_micros: 1_000_000, limit: { currency: 'XTS', micros: 1_000_000 } })]), /1\.2216 XTS of at most 1\.00 XTS a job .*: a yes would be denied$/);
  assert.equal(budgetOf([]), 'none in XTS covers it, so a yes would be denied: dewar budget set');
  assert.equal(budgetOf([], { job: waitingJob({ quote: { kind: 'free', basis: 'x' } }) }), 'untouched: it is free');
});

test('what is unlike the session is said, and nothing where nothing is', () => {
  assert.doesNotMatch(shown(samplePending()), /Unusual/);
  const text = shown(samplePending({ anomalies }));
  assert.equal(/^Unusual {3}(.*(?:\n {10}.*)*)/m.exec(text)?.[1]?.replaceAll(/\n {10}/g, ' '), 'this program has not run on hardware before · the session is new to this device · ten times its usual price here or more · 30 jobs or more in ten minutes · at night');
});
test('an approval past its time is called expired', () => assert.match(shown(samplePending(), { now: new Date('2027-01-01') }), /\(expired\)/));
test('a drawing takes the place of the source', () => {
  const text = shown(samplePending({ drawing: 'q0 ─H─●─M\nq1 ───X─M' }));
  assert.match(text, /q0 ─H─●─M/);
  assert.doesNotMatch(text, /OPENQASM/);
});
test('source beyond 16 lines is counted', () => assert.match(shown(samplePending({ source: 'x\n'.repeat(20) })), /… 4 more lines/));
