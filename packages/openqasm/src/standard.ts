// The gates whose names have one agreed meaning: how many qubits and parameters each takes, and which include declares it.

export interface StandardGate {
  readonly qubits: number;
  readonly parameters: number;
}

function table(rows: Readonly<Record<string, string>>): ReadonlyMap<string, StandardGate> {
  const gates = new Map<string, StandardGate>();
  for (const [shape, names] of Object.entries(rows)) {
    const [qubits = 0, parameters = 0] = shape.split('/').map(Number);
    for (const name of names.split(' ')) gates.set(name, { qubits, parameters });
  }
  return gates;
}

/** OpenQASM 3 `stdgates.inc` (specification, standard library). Keys are `qubits/parameters`. */
export const stdgates = table({
  '1/0': 'x y z h s sdg t tdg sx id', '1/1': 'p rx ry rz phase u1', '1/2': 'u2', '1/3': 'u3',
  '2/0': 'cx cy cz ch swap CX', '2/1': 'cp crx cry crz cphase', '2/4': 'cu', '3/0': 'ccx cswap',
});

/** OpenQASM 2 `qelib1.inc`, as the paper (arXiv:1707.03429) and Qiskit's longer file have it. */
export const qelib1 = table({
  '1/0': 'id x y z h s sdg t tdg sx sxdg', '1/1': 'u0 u1 rx ry rz p', '1/2': 'u2', '1/3': 'u3 u',
  '2/0': 'cx cz cy swap ch csx', '2/1': 'crx cry crz cu1 cp rxx rzz', '2/3': 'cu3', '2/4': 'cu',
  '3/0': 'ccx cswap rccx', '4/0': 'rc3x c3x c3sqrtx', '5/0': 'c4x',
});

/** Built into the language: OpenQASM 3 has `U`, OpenQASM 2 `U` and `CX`. */
export const builtin = table({ '1/3': 'U', '2/0': 'CX' });

/** Names that vendors' compilers know without a declaration (Qiskit's basis gates, Amazon Braket's gate set). */
export const native = table({
  '1/0': 'sxdg i si ti v vi', '1/1': 'phaseshift gpi gpi2', '1/2': 'r prx', '1/3': 'u',
  '2/0': 'ecr iswap dcx cs csdg csx cnot cv', '2/1': 'rxx ryy rzz rzx cphaseshift xx yy zz xy iswapdg cu1', '2/2': 'xx_minus_yy xx_plus_yy', '2/3': 'ms cu3',
  '3/0': 'ccnot ccz rccx', '4/0': 'c3x rcccx c3sx mcx3 rc3x c3sqrtx', '5/0': 'c4x',
});

/** What a gate name means where the program does not define it. */
export function standardGate(name: string): StandardGate | undefined {
  return stdgates.get(name) ?? qelib1.get(name) ?? builtin.get(name) ?? native.get(name);
}

/**
 * How exporters spell out gates that `stdgates.inc` and `qelib1.inc` lack: the body with parameters as p0, p1 and qubits as q0, q1,
 * tokens joined by spaces. A definition that reads so means what its name says and counts as one gate.
 */
export const usualBodies: ReadonlyMap<string, readonly string[]> = new Map([
  ['sxdg', ['s q0 ; h q0 ; s q0 ;']],
  ['ecr', ['s q0 ; sx q1 ; cx q0 , q1 ; x q0 ;', 'rzx ( pi / 4 ) q0 , q1 ; x q0 ; rzx ( - pi / 4 ) q0 , q1 ;']],
  ['iswap', ['s q0 ; s q1 ; h q0 ; cx q0 , q1 ; cx q1 , q0 ; h q1 ;']],
  ['dcx', ['cx q0 , q1 ; cx q1 , q0 ;']],
  ['rzx', ['h q1 ; cx q0 , q1 ; rz ( p0 ) q1 ; cx q0 , q1 ; h q1 ;']],
  ['rzz', ['cx q0 , q1 ; rz ( p0 ) q1 ; cx q0 , q1 ;', 'cx q0 , q1 ; u1 ( p0 ) q1 ; cx q0 , q1 ;']],
  ['rxx', ['h q0 ; h q1 ; cx q0 , q1 ; rz ( p0 ) q1 ; cx q0 , q1 ; h q1 ; h q0 ;', 'h q0 ; h q1 ; cx q0 , q1 ; rz ( p0 ) q1 ; cx q0 , q1 ; h q0 ; h q1 ;']],
  ['ryy', ['sxdg q0 ; sxdg q1 ; cx q0 , q1 ; rz ( p0 ) q1 ; cx q0 , q1 ; sx q0 ; sx q1 ;', 'rx ( pi / 2 ) q0 ; rx ( pi / 2 ) q1 ; cx q0 , q1 ; rz ( p0 ) q1 ; cx q0 , q1 ; rx ( - pi / 2 ) q0 ; rx ( - pi / 2 ) q1 ;']],
  ['cs', ['t q0 ; cx q0 , q1 ; tdg q1 ; cx q0 , q1 ; t q1 ;', 'p ( pi / 4 ) q0 ; cx q0 , q1 ; p ( - pi / 4 ) q1 ; cx q0 , q1 ; p ( pi / 4 ) q1 ;']],
  ['csdg', ['tdg q0 ; cx q0 , q1 ; t q1 ; cx q0 , q1 ; tdg q1 ;', 'p ( - pi / 4 ) q0 ; cx q0 , q1 ; p ( pi / 4 ) q1 ; cx q0 , q1 ; p ( - pi / 4 ) q1 ;']],
  ['csx', ['h q1 ; cs q0 , q1 ; h q1 ;']],
  ['ccz', ['h q2 ; ccx q0 , q1 , q2 ; h q2 ;']],
]);

/** More tokens than the longest usual body has. */
export const longestBody = 60;
