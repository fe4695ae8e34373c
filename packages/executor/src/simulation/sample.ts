// Draws shots from a circuit without errors: one pass over the gates, then seeded draws from the final distribution.
import { apply } from './gates.ts';
import { unmeasured, type QirProgram } from './qir.ts';
import type { Random } from './random.ts';
import { keyOf } from './shot-values.ts';
import { drawn, StateVector } from './state-vector.ts';

/** Qubit number to position in the state; qubits that no gate touches stay 0 and take no room. */
export function positionsOf(program: QirProgram): ReadonlyMap<number, number> {
  const touched = new Set(program.gates.flatMap(({ qubits }) => qubits));
  return new Map([...touched].toSorted((a, b) => a - b).map((qubit, position) => [qubit, position]));
}

export function at(positions: ReadonlyMap<number, number>, qubits: readonly number[]): number[] {
  return qubits.map((qubit) => {
    const position = positions.get(qubit);
    if (position === undefined) throw new Error(`qubit ${qubit} has no position`);
    return position;
  });
}

export function sampleExact(program: QirProgram, shots: number, random: Random): Map<string, number> {
  const positions = positionsOf(program);
  const state = new StateVector(positions.size);
  for (const gate of program.gates) apply(state, gate, at(positions, gate.qubits));
  const sums = state.collapse();
  const indices = new Map<number, number>();
  for (let shot = 0; shot < shots; shot += 1) {
    const index = drawn(sums, random.unit());
    indices.set(index, (indices.get(index) ?? 0) + 1);
  }
  const counts = new Map<string, number>();
  for (const [index, count] of indices) {
    const key = keyOf(readout(program, positions, index).map((register) => register.map(({ bit }) => bit)));
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return counts;
}

/** The recorded bits of one basis state, with the qubit that each was read from. */
export function readout(program: QirProgram, positions: ReadonlyMap<number, number>, index: number): { bit: boolean; qubit: number; result: number }[][] {
  return program.registers.map((register) =>
    register.map((result) => {
      const qubit = program.measured.get(result) ?? unmeasured;
      const position = positions.get(qubit);
      return { bit: position !== undefined && ((index >>> position) & 1) === 1, qubit, result };
    }),
  );
}
