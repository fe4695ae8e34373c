// Reads classical expressions: integer ranges where they are constant, and the effects of the calls inside.
import { quoted } from './findings.ts';
import { atRunTime, opaque, point, type Frame, type Reading, type Value } from './reading.ts';

const precedence: Readonly<Record<string, number>> = {
  '||': 1, '&&': 2, '|': 3, '^': 4, '&': 5, '==': 6, '!=': 6, '<': 7, '>': 7, '<=': 7, '>=': 7, '<<': 8, '>>': 8, '++': 9, '+': 9, '-': 9, '*': 10, '/': 10, '%': 10,
};
const constants: ReadonlySet<string> = new Set(['true', 'false', 'pi', 'π', 'tau', 'τ', 'euler', 'ℇ', 'ε', 'im']);
const functions: ReadonlySet<string> = new Set([
  'arccos', 'arcsin', 'arctan', 'ceiling', 'cos', 'exp', 'floor', 'ln', 'log', 'mod', 'popcount', 'pow', 'rotl', 'rotr', 'sin', 'sqrt', 'tan', 'real', 'imag', 'sizeof', 'abs',
]);
export const scalarTypes: ReadonlySet<string> = new Set(['bit', 'int', 'uint', 'float', 'angle', 'bool', 'complex', 'duration', 'stretch', 'array']);

/** Reads one expression; stops at what cannot continue it. */
export function expression(reading: Reading, least = 1): Value {
  let left = unary(reading);
  for (;;) {
    const token = reading.cursor.peek();
    const power = token.kind === 'symbol' ? precedence[token.text] : undefined;
    if (power === undefined || power < least) return left;
    reading.cursor.next();
    const right = expression(reading, power + 1);
    const runtime = left.runtime || right.runtime;
    // OpenQASM 2 writes powers as `^`, with another precedence: no value is claimed.
    const range = reading.cursor.tokens.language === 'qasm3' ? combined(token.text, left.range, right.range) : undefined;
    left = range === undefined ? { runtime } : { range, runtime };
  }
}

/** Reads expressions and ranges up to the closing bracket that the caller takes; answers whether any is only known at run time. */
export function expressions(reading: Reading): { readonly count: number; readonly runtime: boolean } {
  const { cursor } = reading;
  let count = 0;
  let runtime = false;
  while (!cursor.done && !cursor.is(')') && !cursor.is(']') && !cursor.is('}') && !cursor.is(';')) {
    if (cursor.take(',') || cursor.take(':')) continue;
    const before = cursor.at;
    runtime = expression(reading).runtime || runtime;
    count += 1;
    if (cursor.at === before) {
      reading.findings.unknown(before, 'an expression that could not be read');
      cursor.next();
    }
  }
  return { count, runtime };
}

/** Reads what stands in the bracket that opens here, and the bracket itself. */
export function bracketed(reading: Reading): { readonly count: number; readonly runtime: boolean } {
  const { cursor } = reading;
  const end = cursor.closing;
  cursor.next();
  const found = expressions(reading);
  if (cursor.peek().partner === -1 || !closes(reading)) reading.findings.unknown(cursor.at, 'an expression that could not be read');
  cursor.moveTo(end + 1);
  return found;
}

const closes = ({ cursor }: Reading): boolean => cursor.is(')') || cursor.is(']') || cursor.is('}');

function unary(reading: Reading): Value {
  const { cursor } = reading;
  let negative = false;
  let other = false;
  for (; cursor.is('-') || cursor.is('~') || cursor.is('!') || cursor.is('+'); cursor.next()) {
    if (cursor.is('-')) negative = !negative;
    else other = true;
  }
  let value = postfix(reading);
  for (let powers = 0; cursor.take('**'); powers += 1) {
    let exponentSign = false;
    for (; cursor.is('-') || cursor.is('~') || cursor.is('!'); cursor.next()) exponentSign = true;
    const exponent = postfix(reading);
    const range = powers > 0 || exponentSign ? undefined : combined('**', value.range, exponent.range);
    const runtime = value.runtime || exponent.runtime;
    value = range === undefined ? { runtime } : { range, runtime };
  }
  if (value.range === undefined || other) return { runtime: value.runtime };
  return negative ? { range: [0 - value.range[1], 0 - value.range[0]], runtime: value.runtime } : value;
}

function postfix(reading: Reading): Value {
  let value = primary(reading);
  while (reading.cursor.is('[')) value = { runtime: bracketed(reading).runtime || value.runtime };
  return value;
}

function primary(reading: Reading): Value {
  const { cursor, findings } = reading;
  const token = cursor.peek();
  if (token.kind === 'number') return integer(cursor.next().text);
  if (token.kind === 'string' || token.kind === 'physical') { cursor.next(); return opaque; }
  if (token.kind === 'word') return word(reading);
  if (token.text === '{') return { runtime: bracketed(reading).runtime };
  if (token.text === '(') {
    const end = cursor.closing;
    cursor.next();
    const value = expression(reading);
    if (!cursor.take(')')) findings.unknown(cursor.at, 'an expression that could not be read');
    cursor.moveTo(end + 1);
    return value;
  }
  findings.unknown(token.start, 'an expression that could not be read');
  return opaque;
}

function word(reading: Reading): Value {
  const { cursor, findings } = reading;
  const { text, start } = cursor.next();
  if (cursor.tokens.language === 'qasm3' && scalarTypes.has(text)) return cast(reading, text);
  if (cursor.tokens.language === 'qasm3' && (text === 'durationof' || text === 'measure')) {
    findings.unknown(start, `${text} where its effect is not counted`);
    if (cursor.is('(')) cursor.skipBracket();
    return atRunTime;
  }
  if (cursor.is('(')) return call(reading, text, start);
  const named = reading.lookup(text);
  if (named?.kind === 'value') return named.value;
  if (named?.kind === 'qubits' || constants.has(text)) return opaque;
  findings.unknown(start, `${quoted(text)} is not declared`);
  return atRunTime;
}

function cast(reading: Reading, type: string): Value {
  const { cursor } = reading;
  const width = cursor.is('[') ? designator(reading) : undefined;
  if (!cursor.is('(')) {
    reading.findings.unknown(cursor.at, 'a type where a value belongs');
    return opaque;
  }
  const end = cursor.closing;
  cursor.next();
  const value = expression(reading);
  if (!cursor.take(')')) reading.findings.unknown(cursor.at, 'an expression that could not be read');
  cursor.moveTo(end + 1);
  return fitted(value, type, width);
}

/** Reads `[size]` and answers its value. */
export function designator(reading: Reading): Value {
  const { cursor } = reading;
  const end = cursor.closing;
  cursor.next();
  const value = expression(reading);
  const clean = cursor.take(']');
  if (!clean) {
    expressions(reading);
    cursor.moveTo(end + 1);
  }
  return clean ? value : { runtime: value.runtime };
}

/** A value as a variable of an integer type holds it; no range where it would not fit or the type is not an integer. */
export function fitted(value: Value, type: string, width: Value | undefined): Value {
  if (value.range === undefined || (type !== 'int' && type !== 'uint')) return { runtime: value.runtime };
  const bits = width === undefined ? 54 : width.range !== undefined && width.range[0] === width.range[1] ? width.range[0] : 0;
  const high = type === 'int' ? 2 ** Math.min(bits - 1, 53) - 1 : 2 ** Math.min(bits, 53) - 1;
  const low = type === 'int' ? -high - 1 : 0;
  return bits > 0 && value.range[0] >= low && value.range[1] <= high ? value : { runtime: value.runtime };
}

function call(reading: Reading, name: string, start: number): Value {
  const { findings } = reading;
  const subroutine = reading.subroutines.get(name);
  bracketed(reading);
  if (reading.defining.has(name)) {
    findings.unboundedLoop = true;
    findings.unknown(start, `${quoted(name)} calls itself or is defined twice`);
  } else if (subroutine !== undefined) perform(reading, subroutine, start);
  else if (reading.externs.has(name)) findings.unknown(start, `what the extern ${quoted(name)} does is not known`);
  else if (!functions.has(name)) findings.unknown(start, `the function ${quoted(name)} is not defined before its call`);
  return atRunTime;
}

/** Counts one call of a subroutine: its arguments are not followed, so it waits for, and may have measured, every qubit. */
export function perform(reading: Reading, body: Frame, start: number): void {
  const { frame, findings, measured } = reading;
  findings.straight = false;
  findings.bound(start, 'subroutine calls are taken one after another');
  frame.tally.add(body.tally, 1);
  frame.levels.sync(body.levels.depth);
  frame.midCircuit ||= body.midCircuit || (measured.any && body.tally.operations > 0);
  if (body.tally.measurements > 0) {
    measured.markAll();
    frame.sameMeasured = true;
  }
}

function integer(text: string): Value {
  const digits = text.replaceAll('_', '');
  return /^(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0o[0-7]+|[0-9]+)$/.test(digits) ? point(Number(digits)) : opaque;
}

type Range = readonly [number, number];

function combined(operator: string, a: Range | undefined, b: Range | undefined): Range | undefined {
  if (a === undefined || b === undefined) return undefined;
  const found = interval(operator, a, b);
  return found !== undefined && found.every(Number.isSafeInteger) ? found : undefined;
}

function interval(operator: string, [a, b]: Range, [c, d]: Range): Range | undefined {
  if (operator === '+') return [a + c, b + d];
  if (operator === '-') return [a - d, b - c];
  if (operator === '*') {
    const corners = [a * c, a * d, b * c, b * d];
    return [Math.min(...corners), Math.max(...corners)];
  }
  if (a !== b || c !== d) return undefined;
  const value = exactly(operator, a, c);
  return value === undefined ? undefined : [value, value];
}

function exactly(operator: string, a: number, b: number): number | undefined {
  const small = a >= 0 && b >= 0 && a < 2 ** 31 && b < 2 ** 31;
  switch (operator) {
    case '/': return b !== 0 && a % b === 0 ? a / b : undefined;
    case '%': return a >= 0 && b > 0 ? a % b : undefined;
    case '**': return b >= 0 ? a ** b : undefined;
    case '<<': return small && b < 53 ? a * 2 ** b : undefined;
    case '>>': return small ? Math.floor(a / 2 ** b) : undefined;
    case '&': return small ? a & b : undefined;
    case '|': return small ? a | b : undefined;
    case '^': return small ? a ^ b : undefined;
    default: return undefined;
  }
}
