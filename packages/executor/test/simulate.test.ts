// Whole programs on the simulator: counts, bit order, refusals.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { qasm3, simulateHere } from './fixture.ts';

const cases: readonly { promise: string; source: string; registers: string; counts: Record<string, number>; method?: string; dynamic?: boolean; qubits?: number }[] = [
  { promise: 'a Bell pair', source: 'qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c = measure q;', registers: 'c2', counts: { '00': 499, '11': 501 } },
  { promise: 'GHZ on five qubits', source: 'qubit[5] q; bit[5] c; h q[0]; for int i in [0:3] { cx q[i], q[i + 1]; } c = measure q;', registers: 'c5', counts: { '00000': 499, '11111': 501 } },
  { promise: 'bit 0 is rightmost', source: 'qubit[3] q; bit[3] c; x q[0]; c = measure q;', registers: 'c3', counts: { '001': 1000 } },
  { promise: 'the first register is rightmost', source: 'bit[2] a; bit[3] b; qubit[5] q; x q[0]; x q[2]; x q[3]; a = measure q[0:1]; b = measure q[2:4];', registers: 'a2 b3', counts: { '011 01': 1000 } },
  { promise: 'measuring in shuffled order fills the bits named', source: 'qubit[3] q; bit[3] c; x q[0]; x q[1]; c[2] = measure q[0]; c[0] = measure q[2]; c[1] = measure q[1];', registers: 'c3', counts: { '110': 1000 } },
  { promise: 'unmeasured bits are 0', source: 'qubit[3] q; bit[3] c; bit d; x q; c[1] = measure q[1];', registers: 'c3 d1', counts: { '0 010': 1000 } },
  { promise: 'a measurement without a bit counts for nothing', source: 'qubit[2] q; bit c; x q[0]; measure q[0]; c = measure q[1];', registers: 'c1', counts: { '0': 1000 } },
  { promise: 'other classical variables are no registers', source: 'int i = 3; const uint n = 2; float f = 0.5; qubit[n] q; bit[n] c; rx(f * i * pi) q[0]; x q[1]; c = measure q;', registers: 'c2', counts: { '10': 499, '11': 501 } },
  { promise: 'declared with a measurement', source: 'qubit[2] q; x q[0]; bit[2] c = measure q; bit d = measure q[0];', registers: 'c2 d1', counts: { '1 01': 1000 } },
  { promise: 'outputs are registers like the others', source: 'output bit[2] a; bit b; qubit[2] q; x q[1]; a = measure q; b = measure q[1];', registers: 'a2 b1', counts: { '1 10': 1000 } },
  { promise: 'bits inside a subroutine or block are no registers', source: 'def f(qubit a) -> bit { bit r; r = measure a; return r; } qubit q; x q; bit c; c = f(q); { bit inner; inner = measure q; }', registers: 'c1', counts: { '1': 1000 } },
  { promise: 'old-style registers in OpenQASM 3', source: 'qreg q[2]; creg c[2]; x q[1]; c = measure q;', registers: 'c2', counts: { '10': 1000 } },
  { promise: 'a qubit measured twice', source: 'qubit q; bit[2] c; x q; c[0] = measure q; x q; c[1] = measure q;', registers: 'c2', counts: { '01': 1000 }, qubits: 1 },
  { promise: 'reset on the way', source: 'qubit[2] q; bit[2] c; x q; reset q[0]; c = measure q;', registers: 'c2', counts: { '10': 1000 } },
  { promise: 'reset of one half of a pair leaves the other mixed', source: 'qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; reset q[0]; c = measure q;', registers: 'c2', counts: { '00': 499, '10': 501 } },
  { promise: 'hardware qubits', source: 'bit[2] c; x $7; h $3; c[0] = measure $3; c[1] = measure $7;', registers: 'c2', counts: { '10': 499, '11': 501 } },
  { promise: 'a barrier changes nothing', source: 'qubit[2] q; bit[2] c; x q[0]; barrier q; c = measure q;', registers: 'c2', counts: { '01': 1000 } },
  { promise: 'classical control runs shot by shot', source: 'qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; if (c[0] == 1) { x q[1]; } c[1] = measure q[1];', registers: 'c2', counts: { '11': 1000 }, dynamic: true, method: 'shot-by-shot' },
  { promise: 'shot by shot has the same order', source: 'bit[2] a; bit b; int i = 7; qubit[3] q; x q[0]; x q[2]; a[0] = measure q[1]; a[1] = measure q[0]; if (a[1] == 1) { b = measure q[2]; }', registers: 'a2 b1', counts: { '1 10': 1000 }, dynamic: true, method: 'shot-by-shot' },
  { promise: 'what the base profile cannot say runs shot by shot though nobody said it is dynamic', source: 'qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; if (c[0] == 1) { x q[1]; } c[1] = measure q[1];', registers: 'c2', counts: { '11': 1000 }, method: 'shot-by-shot' },
];

const lines = (text: string): string => text.replaceAll('; ', ';\n');

describe('simulate', () => {
  for (const { promise, source, registers, counts, method, dynamic, qubits } of cases) {
    it(promise, async () => {
      const result = await simulateHere(`${qasm3}${lines(source)}\n`, { qubits: qubits ?? 5, dynamic: dynamic ?? false });
      assert.deepEqual(result.byKey, counts);
      assert.equal(result.registers.map(({ name, size }) => `${name}${size}`).join(' '), registers);
      assert.equal(result.method, method ?? 'state-vector');
    });
  }

  it('OpenQASM 2, partly measured, two registers', async () => {
    const result = await simulateHere('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[2];\ncreg d[1];\nx q[0];\nmeasure q[0] -> c[1];\n', { qubits: 3 });
    assert.deepEqual(result.byKey, { '0 10': 1000 });
    assert.deepEqual(result.registers, [{ name: 'c', size: 2 }, { name: 'd', size: 1 }]);
  });

  it('OpenQASM 2 numbers with exponents and leading points are taken as they are', async () => {
    const result = await simulateHere('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[1];\ncreg c[1];\nrx(1e-8) q[0];\nrx(.5e1) q[0];\nrx(-5) q[0];\nrz(.25) q[0];\nrx(2.5E+0*0) q[0];\nmeasure q[0] -> c[0];\n', { qubits: 1 });
    assert.deepEqual(result.byKey, { 0: 1000 });
  });

  it('holds wide programs whose gates touch few qubits', async () => {
    const result = await simulateHere(`${qasm3}qubit[40] q;\nbit[40] c;\nx q[39];\nc = measure q;\n`, { qubits: 40 });
    assert.deepEqual(result.byKey, { [`1${'0'.repeat(39)}`]: 1000 });
  });

  it('changes with the seed and with nothing else', async () => {
    const source = `${qasm3}qubit[4] q;\nbit[4] c;\nh q;\nc = measure q;\n`;
    const [first, again, other] = [await simulateHere(source), await simulateHere(source), await simulateHere(source, { seed: 43 })];
    assert.deepEqual(first, again);
    assert.notDeepEqual(first.counts, other.counts);
    assert.deepEqual(first.keys, first.keys.toSorted());
  });

  it('refuses a program that measures nothing', async () => {
    const refusal = { code: 'program_invalid', message: /measures nothing/ };
    await assert.rejects(simulateHere(`${qasm3}qubit q;\nh q;\n`, { measurements: 0 }), refusal);
    await assert.rejects(simulateHere(`${qasm3}qubit q;\nbit c;\nh q;\n`, { measurements: 0 }), refusal);
    await assert.rejects(simulateHere(`${qasm3}qubit q;\nh q;\nmeasure q;\n`), refusal);
  });

  it('names the line of an error, also after registers were rewritten', async () => {
    await assert.rejects(simulateHere(`${qasm3}bit[2]\n  c; // two\nqubit[2] q;\nnosuchgate q[0];\nc = measure q;\n`), { code: 'program_invalid', got: 'line 6' });
  });

  it('refuses more qubits than it holds', async () => {
    await assert.rejects(simulateHere(`${qasm3}qubit[25] q;\nbit[25] c;\nh q;\nc = measure q;\n`, { qubits: 25 }), { code: 'run_too_large' });
  });
});
