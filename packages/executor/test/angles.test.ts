// Gate parameters that the compiler would reduce are written out beforehand, and mean the same.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { exactAngles } from '../src/simulation/angles.ts';
import { exactGates } from '../src/simulation/exact.ts';
import { apply } from '../src/simulation/gates.ts';
import { readQir } from '../src/simulation/qir.ts';
import { at, positionsOf } from '../src/simulation/sample.ts';
import { StateVector } from '../src/simulation/state-vector.ts';
import { probabilities, steps, type Step } from './dense.ts';
import { compileHere, qasm3 } from './fixture.ts';

const old = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n';
const now = `${qasm3}qubit[2] q;\nbit[2] c;\n`;
const before = [steps.general(0.7, 0.2, 1.1, 0), steps.general(1.2, -0.4, 0.3, 1)];

async function probabilitiesOf(source: string): Promise<number[]> {
  const program = readQir(await compileHere(exactGates(exactAngles(source).text).text));
  const positions = positionsOf(program);
  const state = new StateVector(positions.size);
  for (const gate of program.gates) apply(state, gate, at(positions, gate.qubits));
  return [...state.re].map((re, index) => re ** 2 + (state.im[index] ?? 0) ** 2);
}

const cases: readonly { what: string; head: string; gates: string; same: readonly Step[] }[] = [
  { what: 'half of a negative parameter', head: now, gates: 'gate f(t) a { ry(t/2) a; }\nf(-0.9) q[0];', same: [steps.rotated('ry', -0.45, 0)] },
  { what: 'a parameter past 2π', head: now, gates: 'gate f(t) a { ry(t/2) a; }\nf(9.0) q[0];', same: [steps.rotated('ry', 4.5, 0)] },
  { what: 'a scaled parameter', head: now, gates: 'gate f(t) a { ry(0.3*t) a; }\nf(-2.0) q[0];', same: [steps.rotated('ry', -0.6, 0)] },
  { what: 'a gate that calls one that halves', head: now, gates: 'gate f(t) a { ry(t/2) a; }\ngate g(s, t) a, b { f(s + t) a; rz(t) b; f(-s) b; }\ng(-1.0, 0.4) q[0], q[1];', same: [steps.rotated('ry', -0.3, 0), steps.rotated('rz', 0.4, 1), steps.rotated('ry', 0.5, 1)] },
  { what: 'a gate that calls crz', head: now, gates: 'gate f(t) a, b { crz(t) a, b; }\nf(-0.9) q[0], q[1];', same: [steps.controlledRotation('rz', -0.9, 0, 1)] },
  { what: 'a controlled rotation that the program writes out', head: now, gates: 'gate mine(t) a, b { rz(t/2) b; cx a, b; rz(-t/2) b; cx a, b; }\nmine(-0.9) q[0], q[1]; inv @ mine(-0.4) q[1], q[0];', same: [steps.controlledRotation('rz', -0.9, 0, 1), steps.controlledRotation('rz', 0.4, 1, 0)] },
  { what: 'a controlled rotation in a gate with its parameter', head: now, gates: 'gate f(t) a, b { ctrl @ rx(t) a, b; }\nf(-0.9) q[0], q[1]; ctrl @ rz(7.5) q[1], q[0];', same: [steps.controlledRotation('rx', -0.9, 0, 1), steps.controlledRotation('rz', 7.5, 1, 0)] },
  { what: 'whole numbers as angles', head: now, gates: 'gate f(t) a { ry(t/2) a; }\nf(3) q[0]; rx(-2) q[1];', same: [steps.rotated('ry', 1.5, 0), steps.rotated('rx', -2, 1)] },
  { what: 'fractions of whole numbers in OpenQASM 2', head: old, gates: 'gate f(t) a { ry(t*1/3) a; }\nf(-3) q[0]; rz(1/2) q[1]; rx(pi*(3/4)) q[1];', same: [steps.rotated('ry', -1, 0), steps.rotated('rz', 0.5, 1), steps.rotated('rx', Math.PI * 0.75, 1)] },
  { what: 'a negative half in OpenQASM 2', head: old, gates: 'gate f(t) a { u1(-t/2) a; ry(t/2) a; }\nf(-0.9) q[0]; cu3(-0.9, 0.2, -0.3) q[0],q[1];', same: [steps.rotated('p', 0.45, 0), steps.rotated('ry', -0.45, 0), steps.controlledU(-0.9, 0.2, -0.3, 0, 0, 1)] },
];

describe('exactAngles', () => {
  for (const { what, head, gates, same } of cases) {
    it(`has the probabilities of whole matrices for ${what}`, async () => {
      const language2 = head === old;
      const mixing = before.map(({ text }) => (language2 ? text.replace('U(', 'u3(') : text)).join('\n');
      const got = await probabilitiesOf(`${head}${mixing}\n${gates}\n${mixing}\n${language2 ? 'measure q -> c;' : 'c = measure q;'}\n`);
      probabilities([...before, ...same, ...before], 2).forEach((wanted, index) => assert.ok(Math.abs((got[index] ?? NaN) - wanted) < 1e-12, `${index}: ${got[index]} for ${wanted}`));
    });
  }

  it('leaves alone what loses nothing', () => {
    const source = `${now}gate f(t, u) a { rz(t + u) a; }\nf(-0.9, 1.0) q[0]; // f(1)\nint i = 3; rx(2*pi/3) q[0]; if (c[0] == 1) { x q[1]; }\n`;
    assert.equal(exactAngles(source).text, source);
  });

  it('leaves a call that names a variable, and tells', () => {
    const source = `${now}gate f(t) a { ry(t/2) a; }\nfor int i in [0:1] { f(i*0.5) q[i]; }\n`;
    assert.deepEqual(exactAngles(source), { text: source, lossy: { name: 'f', line: 6 } });
  });

  it('does not grow without bound', () => {
    const doubling = Array.from({ length: 40 }, (_, index) => `gate g${index + 1}(t) a { g${index}(t/2) a; g${index}(t/3) a; }`).join('\n');
    assert.ok(exactAngles(`${now}gate g0(t) a { ry(t/2) a; }\n${doubling}\ng40(-1.0) q[0];\n`).text.length < 3_000_000);
  });

  it('never moves a line and never throws', () => {
    const part = fc.constantFrom('gate f(t) a { ry(t/2) a; }', 'gate f(t', 'f(-1) q[0];', 'f(\n-1\n) q[0];', 'f(', 'f()', 'gate', '}', 'gate f(t) a {', 'rx(3) q[0];', 'f(f(1)) q;', 'constructor(1);', 'ctrl @ f(1.0) q[0], q[1];', '"');
    fc.assert(fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const source = parts.join('\n');
      assert.equal(exactAngles(source).text.split('\n').length, source.split('\n').length);
    }));
  });
});
