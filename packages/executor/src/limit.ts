// Says before a run whether the simulator or the practice QPU can do it, and if not, why and what would pass.
import { limits, type ProgramFacts } from '@dewar/protocol';
import type { Calibration } from './calibration.ts';
import { againSeconds, compileSeconds, sampleSeconds, shotLoopSeconds, trajectorySeconds } from './cost.ts';
import { maxKeys, maxQubits } from './wire.ts';

/** A source gate becomes at most about this many QIR gates: U is three. */
const gatesPerOperation = 3;
/** A ccx is fifteen gates on the device. */
const gatesPerMultiQubit = 15;
/** Errors that one two-qubit gate may meet on the way to a partner that is not next to it: six cx a hop. */
const sitesPerHop = 6;

/** How often a program is to run, and in what time. */
export interface Load {
  /** Of each point. */
  readonly shots: number;
  readonly points: number;
  /** Seconds. */
  readonly timeLimit: number;
}

/** `null`: the simulator can run it within the limit. Else why not and what would pass, as one sentence. */
export function simulatorLimit(facts: ProgramFacts, { shots, points, timeLimit }: Load): string | null {
  const never = notSimulated(facts) ?? tooManyKeys(facts, shots, points);
  if (never !== null) return never;
  if (facts.qubits > maxQubits) return `it has ${facts.qubits} qubits and the simulator holds ${maxQubits}; use ${maxQubits} qubits or fewer`;
  const gates = facts.operations * gatesPerOperation + facts.multi_qubit_gates * gatesPerMultiQubit;
  // The sampler defers a measurement or reset on the way to a qubit more.
  const deferred = facts.mid_circuit_measurement || facts.resets > 0 ? facts.qubits + facts.measurements + facts.resets : facts.qubits;
  const start = compileSeconds(facts.operations) + (points - 1) * againSeconds(facts.operations);
  const sampled = facts.dynamic || deferred > maxQubits ? Infinity : start + points * sampleSeconds(gates, deferred, shots);
  const looped = start + points * shotLoopSeconds(facts.operations, facts.qubits, shots);
  const seconds = deferred === facts.qubits && !facts.dynamic ? sampled : Math.min(sampled, looped);
  if (seconds <= timeLimit) return null;
  const perShot = points * shotLoopSeconds(facts.operations, facts.qubits, 1);
  const passing = Math.floor((timeLimit - start) / perShot);
  return tooLong(seconds, timeLimit, seconds === looped ? `it runs shot by shot, and ` : '', seconds === looped ? passing : 0);
}

/** As `simulatorLimit`, for the practice QPU. That coupled pairs are missing in a `$n` program shows only when it is compiled. */
export function practiceLimit(facts: ProgramFacts, { shots, points, timeLimit }: Load, calibration: Calibration): string | null {
  const never = notSimulated(facts) ?? tooManyKeys(facts, shots, points);
  if (never !== null) return never;
  const size = calibration.qubits.length;
  const missing = facts.physical_qubits.find((qubit) => qubit >= size);
  if (missing !== undefined) return `${calibration.device} has no qubit $${missing}; use $0 to $${size - 1}`;
  if (facts.qubits > size) return `it has ${facts.qubits} qubits and ${calibration.device} has ${size}; use ${size} qubits or fewer`;
  const dynamic = facts.dynamic ? 'classical control' : facts.mid_circuit_measurement ? 'mid-circuit measurement' : facts.resets > 0 ? 'reset' : null;
  if (dynamic !== null) return `this release of ${calibration.device} has no ${dynamic}; measure at the end only (qubits start in 0), or use the simulator`;
  const seconds = practiceSeconds(facts, shots, points, calibration);
  if (seconds <= timeLimit) return null;
  const none = practiceSeconds(facts, 0, points, calibration);
  return tooLong(seconds, timeLimit, '', Math.floor(((timeLimit - none) / (seconds - none)) * shots));
}

function practiceSeconds(facts: ProgramFacts, shots: number, points: number, { qubits, coupling }: Calibration): number {
  const twoQubit = facts.two_qubit_gates * 3 + facts.multi_qubit_gates * 6;
  const oneQubit = facts.one_qubit_gates * gatesPerOperation + facts.multi_qubit_gates * 9;
  // Physical programs are never routed; others may cross the whole device for every gate.
  const hops = facts.physical_qubits.length > 0 ? 0 : Math.ceil(2 * Math.sqrt(Math.min(facts.qubits, qubits.length)));
  const pairError = coupling.reduce((most, { error }) => Math.max(most, error), 0);
  const gateError = qubits.reduce((most, { gate_error: error }) => Math.max(most, error), 0);
  const pairSites = twoQubit * (1 + sitesPerHop * hops);
  const struck = 1 - (1 - pairError) ** pairSites * (1 - gateError) ** oneQubit;
  return compileSeconds(facts.operations) + (points - 1) * againSeconds(facts.operations) + points * trajectorySeconds(oneQubit + twoQubit, oneQubit + pairSites, facts.qubits, shots, struck);
}

function notSimulated(facts: ProgramFacts): string | null {
  const first = facts.notes[0];
  const unread = facts.notes.find(({ text }) => text.endsWith('could not be read'));
  if (facts.confidence === 'unknown' && unread !== undefined) return `line ${unread.line} is not OpenQASM that can be read (${unread.text}); look for a slip there or at the end of the line before`;
  if (facts.confidence === 'unknown') return `its facts are not sure${first === undefined ? '' : ` (line ${first.line}: ${first.text})`}; write it so that gates and loops can be counted`;
  if (facts.unbounded_loop) return 'it has a loop without a bound; use a for loop over a fixed range';
  if (facts.pulse) return 'it has pulse or calibration blocks, which no simulator here runs; remove them';
  if (facts.inputs.length > 0) return `it has inputs (${facts.inputs.slice(0, 3).map(({ name }) => name).join(', ')}); give their values in parameters`;
  if (facts.externs.length > 0) return `it calls extern ${facts.externs.slice(0, 3).join(', ')}, which no simulator here has; remove the call`;
  if (facts.measurements === 0) return 'it measures nothing; measure into a bit register';
  return null;
}

function tooManyKeys(facts: ProgramFacts, shots: number, points: number): string | null {
  const most = Math.floor(maxKeys / points);
  const bits = Math.min(facts.measurements, facts.clbits);
  if (shots <= most || 2 ** bits <= most) return null;
  const each = points === 1 ? '' : ` at each of ${points} points`;
  return `${shots} shots of ${bits} bits${each} may give more than ${maxKeys} different results; take ${most} shots or fewer, or measure ${Math.floor(Math.log2(most))} bits or fewer`;
}

function tooLong(seconds: number, limit: number, because: string, passingShots: number): string {
  const fewer = passingShots > 0 ? `take ${passingShots} shots or fewer, or ` : '';
  const longer = seconds > limits.time_limit_s ? 'use fewer gates, qubits or points' : `set time_limit_s to ${Math.ceil(seconds)} or more`;
  return `${because}it would take up to about ${Math.ceil(seconds)} s and its limit is ${limit} s; ${fewer}${longer}`;
}
