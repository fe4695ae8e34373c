// Reads what introduces names: registers, variables, gates, subroutines, includes.
import { bracketed, designator, expression, fitted, scalarTypes } from './expressions.ts';
import { elementary, measurement } from './applications.ts';
import { quoted } from './findings.ts';
import { concatenation, declaredSize } from './operands.ts';
import { whole } from './qubits.ts';
import { atRunTime, opaque, type Frame, type GateDefinition, type Reading, type Value } from './reading.ts';
import { longestBody, standardGate, usualBodies } from './standard.ts';
import { plain, plus } from './tally.ts';
import type { Token } from './tokens.ts';

const own: Readonly<Record<string, string>> = { qasm2: 'qelib1.inc', qasm3: 'stdgates.inc' };

/** `include "file"`. */
export function include(reading: Reading, at: number): void {
  const { cursor, findings } = reading;
  const path = cursor.next();
  if (path.kind !== 'string') return findings.unknown(at, 'an include without a file');
  findings.keep(findings.includes, plain(path.text, 100), at);
  if (path.text !== own[cursor.tokens.language]) findings.unknown(at, `what the include ${quoted(path.text)} declares is not known`);
  if (!reading.global) findings.unknown(at, 'an include that is not at the top of the program');
}

/** `qubit[n] q` or `qreg q[n]`. */
export function qubits(reading: Reading, style: 'qubit' | 'qreg', at: number): void {
  const { cursor, findings } = reading;
  const before = style === 'qubit' ? declaredSize(reading) : 1;
  const name = cursor.takeWord();
  const size = style === 'qreg' ? declaredSize(reading) : before;
  if (name === undefined) return findings.unknown(at, 'a qubit without a name');
  if (!reading.global || reading.frame !== reading.main) findings.unknown(at, 'qubits declared inside a block');
  reading.declared = plus(reading.declared, size);
  const register = reading.register(size);
  reading.wires.push({ name: name.text, register });
  reading.declare(name.text, { kind: 'qubits', operand: whole(register) }, name.start);
}

interface ClassicalType {
  readonly type: string;
  readonly width: Value | undefined;
  /** How many elements a loop visits. */
  readonly length: number;
}

/** Reads `int[32]`, `bit[4]`, `array[float, 3, 2]`, … */
export function classicalType(reading: Reading): ClassicalType {
  const { cursor } = reading;
  const type = cursor.next().text;
  if (!cursor.is('[')) return { type, width: undefined, length: 1 };
  if (type === 'bit') {
    const length = declaredSize(reading);
    return { type, width: undefined, length };
  }
  if (type === 'array' || type === 'complex') {
    cursor.skipBracket();
    return { type, width: undefined, length: 0 };
  }
  return { type, width: designator(reading), length: 1 };
}

/** A classical declaration, after `const` if there is one. */
export function variable(reading: Reading, constant: boolean): void {
  const { cursor, findings } = reading;
  const { type, width, length } = classicalType(reading);
  const name = cursor.takeWord();
  if (name === undefined) return findings.unknown(cursor.at, 'a variable without a name');
  if (type === 'bit') findings.clbits = plus(findings.clbits, length);
  const value = cursor.take('=') ? assigned(reading) : atRunTime;
  const shown = constant ? fitted(value, type, width) : atRunTime;
  reading.declare(name.text, { kind: 'value', value: shown, fixed: constant, ...(length > 0 && { length }) }, name.start);
}

export function creg(reading: Reading): void {
  const { cursor, findings } = reading;
  const name = cursor.takeWord();
  const length = declaredSize(reading);
  if (name === undefined) return findings.unknown(cursor.at, 'a register without a name');
  findings.clbits = plus(findings.clbits, length);
  reading.declare(name.text, { kind: 'value', value: atRunTime, fixed: false, length }, name.start);
}

/** What stands to the right of `=` or after `return`: a measurement or an expression. */
export function assigned(reading: Reading): Value {
  if (!reading.cursor.take('measure')) return expression(reading);
  measurement(reading);
  return atRunTime;
}

/** `input T name` or `output T name`. */
export function port(reading: Reading, direction: string, at: number): void {
  const { cursor, findings } = reading;
  const from = cursor.at;
  if (!scalarTypes.has(cursor.peek().text)) return findings.unknown(at, `an ${direction} without a type`);
  const { type, width, length } = classicalType(reading);
  const name = cursor.takeWord();
  if (name === undefined) return findings.unknown(at, `an ${direction} without a name`);
  const bound = direction === 'input' && reading.global ? reading.bound.get(name.text) : undefined;
  if (bound !== undefined) {
    const value = bound === null ? opaque : fitted({ range: bound, runtime: false }, type, width);
    return reading.declare(name.text, { kind: 'value', value, fixed: true, length }, name.start);
  }
  const text = cursor.tokens.source.slice(from, Math.min(name.start, from + 200)).trim();
  if (type === 'bit') findings.clbits = plus(findings.clbits, length);
  if (direction === 'input') findings.keep(findings.inputs, { name: plain(name.text, 60), type: plain(text, 60) }, at);
  reading.declare(name.text, { kind: 'value', value: atRunTime, fixed: direction === 'input', length }, name.start);
}

/** `let name = operand ++ operand` */
export function alias(reading: Reading, at: number): void {
  const { cursor, findings } = reading;
  const name = cursor.takeWord();
  if (name === undefined || !cursor.take('=')) return findings.unknown(at, 'an alias that could not be read');
  const first = cursor.peek();
  const bits = first.kind === 'word' && reading.lookup(first.text)?.kind === 'value';
  if (!bits) return reading.declare(name.text, { kind: 'qubits', operand: concatenation(reading) }, name.start);
  expression(reading);
  reading.declare(name.text, { kind: 'value', value: atRunTime, fixed: false }, name.start);
}

/** `gate name(parameters) qubits { … }`. A definition of a standard name counts as the larger of what it says and what the name says. */
export function gate(reading: Reading, at: number, body: () => void): void {
  const { cursor, findings } = reading;
  const name = cursor.takeWord();
  if (name === undefined) return findings.unknown(at, 'a gate without a name');
  if (!reading.global || reading.frame !== reading.main) findings.unknown(at, 'a gate defined inside a block');
  const { text } = name;
  const usedBefore = reading.usedStandard.has(text);
  const registers: number[] = [];
  const formal = new Map<string, string>();
  let parameters = 0;
  let spelled: readonly Token[] = [];
  const twice = reading.gates.get(text);
  if (twice !== undefined || reading.subroutines.has(text) || usedBefore) findings.unknown(at, `${quoted(text)} is defined after it was used, or twice`);
  if (text.normalize('NFKC') !== text) findings.unknown(at, `${quoted(text)} looks like another name`);
  reading.defining.add(text);
  const frame = reading.inScope(() => {
    if (cursor.take('(')) {
      parameters = names(reading, (parameter, where) => {
        formal.set(parameter, `p${formal.size}`);
        reading.declare(parameter, { kind: 'value', value: opaque, fixed: true }, where);
      });
      if (!cursor.take(')')) findings.unknown(at, 'gate parameters that could not be read');
    }
    names(reading, (qubit, where) => {
      const register = reading.register(1);
      formal.set(qubit, `q${registers.length}`);
      registers.push(register.offset);
      reading.declare(qubit, { kind: 'qubits', operand: whole(register) }, where);
    });
    const from = cursor.place;
    const counted = reading.inFrame(body);
    spelled = cursor.between(from + 1, Math.min(cursor.place - 1, from + longestBody + 1));
    return counted;
  });
  reading.defining.delete(text);
  if (frame.tally.measurements > 0 || frame.tally.resets > 0) findings.unknown(at, 'a gate that measures or resets');
  const defined: GateDefinition = { parameters, qubits: registers.length, tally: frame.tally, profile: registers.map((qubit) => frame.levels.level(qubit)) };
  const usual = twice === undefined && usualBodies.get(text)?.includes(spelling(spelled, formal)) === true && spelled.every((token) => trusted(reading, token.text));
  if (usual) reading.usual.add(text);
  reading.gates.set(text, usual ? elementary(reading, text, defined.qubits, parameters) : settled(reading, text, defined, at));
  if (twice !== undefined) reading.gates.set(text, larger(twice, reading.gates.get(text) ?? twice));
}

function larger(first: GateDefinition, second: GateDefinition): GateDefinition {
  second.tally.raise(first.tally);
  return { ...second, profile: second.profile.map((depth, at) => Math.max(depth, first.profile[at] ?? 0)) };
}

function spelling(tokens: readonly Token[], formal: ReadonlyMap<string, string>): string {
  return tokens.map(({ text }) => formal.get(text) ?? text).join(' ');
}

/** The word is no gate that the program has defined in a way of its own. */
const trusted = (reading: Reading, word: string): boolean => !reading.gates.has(word) || reading.usual.has(word);

function settled(reading: Reading, name: string, defined: GateDefinition, at: number): GateDefinition {
  const standard = standardGate(name);
  if (standard === undefined) return defined;
  reading.findings.bound(at, `${quoted(name)} is a standard name with a definition of its own: both are counted`);
  if (standard.qubits !== defined.qubits || standard.parameters !== defined.parameters) reading.findings.unknown(at, `${quoted(name)} is defined with another shape than the standard gate`);
  defined.tally.raise(elementary(reading, name, standard.qubits, standard.parameters).tally);
  return { ...defined, profile: defined.profile.map((depth) => Math.max(1, depth)) };
}

function names(reading: Reading, each: (name: string, at: number) => void): number {
  let count = 0;
  for (let name = reading.cursor.takeWord(); name !== undefined; name = reading.cursor.take(',') ? reading.cursor.takeWord() : undefined) {
    each(name.text, name.start);
    count += 1;
  }
  return count;
}

/** `opaque name(parameters) qubits`: a gate whose content nobody sees. */
export function opaqueGate(reading: Reading): void {
  const { cursor } = reading;
  const name = cursor.takeWord();
  if (name !== undefined) reading.opaques.add(name.text);
  if (cursor.is('(')) cursor.skipBracket();
  names(reading, () => {});
  if (name !== undefined && standardGate(name.text) !== undefined) reading.findings.unknown(name.start, `${quoted(name.text)} is a standard name, declared opaque`);
}

/** `def name(arguments) -> type { … }` */
export function subroutine(reading: Reading, at: number, body: () => void): void {
  const { cursor, findings } = reading;
  const name = cursor.takeWord();
  if (name === undefined || !cursor.is('(')) return findings.unknown(at, 'a subroutine that could not be read');
  if (!reading.global || reading.frame !== reading.main) findings.unknown(at, 'a subroutine defined inside a block');
  if (reading.subroutines.has(name.text) || reading.gates.has(name.text) || standardGate(name.text) !== undefined) {
    findings.unknown(at, `${quoted(name.text)} is defined twice, or has a standard gate's name`);
  }
  reading.defining.add(name.text);
  const frame: Frame = reading.inScope(() => {
    const end = cursor.closing;
    cursor.next();
    while (!cursor.done && !cursor.is(')')) if (!argument(reading)) break;
    if (!cursor.is(')')) findings.unknown(at, 'subroutine arguments that could not be read');
    cursor.moveTo(end + 1);
    if (cursor.take('->')) classicalType(reading);
    return reading.unmeasured(() => reading.inFrame(body));
  });
  reading.defining.delete(name.text);
  reading.subroutines.get(name.text)?.tally.raise(frame.tally);
  if (!reading.subroutines.has(name.text)) reading.subroutines.set(name.text, frame);
}

/** Reads one argument and its comma; false when it could not. */
function argument(reading: Reading): boolean {
  const { cursor } = reading;
  if (cursor.is('readonly') || cursor.is('mutable')) cursor.next();
  const style = cursor.peek().text;
  const register = style === 'qubit' || style === 'qreg';
  let size = 1;
  if (style === 'qubit') {
    cursor.next();
    size = declaredSize(reading);
  } else if (register || style === 'creg') cursor.next();
  else if (scalarTypes.has(style)) classicalType(reading);
  else return false;
  const name = cursor.takeWord();
  if (name === undefined) return false;
  if (style === 'qreg' || style === 'creg') size = declaredSize(reading);
  if (register) reading.declare(name.text, { kind: 'qubits', operand: whole(reading.register(size)) }, name.start);
  else reading.declare(name.text, { kind: 'value', value: atRunTime, fixed: false }, name.start);
  return cursor.take(',') || cursor.is(')');
}

/** `extern name(types) -> type` */
export function extern(reading: Reading, at: number): void {
  const { cursor, findings } = reading;
  const name = cursor.takeWord();
  if (name === undefined || !cursor.is('(')) return findings.unknown(at, 'an extern that could not be read');
  findings.keep(findings.externs, plain(name.text, 60), at);
  reading.externs.add(name.text);
  cursor.skipBracket();
  if (cursor.take('->') && scalarTypes.has(cursor.peek().text)) classicalType(reading);
}

/** `name = …`, `name[…] += …` */
export function assignment(reading: Reading): void {
  const { cursor, findings } = reading;
  const name = cursor.next();
  const named = reading.lookup(name.text);
  if (named?.kind !== 'value' || named.fixed) findings.unknown(name.start, `${quoted(name.text)} is assigned to, which is not a variable`);
  while (cursor.is('[')) bracketed(reading);
  cursor.next();
  assigned(reading);
}
