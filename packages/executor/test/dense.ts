// An independent answer to check the sampler with: whole matrices from the gates' definitions, no shared code.

export interface Complex {
  readonly re: number;
  readonly im: number;
}
type Matrix = readonly (readonly Complex[])[];

const c = (re: number, im = 0): Complex => ({ re, im });
const times = (a: Complex, b: Complex): Complex => c(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
const plus = (a: Complex, b: Complex): Complex => c(a.re + b.re, a.im + b.im);
const turn = (angle: number): Complex => c(Math.cos(angle), Math.sin(angle));
const r = Math.SQRT1_2;

/** OpenQASM 3 §gates: U(θ, φ, λ), up to a global phase. */
export function u(theta: number, phi: number, lambda: number): Matrix {
  const cos = c(Math.cos(theta / 2));
  const sin = c(Math.sin(theta / 2));
  return [[cos, times(c(-1), times(turn(lambda), sin))], [times(turn(phi), sin), times(turn(phi + lambda), cos)]];
}

export const one: Readonly<Record<string, Matrix>> = {
  x: [[c(0), c(1)], [c(1), c(0)]], y: [[c(0), c(0, -1)], [c(0, 1), c(0)]], z: [[c(1), c(0)], [c(0), c(-1)]], h: [[c(r), c(r)], [c(r), c(-r)]],
  s: [[c(1), c(0)], [c(0), c(0, 1)]], sdg: [[c(1), c(0)], [c(0), c(0, -1)]], t: [[c(1), c(0)], [c(0), turn(Math.PI / 4)]], tdg: [[c(1), c(0)], [c(0), turn(-Math.PI / 4)]],
  sx: [[c(0.5, 0.5), c(0.5, -0.5)], [c(0.5, -0.5), c(0.5, 0.5)]], id: [[c(1), c(0)], [c(0), c(1)]],
};

export const rotation: Readonly<Record<string, (angle: number) => Matrix>> = {
  rx: (angle) => u(angle, -Math.PI / 2, Math.PI / 2), ry: (angle) => u(angle, 0, 0), rz: (angle) => [[turn(-angle / 2), c(0)], [c(0), turn(angle / 2)]],
  p: (angle) => [[c(1), c(0)], [c(0), turn(angle)]],
};

const bit = (index: number, qubit: number): number => Math.floor(index / 2 ** qubit) % 2;

/** The whole matrix of a one-qubit matrix on `target` where all `controls` are 1. */
function whole(matrix: Matrix, target: number, controls: readonly number[], qubits: number): Matrix {
  const size = 2 ** qubits;
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (__, column) => {
    const others = Array.from({ length: qubits }, (___, qubit) => qubit).every((qubit) => qubit === target || bit(row, qubit) === bit(column, qubit));
    if (!others) return c(0);
    if (controls.some((control) => bit(row, control) === 0)) return c(row === column ? 1 : 0);
    return matrix[bit(row, target)]?.[bit(column, target)] ?? c(0);
  }));
}

/** A rotation about two Paulis of the same kind: cos(θ/2)·I - i·sin(θ/2)·P⊗P. */
function pauliRotation(pauli: 'x' | 'y' | 'z', angle: number, a: number, b: number, qubits: number): Matrix {
  const first = whole(one[pauli] ?? [], a, [], qubits);
  const second = whole(one[pauli] ?? [], b, [], qubits);
  const size = 2 ** qubits;
  return Array.from({ length: size }, (_, row) => Array.from({ length: size }, (__, column) => {
    let both = c(0);
    for (let middle = 0; middle < size; middle += 1) both = plus(both, times(first[row]?.[middle] ?? c(0), second[middle]?.[column] ?? c(0)));
    return plus(c(row === column ? Math.cos(angle / 2) : 0), times(c(0, -Math.sin(angle / 2)), both));
  }));
}

export interface Step {
  /** The gate as OpenQASM 3 writes it. */
  readonly text: string;
  readonly matrix: (qubits: number) => Matrix;
}

export const steps = {
  single: (name: string, q: number): Step => ({ text: `${name} q[${q}];`, matrix: (n) => whole(one[name] ?? [], q, [], n) }),
  rotated: (name: string, angle: number, q: number): Step => ({ text: `${name}(${angle}) q[${q}];`, matrix: (n) => whole(rotation[name]?.(angle) ?? [], q, [], n) }),
  general: (theta: number, phi: number, lambda: number, q: number): Step => ({ text: `U(${theta}, ${phi}, ${lambda}) q[${q}];`, matrix: (n) => whole(u(theta, phi, lambda), q, [], n) }),
  controlled: (name: string, control: number, q: number): Step => ({ text: `c${name} q[${control}], q[${q}];`, matrix: (n) => whole(one[name] ?? [], q, [control], n) }),
  controlledRotation: (name: string, angle: number, control: number, q: number): Step => ({ text: `c${name}(${angle}) q[${control}], q[${q}];`, matrix: (n) => whole(rotation[name]?.(angle) ?? [], q, [control], n) }),
  /** Qiskit's CUGate: U(θ, φ, λ) with a phase γ, controlled. */
  controlledU: (theta: number, phi: number, lambda: number, gamma: number, control: number, q: number): Step => ({
    text: `cu(${theta}, ${phi}, ${lambda}, ${gamma}) q[${control}], q[${q}];`, matrix: (n) => whole(u(theta, phi, lambda).map((row) => row.map((entry) => times(turn(gamma), entry))), q, [control], n),
  }),
  ccx: (a: number, b: number, q: number): Step => ({ text: `ccx q[${a}], q[${b}], q[${q}];`, matrix: (n) => whole(one['x'] ?? [], q, [a, b], n) }),
  pair: (pauli: 'x' | 'y' | 'z', angle: number, a: number, b: number): Step => ({ text: `r${pauli}${pauli}(${angle}) q[${a}], q[${b}];`, matrix: (n) => pauliRotation(pauli, angle, a, b, n) }),
} as const;

/** Probability of each basis state after the steps, from all 0. */
export function probabilities(list: readonly Step[], qubits: number): number[] {
  let state: Complex[] = Array.from({ length: 2 ** qubits }, (_, index) => c(index === 0 ? 1 : 0));
  for (const { matrix } of list) {
    const rows = matrix(qubits);
    state = rows.map((row) => row.reduce((sum, entry, column) => plus(sum, times(entry, state[column] ?? c(0))), c(0)));
  }
  return state.map(({ re, im }) => re * re + im * im);
}
