// Gates that the compiler gets wrong are rewritten, and mean the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exactGates } from '../src/simulation/exact.ts';
import { practiceCalibration } from '../src/index.ts';
import { qasm3, simulateHere } from './fixture.ts';

describe('exactGates', () => {
  it('halves the angle before the compiler reduces it', () => {
    const { text } = exactGates('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\ncrz(-sin(0.3) * f(1, 2)) q[0], q[1];\n');
    assert.match(text, /dewar_crz\(\(-sin\(0\.3\) \* f\(1, 2\)\)\/2\) q\[0\], q\[1\];/);
    assert.match(text, /^OPENQASM 3\.0;\ninclude "stdgates\.inc"; gate dewar_crz\(half\) a, b \{.*\}\nqubit/);
  });

  it('leaves alone what it need not touch, comments, and gates that the program defines', () => {
    const source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ngate crz(t) a, b { cx a, b; }\nqubit[2] q;\n// cp(1) cu(\ncrz(-1) q[0], q[1]; rx(0.5) q[0]; ctrl @ x q[0], q[1];\n';
    assert.deepEqual(exactGates(source), { text: source, compilable: true });
  });

  it('never moves a line and never throws', () => {
    for (const source of ['', 'crz(', 'cu(1, ', 'crz(1;\nx q;', 'ctrl', 'ctrl @', 'crz((1)) q;', 'cp(constructor) q;', 'constructor(1);', 'gate']) {
      assert.equal(exactGates(source).text.split('\n').length, source.split('\n').length);
    }
  });

  for (const gate of ['p(0.7)', 'U(0.3, 0.4, 0.5)', 'cp(0.2)', 'mine', 'inv @ u1(0.7)']) {
    it(`goes shot by shot for a control on ${gate}, and not on the practice QPU`, async () => {
      const operands = gate === 'cp(0.2)' ? 'q[0], q[1], q[2]' : 'q[0], q[1]';
      const source = `${qasm3}gate mine a { p(0.7) a; }\nqubit[3] q;\nbit[3] c;\nx q[0];\nctrl @ ${gate} ${operands};\nc = measure q;\n`;
      assert.equal((await simulateHere(source, { qubits: 3, shots: 20 })).method, 'shot-by-shot');
      await assert.rejects(simulateHere(source, { qubits: 3, noise: practiceCalibration() }), { code: 'device_refused' });
    });
  }

  it('gives the controlled phase that interferes (QFT of 5 over three qubits, and back)', async () => {
    const qft = 'h q[2]; cp(pi/2) q[1], q[2]; cp(pi/4) q[0], q[2]; h q[1]; cp(pi/2) q[0], q[1]; h q[0]; swap q[0], q[2];';
    const back = 'swap q[0], q[2]; h q[0]; cp(-pi/2) q[0], q[1]; h q[1]; cp(-pi/4) q[0], q[2]; cp(-pi/2) q[1], q[2]; h q[2];';
    const result = await simulateHere(`${qasm3}qubit[3] q;\nbit[3] c;\nx q[0];\nx q[2];\n${qft}\n${back}\nc = measure q;\n`, { qubits: 3 });
    assert.deepEqual(result.byKey, { 101: 1000 });
  });

  const turns = '-2.0*pi';
  for (const [what, head, gates] of [
    ['a rotation', '', `ctrl @ rz(${turns}) q[0], q[1];`],
    ['a rotation under two controls', '', `x q[2]; ctrl(2) @ rx(${turns}) q[0], q[2], q[1];`],
    ['a gate of the program that holds one', 'gate own(w) a { h a; ry(w/2) a; h a; }', `ctrl @ own(2*(${turns})) q[0], q[1];`],
    ['a gate that controls one itself', 'gate own(w) a, b { negctrl @ rx(w) a, b; }', `x q[0]; own(${turns}) q[0], q[1];`],
    ['a gate with a block before it', 'gate own(w) a { for int i in [0:1] { x a; } rx(w) a; }', `ctrl @ own(${turns}) q[0], q[1];`],
    ['a gate two definitions down', 'gate low(w) a { rz(-w) a; }\ngate own(w) a { low(w) a; }', `ctrl @ own(${turns}) q[0], q[1];`],
  ] as const) {
    it(`keeps the sign of a whole negative turn under a control, for ${what}`, async () => {
      const result = await simulateHere(`${qasm3}${head}\nqubit[3] q;\nbit c;\nh q[0];\n${gates}\nh q[0];\nc = measure q[0];\n`, { qubits: 3, shots: 30 });
      assert.deepEqual(result.byKey, { 1: 30 });
    });
  }

  it('keeps the phase of csx (four of them are the identity, two are cx)', async () => {
    const source = (csx: string): string => `OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q[0];\nx q[1];\nh q[1];\n${csx}\nh q[1];\nh q[0];\nmeasure q -> c;\n`;
    assert.deepEqual((await simulateHere(source('csx q[0],q[1];\ncsx q[0],q[1];'), { shots: 100 })).byKey, { 11: 100 });
    assert.deepEqual((await simulateHere(source('csx q[0],q[1];\ncsx q[0],q[1];\ncsx q[0],q[1];\ncsx q[0],q[1];'), { shots: 100 })).byKey, { 10: 100 });
  });

  for (const [what, line] of [
    ['pow of a gate with parameters', 'pow(2) @ rx(0.3) q[0];'],
    ['pow of the program\'s own gate with parameters', 'ctrl @ pow(2) @ f(0.3) q[0], q[1];'],
    ['u3 under a control', 'ctrl @ u3(0.1, 0.2, 0.3) q[0], q[1];'],
    ['u2 in a controlled gate', 'negctrl @ g q[0], q[1];'],
    ['a variable for a parameter that is halved', 'for int i in [0:1] { f(-i*0.5) q[i]; }'],
  ] as const) {
    it(`refuses ${what}, which the compiler gets wrong, and says what would pass`, async () => {
      const source = `${qasm3}gate f(t) a { ry(t/2) a; }\ngate g a { u2(0.1, 0.2) a; }\nqubit[2] q;\nbit[2] c;\n${line}\nc = measure q;\n`;
      await assert.rejects(simulateHere(source, { shots: 10 }), { code: 'program_invalid', message: /line \d: / });
    });
  }
});
