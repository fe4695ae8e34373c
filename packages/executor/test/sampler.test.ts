// The sampler's distributions equal dense matrices, and its counts are exact by seed.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exactGates } from '../src/simulation/exact.ts';
import { apply } from '../src/simulation/gates.ts';
import { readQir } from '../src/simulation/qir.ts';
import { Random } from '../src/simulation/random.ts';
import { at, positionsOf } from '../src/simulation/sample.ts';
import { drawn, StateVector } from '../src/simulation/state-vector.ts';
import { probabilities, steps, type Step } from './dense.ts';
import { compileHere, qasm3, simulateHere } from './fixture.ts';

const qubits = 3;

/** Every gate at least once, then more of them, on qubits in every order. */
function randomSteps(seed: number): Step[] {
  const random = new Random(seed, 99);
  const angle = (): number => Math.round((random.unit() * 12 - 6) * 1000) / 1000;
  const three = (): [number, number, number] => ([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] as const)[random.below(6)]?.slice() as [number, number, number];
  const kinds: (() => Step)[] = [
    ...['x', 'y', 'z', 'h', 's', 'sdg', 't', 'tdg', 'sx', 'id'].map((name) => () => steps.single(name, three()[0])),
    ...['rx', 'ry', 'rz', 'p'].map((name) => () => steps.rotated(name, angle(), three()[0])),
    () => steps.general(angle(), angle(), angle(), three()[0]),
    ...['x', 'y', 'z', 'h'].map((name) => () => steps.controlled(name, three()[0], three()[0])),
    ...['rx', 'ry', 'rz', 'p'].map((name) => () => steps.controlledRotation(name, angle(), three()[0], three()[0])),
    () => steps.controlledU(angle(), angle(), angle(), angle(), three()[0], three()[0]),
    () => steps.ccx(...three()),
    ...(['x', 'y', 'z'] as const).map((pauli) => () => {
      const [a, b] = three();
      return steps.pair(pauli, angle(), a, b);
    }),
  ];
  const mixed = [0, 1, 2].map((qubit) => steps.general(angle(), angle(), angle(), qubit));
  const list = Array.from({ length: 60 }, (_, index) => (kinds[index < kinds.length ? index : random.below(kinds.length)] as () => Step)());
  // A controlled gate may have drawn one qubit twice.
  const distinct = list.filter(({ text }) => new Set(text.match(/q\[\d\]/g)).size === text.match(/q\[\d\]/g)?.length);
  return [...mixed, ...distinct, ...mixed];
}

function programOf(list: readonly Step[]): string {
  return `${qasm3}qubit[${qubits}] q;\nbit[${qubits}] c;\n${list.map(({ text }) => text).join('\n')}\nc = measure q;\n`;
}

describe('the state-vector sampler', () => {
  it('has the probabilities of whole matrices, to 1e-12, through the compiler', async () => {
    for (let seed = 0; seed < 12; seed += 1) {
      const list = randomSteps(seed);
      const exact = exactGates(programOf(list));
      assert.ok(exact.compilable);
      const program = readQir(await compileHere(exact.text));
      const positions = positionsOf(program);
      const state = new StateVector(positions.size);
      for (const gate of program.gates) apply(state, gate, at(positions, gate.qubits));
      const wanted = probabilities(list, qubits);
      wanted.forEach((probability, index) => {
        const got = (state.re[index] ?? NaN) ** 2 + (state.im[index] ?? NaN) ** 2;
        assert.ok(Math.abs(got - probability) < 1e-12, `seed ${seed}, state ${index}: ${got} for ${probability}`);
      });
    }
  });

  it('agrees with the engine\'s own simulation within what chance allows', async () => {
    for (let seed = 20; seed < 22; seed += 1) {
      const source = programOf(randomSteps(seed));
      const shots = 4000;
      const ours = await simulateHere(source, { shots, qubits, dynamic: false });
      const theirs = await simulateHere(source, { shots, qubits, dynamic: true });
      assert.deepEqual([ours.method, theirs.method], ['state-vector', 'shot-by-shot']);
      for (const key of new Set([...ours.keys, ...theirs.keys])) {
        // Standard deviation of the difference is at most sqrt(2 × 4000 / 4) = 45.
        assert.ok(Math.abs((ours.byKey[key] ?? 0) - (theirs.byKey[key] ?? 0)) < 6 * 45, `seed ${seed}, ${key}: ${ours.byKey[key]} and ${theirs.byKey[key]}`);
      }
    }
  });

  it('never draws a state of probability 0, at either end', () => {
    const state = new StateVector(2);
    state.flip(1, 0);
    const sums = state.collapse();
    for (const unit of [0, 0.5, 1 - 2 ** -53]) assert.equal(drawn(sums, unit), 2);
  });
});
