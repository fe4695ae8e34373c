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
    const source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ngate crz(t) a, b { cx a, b; }\nqubit[2] q;\n// cp(1) cu(\ncrz(-1) q[0], q[1]; ctrl @ rx(0.5) q[0], q[1];\n';
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
});
