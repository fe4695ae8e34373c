// Reads statements: each is counted where it stands, blocks are counted once and multiplied.
import { barrier, delay, duration, gateCall, isModifier, measurement, reset } from './applications.ts';
import { alias, assigned, assignment, classicalType, creg, extern, gate, include, opaqueGate, port, qubits, subroutine, variable } from './declarations.ts';
import { expression, expressions, fitted, scalarTypes } from './expressions.ts';
import { quoted } from './findings.ts';
import { point, type Frame, type Reading } from './reading.ts';
import { Tally, plain, plus, times } from './tally.ts';
import { physicalQubits } from './tokens.ts';

/** Pragmas that change no count. */
const knownPragmas: ReadonlySet<string> = new Set(['braket verbatim']);

const readers: Readonly<Record<string, (reading: Reading, at: number) => void>> = {
  include, gate: (reading, at) => { reserved(reading, at); gate(reading, at, () => body(reading, at)); }, opaque: (reading, at) => { reserved(reading, at); opaqueGate(reading); }, if: conditional, barrier, reset, creg,
  measure: arrowMeasurement, qreg: (reading, at) => qubits(reading, 'qreg', at),
};
const laterReaders: Readonly<Record<string, (reading: Reading, at: number) => void>> = {
  ...readers, qubit: (reading, at) => qubits(reading, 'qubit', at), const: (reading) => variable(reading, true),
  input: (reading, at) => port(reading, 'input', at), output: (reading, at) => port(reading, 'output', at), let: alias, extern,
  def: (reading, at) => { reserved(reading, at); subroutine(reading, at, () => body(reading, at)); }, for: counted, while: endless, switch: switched, box, delay,
  nop: (reading) => { while (!reading.cursor.done && !reading.cursor.is(';') && !reading.cursor.is('}')) reading.cursor.next(); },
  cal: pulse, defcal: pulse, defcalgrammar: pulse, end: leave, return: leave, break: leave, continue: leave,
};
/** Statements that end with their block. */
const blocks: ReadonlySet<string> = new Set(['gate', 'def', 'if', 'for', 'while', 'switch', 'box', 'cal', 'defcal']);

/** A definition under a word that starts a statement: calls of it would be read as that statement, in this version or the next. */
function reserved({ cursor, findings }: Reading, at: number): void {
  const { text } = cursor.peek();
  const words = cursor.tokens.language === 'qasm2' ? readers : laterReaders;
  if (Object.hasOwn(words, text) || (cursor.tokens.language === 'qasm3' && scalarTypes.has(text))) findings.unknown(at, `${quoted(text)} is a word of the language`);
}

/** Reads the whole program. */
export function program(reading: Reading): void {
  const { cursor } = reading;
  for (const qubit of physicalQubits(cursor.tokens)) reading.physicalRegister(qubit);
  while (!cursor.done) statement(reading);
}

export function statement(reading: Reading): void {
  const { cursor, findings } = reading;
  const token = cursor.peek();
  if (token.kind === 'pragma') {
    cursor.next();
    findings.keep(findings.pragmas, plain(token.text, 200), token.start);
    if (!knownPragmas.has(token.text)) findings.unknown(token.start, 'a pragma whose effect is not known');
    return;
  }
  if (token.kind === 'annotation') {
    cursor.next();
    findings.unknown(token.start, 'an annotation whose effect is not known');
    return;
  }
  if (cursor.take(';')) return;
  if (token.text === '{' && token.kind === 'symbol') return block(reading);
  if (token.kind !== 'word') return unread(reading);
  const kind = cursor.tokens.language === 'qasm2' ? readers : laterReaders;
  const reader = Object.hasOwn(kind, token.text) ? kind[token.text] : undefined;
  cursor.deeper(() => {
    if (reader !== undefined) {
      cursor.next();
      reader(reading, token.start);
    } else if (cursor.tokens.language === 'qasm3' && scalarTypes.has(token.text) && !cursor.is('(', 1)) variable(reading, false);
    else named(reading);
  });
  if (!(reader !== undefined && blocks.has(token.text)) && !cursor.take(';')) unread(reading);
}

/** Something that is no statement: never skipped in silence. */
function unread(reading: Reading): void {
  reading.findings.unknown(reading.cursor.at, 'a statement that could not be read');
  reading.cursor.skipStatement();
}

/** A statement that starts with a name: a gate call, an assignment or a call. */
function named(reading: Reading): void {
  const { cursor } = reading;
  const later = cursor.tokens.language === 'qasm3';
  if (!later || isModifier(reading) || cursor.is('gphase')) return gateCall(reading);
  let ahead = 1;
  if (cursor.is('(', ahead)) ahead = cursor.past(ahead);
  while (cursor.is('[', ahead)) ahead = cursor.past(ahead);
  const after = cursor.peek(ahead);
  if (after.kind === 'word' || after.kind === 'physical') return gateCall(reading);
  if (after.kind === 'symbol' && /^(?:[+\-*/&|~^%]|<<|>>|\*\*)?=$/.test(after.text) && !cursor.is('(', 1)) return assignment(reading);
  expression(reading);
}

/** Reads `{ … }`, which opens here. */
function block(reading: Reading): void {
  const { cursor } = reading;
  const end = cursor.closing;
  cursor.next();
  reading.inScope(() => {
    while (!cursor.done && !cursor.is('}')) statement(reading);
  });
  cursor.moveTo(end + 1);
}

/** The block of a definition. */
function body(reading: Reading, at: number): void {
  if (reading.cursor.is('{')) block(reading);
  else {
    reading.findings.unknown(at, 'a definition without a body');
    reading.cursor.skipStatement();
  }
}

/** A block or a single statement, counted into a frame of its own. */
function part(reading: Reading): Frame {
  return reading.inFrame(() => reading.inScope(() => own(reading)));
}

/** What a loop or a branch repeats or guards. A tool that drops pragmas takes the statement after one for it. */
function own(reading: Reading): void {
  const { cursor, findings } = reading;
  if (cursor.peek().kind === 'pragma') findings.unknown(cursor.at, 'a pragma where a loop or branch needs a statement');
  statement(reading);
}

/** Reads the condition in parentheses. */
function condition(reading: Reading, at: number): void {
  const { cursor, findings } = reading;
  findings.straight = false;
  const end = cursor.closing;
  if (!cursor.take('(')) return findings.unknown(at, 'a condition that could not be read');
  expressions(reading);
  if (!cursor.take(')')) findings.unknown(at, 'a condition that could not be read');
  cursor.moveTo(end + 1);
}

/** Counts the larger of both branches; a chain of `else if` is read flat. */
function conditional(reading: Reading, at: number): void {
  const { cursor, findings, measured, frame } = reading;
  findings.dynamic = true;
  findings.bound(at, 'of an if and its else the larger counts');
  const fed = measured.any;
  const most = new Tally();
  let depth = 0;
  for (let more = true; more;) {
    condition(reading, at);
    for (let arm = true; arm;) {
      const branch = part(reading);
      most.raise(branch.tally);
      depth = Math.max(depth, branch.levels.depth);
      merge(frame, branch, fed && branch.tally.operations > 0);
      arm = cursor.tokens.language === 'qasm3' && cursor.is('else') && !cursor.is('if', 1);
      if (arm) cursor.next();
    }
    more = cursor.tokens.language === 'qasm3' && cursor.is('else') && cursor.is('if', 1);
    if (more) { cursor.next(); cursor.next(); }
  }
  frame.tally.add(most, 1);
  frame.levels.sync(depth);
}

function merge(frame: Frame, inner: Frame, midCircuit: boolean): void {
  frame.midCircuit ||= inner.midCircuit || midCircuit;
  frame.sameMeasured ||= inner.sameMeasured;
}

/** Adds a block that runs `count` times. */
function repeat(reading: Reading, inner: Frame, count: number): void {
  const { frame } = reading;
  const { tally } = inner;
  frame.tally.add(tally, count);
  frame.levels.sync(times(inner.levels.depth, count));
  const again = count > 1 && tally.measurements > 0 && (inner.sameMeasured || plus(tally.gateCount, tally.resets) > 0);
  merge(frame, inner, again);
}

/** `for type name in values body`. */
function counted(reading: Reading, at: number): void {
  const { cursor, findings } = reading;
  findings.straight = false;
  const typed = scalarTypes.has(cursor.peek().text) && !cursor.is('in', 1);
  const { type, width } = typed ? classicalType(reading) : { type: 'int', width: undefined };
  const name = cursor.takeWord();
  if (name === undefined || !cursor.take('in')) {
    findings.unknown(at, 'a loop that could not be read');
    findings.unboundedLoop = true;
    return cursor.skipStatement();
  }
  const passes = loopValues(reading, at);
  if (width !== undefined && passes.range !== undefined && fitted({ range: passes.range, runtime: false }, type, width).range === undefined) {
    findings.unknown(at, 'a loop whose variable may be too small for its values');
  }
  if (passes.count === undefined) {
    findings.unboundedLoop = true;
    findings.dynamic ||= passes.runtime;
    findings.unknown(at, 'a loop whose number of passes is not constant');
  } else if (!passes.exact) findings.bound(at, 'a loop within a loop counts its most passes');
  const inner = reading.inFrame(() => reading.inScope(() => {
    reading.declare(name.text, { kind: 'value', value: { ...(passes.range !== undefined && { range: passes.range }), runtime: passes.runtime }, fixed: true }, name.start);
    own(reading);
  }));
  if (inner.levels.depth > 0 || inner.tally.operations > 0) findings.bound(at, 'depth takes the passes of a loop one after another');
  repeat(reading, inner, passes.count ?? 1);
}

interface Passes {
  /** Absent where it is not known. */
  readonly count?: number;
  readonly exact: boolean;
  readonly range?: readonly [number, number];
  readonly runtime: boolean;
}

function loopValues(reading: Reading, at: number): Passes {
  const { cursor, findings } = reading;
  if (cursor.is('{')) {
    const end = cursor.closing;
    cursor.next();
    let count = 0;
    let runtime = false;
    while (!cursor.done && !cursor.is('}')) {
      runtime = expression(reading).runtime || runtime;
      count += 1;
      if (!cursor.take(',')) break;
    }
    if (!cursor.is('}')) findings.unknown(at, 'loop values that could not be read');
    cursor.moveTo(end + 1);
    return { count, exact: true, runtime };
  }
  if (cursor.is('[')) return rangePasses(reading, at);
  const only = cursor.peek();
  const over = only.kind === 'word' ? reading.lookup(only.text) : undefined;
  const single = !cursor.is('[', 1) && !cursor.is('(', 1);
  const { runtime } = expression(reading);
  const length = over?.kind === 'value' && single ? over.length : undefined;
  return { ...(length !== undefined && { count: length }), exact: true, runtime };
}

/** `[first : last]` or `[first : step : last]`, both ends included (specification, for loops). */
function rangePasses(reading: Reading, at: number): Passes {
  const { cursor, findings } = reading;
  const end = cursor.closing;
  cursor.next();
  const parts = [expression(reading)];
  while (cursor.take(':')) parts.push(expression(reading));
  if (!cursor.take(']') || parts.length < 2 || parts.length > 3) {
    findings.unknown(at, 'loop values that could not be read');
    cursor.moveTo(end + 1);
    return { exact: false, runtime: true };
  }
  const runtime = parts.some((each) => each.runtime);
  const [first] = parts;
  const last = parts.at(-1);
  const step = parts.length === 3 ? parts[1] : point(1);
  const [a, b, by] = [first?.range, last?.range, step?.range];
  if (a === undefined || b === undefined || by === undefined || by[0] !== by[1] || by[0] === 0) return { exact: false, runtime };
  const reach = by[0] > 0 ? b[1] - a[0] : a[1] - b[0];
  const count = Math.max(0, Math.floor(reach / Math.abs(by[0])) + 1);
  if (!Number.isSafeInteger(reach)) return { exact: false, runtime };
  return { count, exact: a[0] === a[1] && b[0] === b[1], range: [Math.min(a[0], b[0]), Math.max(a[1], b[1])], runtime };
}

function endless(reading: Reading, at: number): void {
  const { findings } = reading;
  findings.dynamic = true;
  findings.unboundedLoop = true;
  findings.unknown(at, 'a while loop, whose number of passes is not known');
  condition(reading, at);
  const fed = reading.measured.any;
  const inner = part(reading);
  repeat(reading, inner, 1);
  reading.frame.midCircuit ||= inner.tally.measurements > 0 || (fed && inner.tally.operations > 0);
}

/** All cases are added up: older dialects fall through from one to the next. */
function switched(reading: Reading, at: number): void {
  const { cursor, findings } = reading;
  findings.dynamic = true;
  findings.bound(at, 'all cases of a switch are added up');
  const fed = reading.measured.any;
  condition(reading, at);
  if (!cursor.is('{')) {
    findings.unknown(at, 'a switch that could not be read');
    return cursor.skipStatement();
  }
  const end = cursor.closing;
  cursor.next();
  const inner = reading.inFrame(() => {
    while (!cursor.done && !cursor.is('}')) {
      if (cursor.take('case')) while (!cursor.done && !cursor.is('{') && !cursor.is(':') && !cursor.is('}') && !cursor.is(';')) caseLabel(reading);
      else if (!cursor.take('default')) statement(reading);
      cursor.take(':');
    }
  });
  cursor.moveTo(end + 1);
  repeat(reading, inner, 1);
  reading.frame.midCircuit ||= fed && inner.tally.operations > 0;
}

function caseLabel(reading: Reading): void {
  const { cursor, findings } = reading;
  const before = cursor.at;
  if (!cursor.take(',')) expression(reading);
  if (cursor.at !== before) return;
  findings.unknown(before, 'a case that could not be read');
  cursor.next();
}

/** `box { … }`: counted in place. */
function box(reading: Reading, at: number): void {
  reading.findings.straight = false;
  reading.findings.bound(at, 'depth does not wait for a box');
  if (reading.cursor.is('[')) duration(reading);
  body(reading, at);
}

/** `cal`, `defcal`, `defcalgrammar`: what is inside speaks another language. */
function pulse(reading: Reading, at: number): void {
  const { cursor, findings } = reading;
  findings.pulse = true;
  findings.unknown(at, 'pulse-level code, which is not read');
  while (!cursor.done && !cursor.is('{') && !cursor.is(';') && !cursor.is('}')) cursor.skipBracket();
  if (cursor.is('{')) cursor.skipBracket();
}

function leave(reading: Reading, at: number): void {
  const { cursor, findings } = reading;
  findings.straight = false;
  findings.bound(at, 'what follows an end, return, break or continue is counted all the same');
  if (!cursor.is(';') && !cursor.is('}')) assigned(reading);
}

function arrowMeasurement(reading: Reading): void {
  measurement(reading);
  const { cursor } = reading;
  if (cursor.take('->')) expression(reading);
}
