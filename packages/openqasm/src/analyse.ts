// Works out the facts of a program from its text alone, in one pass, without unrolling anything.
import type { ProgramFacts } from '@dewar/protocol';
import { Cursor } from './cursor.ts';
import { Findings } from './findings.ts';
import { Allowance } from './qubits.ts';
import { Reading, type Bound, type Drawn } from './reading.ts';
import { program } from './statements.ts';
import { GateNames, kindName, most, plus } from './tally.ts';
import { position, tokenise } from './tokens.ts';

export const analyserId = 'openqasm/1.1.0';

/** Waiting longer than this, in nanoseconds, is device time that no count shows. */
const longWait = 1e6;

/**
 * Static facts of an OpenQASM 2 or 3 program; `docs/spec/facts.md` says what each means.
 * Throws DewarError `program_format` (no known version line) or `program_invalid` (cannot be cut into tokens, brackets do not match,
 * nested deeper than 200), with line:column in the message. What it merely does not understand lowers the confidence instead.
 * @param bound inputs whose values the job brings, each with the range of its whole numbers, or null where it is no integer; the others stay inputs
 */
export function analyse(source: string, bound: Bound = new Map()): ProgramFacts {
  return read(source, undefined, bound).facts;
}

export interface Read {
  readonly facts: ProgramFacts;
  readonly reading: Reading;
}

/** Reads a program; `drawn` sees each quantum statement of the main program in order. */
export function read(source: string, drawn?: (step: Drawn) => void, bound: Bound = new Map()): Read {
  const tokens = tokenise(source);
  const findings = new Findings();
  for (const { at, text } of tokens.doubts) findings.unknown(at, text);
  const reading = new Reading(new Cursor(tokens), findings, new GateNames(), new Allowance(), bound);
  reading.drawn = drawn;
  program(reading);
  return { facts: facts(reading, source), reading };
}

function facts(reading: Reading, source: string): ProgramFacts {
  const { findings, main: { tally, levels, midCircuit } } = reading;
  const qubits = plus(reading.declared, reading.physical.size);
  if (reading.names.overflowed) findings.note(0, 'many kinds of gates: the rest is counted as (other)');
  if (tally.wait > longWait) findings.unknown(0, 'waits add up to more than 1 ms, or are not constant');
  const counts = [qubits, findings.clbits, tally.operations, levels.depth, ...tally.gates.values()];
  if (counts.some((count) => count >= most)) findings.unknown(0, `a count reached ${most}, where counting stops`);
  const gates = new Map<string, number>();
  for (const [kind, count] of tally.gates) gates.set(kindName(kind), plus(gates.get(kindName(kind)) ?? 0, count));
  return {
    analyser: analyserId, language: reading.cursor.tokens.language, qubits, clbits: findings.clbits,
    physical_qubits: [...reading.physical.keys()].sort((a, b) => a - b),
    gates: Object.fromEntries([...gates].sort(([a], [b]) => (a < b ? -1 : 1))),
    operations: tally.operations, one_qubit_gates: tally.gatesOn(1, 1), two_qubit_gates: tally.gatesOn(2, 2), multi_qubit_gates: tally.gatesOn(3, most),
    measurements: tally.measurements, resets: tally.resets, depth: levels.depth, mid_circuit_measurement: midCircuit,
    dynamic: findings.dynamic, unbounded_loop: findings.unboundedLoop, pulse: findings.pulse,
    pragmas: findings.pragmas, includes: findings.includes, externs: findings.externs, inputs: findings.inputs,
    confidence: findings.confidence, notes: findings.listed((at) => position(source, at).line),
  };
}
