// How many decisions a second the default policy gives, from a closed input to an ordered answer.
// Usage: node bench/decision.ts [--count N].
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { PolicyInput } from '@dewar/protocol';
import { sha256 } from '../packages/broker/src/adapters/system.ts';
import { decideOn } from '../packages/policy/src/decide.ts';
import { readStoredPolicy } from '../packages/policy/src/stored.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '2000' } } });
const count = Math.max(1, Number(values.count) || 1);

const digest = `sha256:${'0'.repeat(64)}` as const;
const simulator: PolicyInput = {
  version: 2, backend: 'simulator', shots: 1024, shots_per_point: 1024, points: 1, max_cost: null, max_cost_micros: null, time_limit_s: 60, lane: 'interactive', image: null, packages: [], artifacts: [{ digest, stored: true }], program_digest: digest,
  device: { name: 'simulator', kind: 'simulator', practice: false, max_qubits: 24, on_premises: true, limit: null }, on_premises_qpus: [],
  facts: {
    analyser: 'openqasm/1.0.0', language: 'qasm3', qubits: 2, clbits: 2, physical_qubits: [], gates: { h: 1, cx: 1 }, operations: 4, one_qubit_gates: 1, two_qubit_gates: 1, multi_qubit_gates: 0,
    measurements: 2, resets: 0, depth: 3, mid_circuit_measurement: false, dynamic: false, unbounded_loop: false, pulse: false, pragmas: [], includes: ['stdgates.inc'], externs: [], inputs: [],
    confidence: 'exact', notes: [], simulated_before: true, simulatable: true, simulator_limit: null,
  },
  quote: { kind: 'free', amount_micros: 0, currency: null, age_days: null }, session: { name: 'default', containment: 'uncontained', user: 'ada', project: null },
  time: { at: '2026-11-27T12:00:00.000Z', zone: 'UTC', weekday: 5, hour: 12, minute: 0 }, envelope: null, anomalies: [],
  budgets: [], frozen: false,
};
const hardware: PolicyInput = {
  ...simulator, backend: 'practice-qpu', device: { name: 'practice-qpu', kind: 'qpu', practice: true, max_qubits: 16, on_premises: false, limit: null },
  quote: { kind: 'priced', amount_micros: 1_221_600, currency: 'XTS', age_days: 26 },
  budgets: [{ id: 'all/day/XTS', scope: 'all', name: null, per: 'day', currency: 'XTS', limit_micros: 50_000_000, remaining_micros: 50_000_000, needs_micros: 1_221_600, frozen: false }],
};
const cases: readonly (readonly [string, PolicyInput])[] = [['allow: a simulator', simulator], ['ask: hardware', hardware], ['deny: a million shots', { ...hardware, shots: 1_000_000, shots_per_point: 1_000_000 }]];

const started = performance.now();
const { policy } = await readStoredPolicy(fileURLToPath(new URL('../policies/default/quantum_policy.bundle.json', import.meta.url)));
console.log(`policy loaded in ${(performance.now() - started).toFixed(0)} ms; ${count} decisions a row\n`);
console.log('decision                    a second    median ms    99th ms');
for (const [name, input] of cases) {
  for (let warm = 0; warm < Math.min(count, 200); warm += 1) decideOn(policy, input, sha256);
  const times: number[] = [];
  let effect = '';
  for (let index = 0; index < count; index += 1) {
    const before = performance.now();
    ({ effect } = decideOn(policy, input, sha256));
    times.push(performance.now() - before);
  }
  if (!name.startsWith(effect)) throw new Error(`${name} was decided as ${effect}`);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(3);
  const perSecond = Math.round(1000 / (times.reduce((sum, time) => sum + time, 0) / times.length));
  console.log(`${name.padEnd(24)}  ${String(perSecond).padStart(10)}   ${at(0.5).padStart(10)}   ${at(0.99).padStart(8)}`);
}
