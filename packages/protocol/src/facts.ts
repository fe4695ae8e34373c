// What the broker worked out itself about a program, and about a job that would run it.

/** How sure the counts are: `exact`; never below the truth; or not to be relied on at all. */
export type Confidence = 'exact' | 'upper-bound' | 'unknown';

/** Static facts of one OpenQASM program. Counts saturate at Number.MAX_SAFE_INTEGER; with confidence `unknown` they are no bound. */
export interface ProgramFacts {
  /** Analyser name and version, e.g. `openqasm/1.1.0`; part of what an approval binds. */
  readonly analyser: string;
  readonly language: 'qasm2' | 'qasm3';
  readonly qubits: number;
  readonly clbits: number;
  /** Physical qubits named as `$n` (OpenQASM 3 §hardware qubits), ascending. */
  readonly physical_qubits: readonly number[];
  /** Gate name to number of applications, measure/reset/barrier left out. */
  readonly gates: Readonly<Record<string, number>>;
  readonly operations: number;
  readonly one_qubit_gates: number;
  readonly two_qubit_gates: number;
  /** Gates on three qubits or more. */
  readonly multi_qubit_gates: number;
  readonly measurements: number;
  readonly resets: number;
  readonly depth: number;
  readonly mid_circuit_measurement: boolean;
  /** Classical control: if, switch, while, or a loop or index that depends on a measured or input value. */
  readonly dynamic: boolean;
  readonly unbounded_loop: boolean;
  /** `cal`, `defcal`, `defcalgrammar` or pulse-level types. */
  readonly pulse: boolean;
  readonly pragmas: readonly string[];
  readonly includes: readonly string[];
  readonly externs: readonly string[];
  readonly inputs: readonly { readonly name: string; readonly type: string }[];
  readonly confidence: Confidence;
  /** Why the confidence is not `exact`, and anything a person should know; at most 20. */
  readonly notes: readonly { readonly line: number; readonly text: string }[];
}

/** Program facts with what only the broker can know. */
export interface JobFacts extends ProgramFacts {
  /** A completed simulator run with the same program digest is in the journal. */
  readonly simulated_before: boolean;
  /** An installed simulator can run this program with these shots; `simulator_limit` says why not. */
  readonly simulatable: boolean;
  readonly simulator_limit: string | null;
}
