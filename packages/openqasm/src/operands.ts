// Reads the qubits that a gate, measurement or alias names.
import { quoted } from './findings.ts';
import { designator, expression, expressions } from './expressions.ts';
import { choose, join, whole, type Operand } from './qubits.ts';
import type { Reading, Value } from './reading.ts';

/** Reads `a, b[0], $1` up to what is no operand. */
export function operands(reading: Reading): readonly Operand[] {
  const { cursor } = reading;
  const found: Operand[] = [];
  while (cursor.peek().kind === 'word' || cursor.peek().kind === 'physical') {
    found.push(operand(reading));
    if (!cursor.take(',')) break;
  }
  return found;
}

export function operand(reading: Reading): Operand {
  const { cursor, findings } = reading;
  const token = cursor.next();
  if (token.kind === 'physical') {
    if (token.text.length > 2 && token.text.startsWith('$0')) findings.unknown(token.start, 'a physical qubit number with leading zeros');
    return whole(reading.physicalRegister(Number(token.text.slice(1))));
  }
  const named = token.kind === 'word' ? reading.lookup(token.text) : undefined;
  if (named?.kind !== 'qubits') findings.unknown(token.start, `${quoted(token.text)} is not a qubit that is declared`);
  let result: Operand = named?.kind === 'qubits' ? named.operand : { size: 1 };
  while (cursor.is('[')) result = indexed(reading, result);
  return result;
}

/** `a ++ b ++ c`, as `let` takes it. */
export function concatenation(reading: Reading): Operand {
  const parts = [operand(reading)];
  while (reading.cursor.take('++')) parts.push(operand(reading));
  return join(parts);
}

function indexed(reading: Reading, from: Operand): Operand {
  const { cursor, findings } = reading;
  const start = cursor.at;
  const end = cursor.closing;
  cursor.next();
  const result = cursor.is('{') ? set(reading, from, start) : single(reading, from, start);
  cursor.take(',');
  if (!cursor.take(']')) {
    findings.unknown(start, 'a qubit index that could not be read');
    expressions(reading);
    cursor.moveTo(end + 1);
    return { size: from.size };
  }
  return result;
}

function set(reading: Reading, from: Operand, start: number): Operand {
  const { cursor } = reading;
  const end = cursor.closing;
  const chosen: Operand[] = [];
  cursor.next();
  while (!cursor.done && !cursor.is('}')) {
    const at = cursor.at;
    chosen.push(element(reading, from, expression(reading), start));
    if (!cursor.take(',') && cursor.at === at) break;
  }
  if (!cursor.take('}')) reading.findings.unknown(start, 'a qubit index that could not be read');
  cursor.moveTo(end + 1);
  return join(chosen);
}

/** One index, or a range `start : end` or `start : step : end`, both ends included. */
function single(reading: Reading, from: Operand, start: number): Operand {
  const { cursor } = reading;
  const parts: (Value | undefined)[] = [cursor.is(':') ? undefined : expression(reading)];
  while (cursor.take(':')) parts.push(cursor.is(':') || cursor.is(']') ? undefined : expression(reading));
  const [first] = parts;
  if (parts.length === 1) return element(reading, from, first ?? { runtime: true }, start);
  if (parts.some((part) => part?.runtime === true)) reading.findings.dynamic = true;
  const low = parts.length > 3 ? undefined : exact(first, 0);
  const high = exact(parts.at(-1), from.size - 1);
  const step = parts.length === 3 ? exact(parts[1], 1) : 1;
  const known = low !== undefined && high !== undefined && step !== undefined && step !== 0;
  const a = known ? inside(low, from.size) : undefined;
  const b = known ? inside(high, from.size) : undefined;
  if (a === undefined || b === undefined || step === undefined) {
    const say = parts.length > 3 || known || step === 0 ? 'unknown' : 'bound';
    reading.findings.straight = false;
    reading.findings[say](start, 'a range of qubits that is not constant or not in the register counts as all of it');
    return { size: from.size };
  }
  const count = Math.floor((b - a) / step) + 1;
  if (count < 1) {
    reading.findings.unknown(start, 'a range of no qubits');
    return { size: 1 };
  }
  return choose(from, a, step, count);
}

function element(reading: Reading, from: Operand, index: Value, start: number): Operand {
  if (index.runtime) reading.findings.dynamic = true;
  if (index.range === undefined || index.range[0] !== index.range[1]) {
    reading.findings.straight = false;
    reading.findings.bound(start, 'depth counts an index that is not constant as if it met every qubit');
    return { size: 1 };
  }
  const at = inside(index.range[0], from.size);
  if (at !== undefined) return choose(from, at, 1, 1);
  reading.findings.unknown(start, 'a qubit index outside its register');
  return { size: 1 };
}

/** A constant, a default where nothing is written, or undefined. */
function exact(value: Value | undefined, otherwise: number): number | undefined {
  if (value === undefined) return otherwise;
  return value.range !== undefined && value.range[0] === value.range[1] ? value.range[0] : undefined;
}

/** An index as a place in the register; negative ones count from its end. */
function inside(index: number, size: number): number | undefined {
  const place = index < 0 ? index + size : index;
  return place >= 0 && place < size ? place : undefined;
}

/** Reads `[size]` of a declaration: how many there are. */
export function declaredSize(reading: Reading): number {
  const { cursor, findings } = reading;
  if (!cursor.is('[')) return 1;
  const at = cursor.at;
  const { range } = designator(reading);
  if (range !== undefined && range[0] === range[1] && range[0] > 0) return range[0];
  findings.unknown(at, 'a size that is not a positive constant');
  return Math.max(1, range?.[1] ?? 1);
}
