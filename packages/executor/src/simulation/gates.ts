// The gates that base-profile QIR may call, and what each does to a state.
import type { Matrix2, StateVector } from './state-vector.ts';

export const gateNames = [
  'x', 'y', 'z', 'h', 's', 's_adj', 't', 't_adj', 'sx', 'rx', 'ry', 'rz', 'cx', 'cy', 'cz', 'swap', 'rxx', 'ryy', 'rzz', 'ccx',
] as const;
export type GateName = (typeof gateNames)[number];

/** One gate on qubits by their QIR number; `angle` is 0 where the gate has none. */
export interface Gate {
  readonly name: GateName;
  readonly angle: number;
  readonly qubits: readonly number[];
}

/** Qubits that a gate takes, and whether an angle comes first. */
export const gateShapes: Readonly<Record<GateName, { readonly qubits: 1 | 2 | 3; readonly angle: boolean }>> = {
  x: { qubits: 1, angle: false }, y: { qubits: 1, angle: false }, z: { qubits: 1, angle: false }, h: { qubits: 1, angle: false },
  s: { qubits: 1, angle: false }, s_adj: { qubits: 1, angle: false }, t: { qubits: 1, angle: false }, t_adj: { qubits: 1, angle: false },
  sx: { qubits: 1, angle: false }, rx: { qubits: 1, angle: true }, ry: { qubits: 1, angle: true }, rz: { qubits: 1, angle: true },
  cx: { qubits: 2, angle: false }, cy: { qubits: 2, angle: false }, cz: { qubits: 2, angle: false }, swap: { qubits: 2, angle: false },
  rxx: { qubits: 2, angle: true }, ryy: { qubits: 2, angle: true }, rzz: { qubits: 2, angle: true }, ccx: { qubits: 3, angle: false },
};

const half = Math.SQRT1_2;
const fixed: Readonly<Partial<Record<GateName, Matrix2>>> = {
  y: [0, 0, 0, -1, 0, 1, 0, 0],
  h: [half, 0, half, 0, half, 0, -half, 0],
  sx: [0.5, 0.5, 0.5, -0.5, 0.5, -0.5, 0.5, 0.5],
};

/** Applies one gate; `positions` are the gate's qubits as bit positions of the state. */
export function apply(state: StateVector, gate: Gate, positions: readonly number[]): void {
  const [first = 0, second = 0, third = 0] = positions;
  const { angle } = gate;
  switch (gate.name) {
    case 'x': return state.flip(first, 0);
    case 'z': return state.phase(first, 0, -1, 0);
    case 's': return state.phase(first, 0, 0, 1);
    case 's_adj': return state.phase(first, 0, 0, -1);
    case 't': return state.phase(first, 0, half, half);
    case 't_adj': return state.phase(first, 0, half, -half);
    case 'rz': return rotateZ(state, angle, first);
    case 'y': case 'h': case 'sx': case 'rx': case 'ry': return state.mix(first, 0, matrixOf(gate));
    case 'cx': return state.flip(second, 1 << first);
    case 'cz': return state.phase(second, 1 << first, -1, 0);
    case 'cy': return state.mix(second, 1 << first, matrixOf({ name: 'y', angle: 0, qubits: [] }));
    case 'ccx': return state.flip(third, (1 << first) | (1 << second));
    case 'swap':
      state.flip(second, 1 << first);
      state.flip(first, 1 << second);
      return state.flip(second, 1 << first);
    case 'rzz':
      state.flip(second, 1 << first);
      rotateZ(state, angle, second);
      return state.flip(second, 1 << first);
    case 'rxx': return conjugated(state, angle, first, second, fixed.h as Matrix2, fixed.h as Matrix2);
    case 'ryy': return conjugated(state, angle, first, second, rotationX(Math.PI / 2), rotationX(-Math.PI / 2));
  }
}

function rotateZ(state: StateVector, angle: number, position: number): void {
  const cos = Math.cos(angle / 2);
  const sin = Math.sin(angle / 2);
  state.mix(position, 0, [cos, -sin, 0, 0, 0, 0, cos, sin]);
}

/** XX and YY rotations are the ZZ rotation in another basis of both qubits. */
function conjugated(state: StateVector, angle: number, first: number, second: number, before: Matrix2, after: Matrix2): void {
  state.mix(first, 0, before);
  state.mix(second, 0, before);
  apply(state, { name: 'rzz', angle, qubits: [] }, [first, second]);
  state.mix(first, 0, after);
  state.mix(second, 0, after);
}

function rotationX(angle: number): Matrix2 {
  const cos = Math.cos(angle / 2);
  const sin = Math.sin(angle / 2);
  return [cos, 0, 0, -sin, 0, -sin, cos, 0];
}

function matrixOf(gate: Gate): Matrix2 {
  if (gate.name === 'rx') return rotationX(gate.angle);
  const cos = Math.cos(gate.angle / 2);
  const sin = Math.sin(gate.angle / 2);
  if (gate.name === 'ry') return [cos, 0, -sin, 0, sin, 0, cos, 0];
  const matrix = fixed[gate.name];
  if (matrix === undefined) throw new Error(`no matrix for ${gate.name}`);
  return matrix;
}
