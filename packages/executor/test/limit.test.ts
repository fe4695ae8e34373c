// What cannot run is told beforehand, with what would pass.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProgramFacts } from '@dewar/protocol';
import { practiceCalibration, practiceLimit, simulatorLimit } from '../src/index.ts';
import { factsOf } from './fixture.ts';

const calibration = practiceCalibration();
const refused: readonly { what: string; facts: Partial<ProgramFacts>; says: RegExp }[] = [
  { what: 'a slip in the text', facts: { confidence: 'unknown', notes: [{ line: 2, text: 'an unknown gate' }, { line: 6, text: 'a statement that could not be read' }] }, says: /line 6 is not OpenQASM that can be read/ },
  { what: 'facts that are not sure', facts: { confidence: 'unknown', notes: [{ line: 7, text: 'index from input' }] }, says: /line 7: index from input/ },
  { what: 'a loop without a bound', facts: { unbounded_loop: true }, says: /for loop over a fixed range/ },
  { what: 'pulse blocks', facts: { pulse: true }, says: /pulse/ },
  { what: 'inputs', facts: { inputs: [{ name: 'theta', type: 'float' }] }, says: /inputs \(theta\)/ },
  { what: 'externs', facts: { externs: ['decode'] }, says: /extern decode/ },
  { what: 'a program that measures nothing', facts: { measurements: 0 }, says: /measures nothing/ },
];

describe('simulatorLimit', () => {
  it('runs static circuits up to 24 qubits', () => {
    assert.equal(simulatorLimit(factsOf(), { shots: 1024, points: 1, timeLimit: 60 }), null);
    assert.equal(simulatorLimit(factsOf({ qubits: 24 }), { shots: 1024, points: 1, timeLimit: 60 }), null);
    assert.match(simulatorLimit(factsOf({ qubits: 25 }), { shots: 1024, points: 1, timeLimit: 60 }) ?? '', /25 qubits and the simulator holds 24; use 24/);
  });

  for (const { what, facts, says } of refused) {
    it(`refuses ${what}`, () => assert.match(simulatorLimit(factsOf(facts), { shots: 1, points: 1, timeLimit: 3600 }) ?? '', says));
  }

  it('runs small dynamic circuits, and says how many shots of a large one would pass', () => {
    const dynamic = factsOf({ dynamic: true, qubits: 5, operations: 20 });
    assert.equal(simulatorLimit(dynamic, { shots: 1024, points: 1, timeLimit: 60 }), null);
    const large = { ...dynamic, qubits: 18, operations: 100 };
    const reason = simulatorLimit(large, { shots: 1024, points: 1, timeLimit: 60 }) ?? '';
    const passing = Number(/take (\d+) shots or fewer/.exec(reason)?.[1]);
    const seconds = Number(/set time_limit_s to (\d+)/.exec(reason)?.[1]);
    assert.ok(passing > 0, reason);
    assert.equal(simulatorLimit(large, { shots: passing, points: 1, timeLimit: 60 }), null);
    assert.notEqual(simulatorLimit(large, { shots: passing + 1, points: 1, timeLimit: 60 }), null);
    assert.equal(simulatorLimit(large, { shots: 1024, points: 1, timeLimit: seconds }), null);
  });

  it('does not count a measurement on the way as classical control', () => {
    assert.equal(simulatorLimit(factsOf({ mid_circuit_measurement: true, qubits: 16, measurements: 4, operations: 100 }), { shots: 100_000, points: 1, timeLimit: 60 }), null);
    assert.notEqual(simulatorLimit(factsOf({ mid_circuit_measurement: true, qubits: 22, measurements: 9, operations: 100 }), { shots: 100_000, points: 1, timeLimit: 60 }), null);
  });

  it('refuses what may not fit in results', () => {
    const wide = factsOf({ qubits: 21, clbits: 21, measurements: 21 });
    assert.equal(simulatorLimit(wide, { shots: 2 ** 20, points: 1, timeLimit: 60 }), null);
    assert.match(simulatorLimit(wide, { shots: 2 ** 20 + 1, points: 1, timeLimit: 60 }) ?? '', /take 1048576 shots or fewer/);
    assert.equal(simulatorLimit(factsOf(), { shots: 2 ** 20 + 1, points: 1, timeLimit: 60 }), null);
  });

  it('refuses counts so large that they mean nothing, without breaking', () => {
    const huge = factsOf({ operations: Number.MAX_SAFE_INTEGER, measurements: Number.MAX_SAFE_INTEGER, resets: Number.MAX_SAFE_INTEGER });
    assert.match(simulatorLimit(huge, { shots: 1, points: 1, timeLimit: 86_400 }) ?? '', /would take/);
    assert.match(practiceLimit({ ...huge, resets: 0 }, { shots: 1, points: 1, timeLimit: 86_400 }, calibration) ?? '', /would take/);
  });
});

describe('practiceLimit', () => {
  it('runs static circuits up to its 16 qubits', () => {
    assert.equal(practiceLimit(factsOf(), { shots: 10_000, points: 1, timeLimit: 60 }, calibration), null);
    assert.equal(practiceLimit(factsOf({ qubits: 16 }), { shots: 1024, points: 1, timeLimit: 60 }, calibration), null);
    assert.match(practiceLimit(factsOf({ qubits: 17 }), { shots: 1024, points: 1, timeLimit: 60 }, calibration) ?? '', /practice-qpu has 16/);
  });

  it('knows its own qubit numbers', () => {
    assert.equal(practiceLimit(factsOf({ physical_qubits: [3, 15] }), { shots: 10, points: 1, timeLimit: 60 }, calibration), null);
    assert.match(practiceLimit(factsOf({ physical_qubits: [3, 16] }), { shots: 10, points: 1, timeLimit: 60 }, calibration) ?? '', /no qubit \$16; use \$0 to \$15/);
  });

  for (const { what, facts, says } of refused) {
    it(`refuses ${what}`, () => assert.match(practiceLimit(factsOf(facts), { shots: 1, points: 1, timeLimit: 3600 }, calibration) ?? '', says));
  }

  for (const facts of [{ dynamic: true }, { mid_circuit_measurement: true }, { resets: 1 }] as const) {
    it(`refuses ${Object.keys(facts)[0]} in this release`, () => assert.match(practiceLimit(factsOf(facts), { shots: 1, points: 1, timeLimit: 3600 }, calibration) ?? '', /this release of practice-qpu has no/));
  }

  it('says how many shots of a long run would pass', () => {
    const long = factsOf({ qubits: 16, one_qubit_gates: 400, two_qubit_gates: 400, operations: 816 });
    const reason = practiceLimit(long, { shots: 100_000, points: 1, timeLimit: 60 }, calibration) ?? '';
    const passing = Number(/take (\d+) shots or fewer/.exec(reason)?.[1]);
    assert.ok(passing > 0, reason);
    assert.equal(practiceLimit(long, { shots: passing, points: 1, timeLimit: 60 }, calibration), null);
  });
});
