// The practice QPU's noise: as the calibration says, the same for the same seed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { practiceCalibration, type Calibration } from '../src/index.ts';
import { pathBetween } from '../src/calibration.ts';
import { bell, qasm3, simulateHere } from './fixture.ts';

const practice = practiceCalibration();
const quiet: Calibration = {
  ...practice, qubits: practice.qubits.map(() => ({ gate_error: 0, read_1_when_0: 0, read_0_when_1: 0 })), coupling: practice.coupling.map(({ pair }) => ({ pair, error: 0 })),
};
const withPair = (a: number, b: number, error: number): Calibration => ({ ...quiet, coupling: quiet.coupling.map((edge) => (edge.pair.join() === `${a},${b}` ? { ...edge, error } : edge)) });

describe('the practice QPU', () => {
  it('gives the counts it always gave for a Bell pair', async () => {
    const result = await simulateHere(bell, { noise: practice });
    assert.deepEqual(result.byKey, { '00': 489, '01': 9, '10': 21, '11': 481 });
    assert.equal(result.method, 'noisy-trajectories');
    assert.deepEqual(await simulateHere(bell, { noise: practice }), result);
  });

  it('without errors is the ideal circuit, also for gates that it writes out', async () => {
    const source = `${qasm3}qubit[4] q;\nbit[4] c;\nx q[0];\nx q[3];\nccx q[0], q[3], q[1];\nswap q[1], q[2];\nccx q[1], q[0], q[3];\nc = measure q;\n`;
    assert.deepEqual((await simulateHere(source, { noise: quiet, qubits: 4 })).byKey, { 1101: 1000 });
  });

  it('flips readings one way and the other as the calibration says', async () => {
    const always = (qubit: Partial<Calibration['qubits'][number]>): Calibration => ({ ...quiet, qubits: quiet.qubits.map((old) => ({ ...old, ...qubit })) });
    const source = `${qasm3}qubit[2] q;\nbit[2] c;\nx q[0];\nc = measure q;\n`;
    assert.deepEqual((await simulateHere(source, { noise: always({ read_1_when_0: 1 }) })).byKey, { '11': 1000 });
    assert.deepEqual((await simulateHere(source, { noise: always({ read_0_when_1: 1 }) })).byKey, { '00': 1000 });
  });

  it('never misreads a bit that was not measured', async () => {
    const always = { ...quiet, qubits: quiet.qubits.map((old) => ({ ...old, read_1_when_0: 1 })) };
    const result = await simulateHere(`${qasm3}qubit[2] q;\nbit[3] c;\nx q[0];\nc[1] = measure q[1];\n`, { noise: always });
    assert.deepEqual(result.byKey, { '010': 1000 });
  });

  it('strikes two of three one-qubit Paulis as a flip of a measured 0', async () => {
    const struck = { ...quiet, qubits: quiet.qubits.map((old) => ({ ...old, gate_error: 1 })) };
    const { byKey } = await simulateHere(`${qasm3}qubit q;\nbit c;\nz q;\nc = measure q;\n`, { noise: struck, qubits: 1, shots: 9000 });
    // 6000 expected, standard deviation 45.
    assert.ok(Math.abs((byKey['1'] ?? 0) - 6000) < 6 * 45, `${byKey['1']}`);
  });

  it('strikes two-qubit errors evenly over the fifteen Paulis', async () => {
    const { byKey } = await simulateHere(`${qasm3}qubit[2] q;\nbit[2] c;\ncz q[0], q[1];\nc = measure q;\n`, { noise: withPair(0, 1, 1), shots: 15_000 });
    // Three of fifteen leave both bits, four of fifteen lead to each other value; standard deviation at most 55.
    for (const [key, expected] of [['00', 3000], ['01', 4000], ['10', 4000], ['11', 4000]] as const) assert.ok(Math.abs((byKey[key] ?? 0) - expected) < 6 * 55, `${key}: ${byKey[key]}`);
  });

  it('makes virtual qubits that are not coupled pay for the way', async () => {
    assert.deepEqual(pathBetween(quiet, 0, 2), [0, 1, 2]);
    const source = `${qasm3}qubit[3] q;\nbit[3] c;\ncz q[0], q[2];\nc = measure q;\n`;
    assert.deepEqual((await simulateHere(source, { noise: quiet, qubits: 3 })).byKey, { '000': 1000 });
    // Only the hop 0-1 errs: six cx there and back strike q[0], though no gate names q[1].
    const { byKey } = await simulateHere(source, { noise: withPair(0, 1, 0.05), qubits: 3 });
    assert.ok((byKey['000'] ?? 0) < 950 && (byKey['001'] ?? 0) > 30, JSON.stringify(byKey));
  });

  it('refuses a $n program on a pair that is not coupled, and runs one that is', async () => {
    const program = (a: number, b: number): string => `${qasm3}bit[2] c;\nx $${a};\ncx $${a}, $${b};\nc[0] = measure $${a};\nc[1] = measure $${b};\n`;
    await assert.rejects(simulateHere(program(3, 5), { noise: quiet }), { code: 'device_refused', got: 'a two-qubit gate on $3, $5' });
    assert.deepEqual((await simulateHere(program(3, 7), { noise: quiet })).byKey, { '11': 1000 });
    await assert.rejects(simulateHere(program(3, 16), { noise: quiet }), { code: 'device_refused' });
  });

  it('reads a $n program with the errors of those device qubits', async () => {
    const one = { ...quiet, qubits: quiet.qubits.map((old, index) => (index === 7 ? { ...old, read_1_when_0: 1 } : old)) };
    assert.deepEqual((await simulateHere(`${qasm3}bit[2] c;\nx $3;\nc[0] = measure $3;\nc[1] = measure $7;\n`, { noise: one })).byKey, { '11': 1000 });
  });

  it('refuses classical control, and measurement on the way', async () => {
    const source = `${qasm3}qubit[2] q;\nbit[2] c;\nh q[0];\nc[0] = measure q[0];\nif (c[0] == 1) { x q[1]; }\nc[1] = measure q[1];\n`;
    await assert.rejects(simulateHere(source, { noise: quiet, dynamic: true }), { code: 'device_refused' });
    await assert.rejects(simulateHere(`${qasm3}qubit q;\nbit[2] c;\nc[0] = measure q;\nx q;\nc[1] = measure q;\n`, { noise: quiet, qubits: 1 }), { code: 'device_refused' });
  });
});
