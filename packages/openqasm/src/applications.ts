// Reads what acts on qubits: gates with their modifiers, measurements, resets, barriers and delays.
import { bracketed, designator, expression, perform } from './expressions.ts';
import { quoted } from './findings.ts';
import { operand, operands } from './operands.ts';
import type { Operand } from './qubits.ts';
import { point, type Drawn, type GateDefinition, type Reading } from './reading.ts';
import { standardGate } from './standard.ts';
import { Tally, most, plus, times } from './tally.ts';

const modifierWords: ReadonlySet<string> = new Set(['inv', 'pow', 'ctrl', 'negctrl']);

/** A gate modifier opens here; in OpenQASM 2 the same words are names. */
export function isModifier({ cursor }: Reading): boolean {
  return cursor.tokens.language === 'qasm3' && modifierWords.has(cursor.peek().text) && (cursor.is('@', 1) || cursor.is('(', 1));
}

interface Modifiers {
  readonly controls: number;
  readonly negative: readonly boolean[];
  readonly inverse: boolean;
  readonly power: number;
}

/** Controls that a drawing may tell apart; more are only counted. */
const maxDrawnControls = 8;

function modifiers(reading: Reading): Modifiers {
  const { cursor, findings } = reading;
  let controls = 0;
  let inverse = false;
  let power = 1;
  const negative: boolean[] = [];
  while (isModifier(reading)) {
    const { text, start } = cursor.next();
    const argument = cursor.is('(') ? parenthesised(reading) : point(1);
    if (!cursor.take('@')) findings.unknown(start, 'a gate modifier that could not be read');
    const value = argument.range !== undefined && argument.range[0] === argument.range[1] ? argument.range[0] : undefined;
    if (text === 'inv') inverse = !inverse;
    else if (text === 'pow') {
      if (value === undefined) findings.unknown(start, 'a power that is not a constant integer');
      findings.bound(start, 'a power counts as that many repetitions');
      power = times(power, Math.max(1, Math.abs(value ?? 1)));
    } else {
      if (value === undefined || value < 1) findings.unknown(start, 'a number of controls that is not a positive constant');
      const added = Math.max(1, value ?? 1);
      for (let count = 0; count < added && negative.length < maxDrawnControls; count += 1) negative.push(text === 'negctrl');
      controls = plus(controls, added);
    }
  }
  return { controls, negative, inverse, power };
}

function parenthesised(reading: Reading) {
  const { cursor, findings } = reading;
  const end = cursor.closing;
  cursor.next();
  const value = expression(reading);
  if (!cursor.take(')')) findings.unknown(cursor.at, 'a gate modifier that could not be read');
  cursor.moveTo(end + 1);
  return value;
}

/** Reads a gate call, modifiers first, up to its `;`. A call of a subroutine in the same shape is no longer OpenQASM. */
export function gateCall(reading: Reading): void {
  const { cursor, findings } = reading;
  const modified = modifiers(reading);
  const name = cursor.next();
  const from = cursor.at;
  const parameters = cursor.is('(') ? bracketed(reading).count : 0;
  const to = cursor.at;
  if (cursor.is('[')) {
    designator(reading);
    findings.unknown(name.start, 'a gate with a duration');
  }
  const targets = operands(reading);
  const subroutine = reading.subroutines.get(name.text);
  if (subroutine !== undefined) {
    findings.unknown(name.start, 'a subroutine called as a gate, which may apply once for each element of a register');
    return perform(reading, subroutine, name.start);
  }
  const gate = definition(reading, name.text, name.start, parameters, Math.max(0, targets.length - modified.controls));
  if (targets.length !== plus(gate.qubits, modified.controls) || parameters !== gate.parameters) {
    findings.unknown(name.start, `${quoted(name.text)} with another number of qubits or parameters than it takes`);
  }
  const count = broadcast(reading, targets, name.start);
  apply(reading, gate, modified, targets, count, name.start);
  if (reading.frame === reading.main) {
    const parameterText = reading.cursor.tokens.source.slice(from, Math.min(to, from + 200)).trim();
    draw(reading, { kind: 'gate', label: name.text, own: reading.gates.has(name.text) && !reading.usual.has(name.text), parameters: parameters === 0 ? '' : parameterText, controls: modified.controls, negative: modified.negative, inverse: modified.inverse, operands: targets, count });
  }
}

function draw(reading: Reading, step: Drawn): void {
  reading.drawn?.(step);
}

/** The program's own definition; else what the name says; else one gate of which nothing is known. */
function definition(reading: Reading, name: string, at: number, parameters: number, qubits: number): GateDefinition {
  const { findings } = reading;
  if (reading.defining.has(name)) findings.unknown(at, `${quoted(name)} calls itself or is defined twice`);
  if (reading.lookup(name) !== undefined) findings.unknown(at, `${quoted(name)} is a variable used as a gate`);
  const own = reading.gates.get(name);
  if (own !== undefined) return own;
  if (name === 'gphase') return elementary(reading, name, 0, 1);
  const standard = standardGate(name);
  if (standard !== undefined) {
    reading.usedStandard.add(name);
    const known = reading.standard.get(name) ?? elementary(reading, name, standard.qubits, standard.parameters);
    reading.standard.set(name, known);
    return known;
  }
  findings.unknown(at, reading.opaques.has(name) ? `what the opaque gate ${quoted(name)} does is not known` : `the gate ${quoted(name)} is not defined before its use`);
  return elementary(reading, name, qubits, parameters);
}

export function elementary(reading: Reading, name: string, qubits: number, parameters: number): GateDefinition {
  const tally = new Tally();
  tally.addGate(reading.names.of(name, qubits), 1);
  return { parameters, qubits, tally, profile: Array.from({ length: qubits }, () => 1) };
}

/** How often a gate on these operands is applied: once for each element of its registers. */
function broadcast(reading: Reading, targets: readonly Operand[], at: number): number {
  let count = 1;
  let mixed = false;
  for (const { size } of targets) {
    mixed ||= size !== 1 && count !== 1 && size !== count;
    count = Math.max(count, size);
  }
  if (mixed) reading.findings.unknown(at, 'a gate on registers of different sizes');
  return count;
}

function apply(reading: Reading, gate: GateDefinition, { controls, inverse, power }: Modifiers, targets: readonly Operand[], count: number, at: number): void {
  const { frame, findings, measured } = reading;
  frame.tally.add(gate.tally.modified(reading.names, controls, inverse), times(count, power));
  const inside = gate.tally.gateCount;
  if (controls > 0 && inside !== 1) findings.bound(at, 'every gate inside a controlled gate counts as controlled, one after another');
  const together = controls > 0 || power > 1 || inverse;
  if (together && inside > 1) findings.bound(at, 'depth is a bound: a modified gate of several layers');
  const depth = times(power, controls > 0 ? inside : gate.profile.reduce((a, b) => Math.max(a, b), 0));
  const profile = targets.map((_, place) => (together && gate.profile[place - controls] !== 0 ? depth : gate.profile[place - controls] ?? depth));
  const met = targets.filter((_, place) => (profile[place] ?? 0) > 0);
  if (!frame.levels.apply(met, profile.filter((each) => each > 0), count, inside === 1)) findings.bound(at, 'depth is a bound: a gate of several layers, an unknown index or many qubits');
  frame.midCircuit ||= met.some((target) => measured.touches(target));
}

/** Reads the operand of `measure`, which has been read. */
export function measurement(reading: Reading): void {
  const { frame, findings, measured, cursor } = reading;
  const at = cursor.at;
  const target = operand(reading);
  frame.tally.measurements = plus(frame.tally.measurements, target.size);
  frame.midCircuit ||= measured.touches(target);
  frame.sameMeasured ||= target.spans !== undefined;
  if (!frame.levels.apply([target], [1], target.size, true)) findings.bound(at, 'depth is a bound: a gate of several layers, an unknown index or many qubits');
  measured.mark(target);
  if (frame === reading.main) draw(reading, { ...blank, kind: 'measure', operands: [target], count: target.size });
}

export function reset(reading: Reading): void {
  const { frame, findings, measured, cursor } = reading;
  const at = cursor.at;
  for (const target of operands(reading)) {
    frame.tally.resets = plus(frame.tally.resets, target.size);
    frame.midCircuit ||= measured.touches(target);
    if (!frame.levels.apply([target], [1], target.size, true)) findings.bound(at, 'depth is a bound: a gate of several layers, an unknown index or many qubits');
    if (frame === reading.main) draw(reading, { ...blank, kind: 'reset', operands: [target], count: target.size });
  }
}

export function barrier(reading: Reading): void {
  const targets = operands(reading);
  if (targets.length === 0) reading.frame.levels.sync(0);
  else if (!reading.frame.levels.barrier(targets)) reading.findings.bound(reading.cursor.at, 'depth is a bound: a barrier on unknown or many qubits');
  if (reading.frame === reading.main) draw(reading, { ...blank, kind: 'barrier', operands: targets, count: 1 });
}

const blank: Omit<Drawn, 'kind' | 'operands' | 'count'> = { label: '', own: false, parameters: '', controls: 0, negative: [], inverse: false };

const nanoseconds: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, dt: 10 };

/** Reads `[duration]` and adds the wait; one that is not a literal is endless. A `dt` is taken as 10 ns, more than any device has. */
export function duration(reading: Reading): void {
  const { cursor, findings } = reading;
  const at = cursor.at;
  const literal = cursor.peek(1);
  const unit = /^([0-9_.eE+-]+)[ \t]*(dt|ns|us|µs|μs|ms|s)$/u.exec(literal.kind === 'number' ? literal.text : '');
  const alone = cursor.past(0) === 3;
  const length = unit === null || !alone ? most : Number((unit[1] ?? '').replaceAll('_', '')) * (nanoseconds[unit[2] ?? ''] ?? most);
  designator(reading);
  findings.straight = false;
  findings.note(at, 'waits (delay or box) are in no count and not in the depth');
  reading.frame.tally.wait = plus(reading.frame.tally.wait, length);
}

export function delay(reading: Reading): void {
  if (reading.cursor.is('[')) duration(reading);
  else reading.findings.unknown(reading.cursor.at, 'a delay without a duration');
  operands(reading);
}
