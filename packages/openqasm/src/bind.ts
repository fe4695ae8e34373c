// Binds a program's inputs: finds them, checks the values given, and writes the values in their place.
import { DewarError, pointer, shown, type ParameterValue, type Point } from '@dewar/protocol';
import { apply, type Edit } from './edits.ts';
import { declaring } from './normalise.ts';
import type { Bound } from './reading.ts';
import { tokenise, type Token, type Tokens } from './tokens.ts';

/** An OpenQASM 3 `input` declaration (language specification, "Input/output"). */
export interface Input {
  readonly name: string;
  /** `float`, `angle`, `int`, `uint`, `bool`, or one that takes no value here. */
  readonly type: string;
  /** Bits, where they are written as one number. */
  readonly width: number | null;
}

interface Declared extends Input {
  /** Offsets of the declaration, its semicolon included. */
  readonly start: number;
  readonly end: number;
}

/** What an input is given: a value a point, or for an envelope the ends of its range. */
export type Given = Readonly<Record<string, readonly ParameterValue[]>>;

const takesValues: ReadonlySet<string> = new Set(['float', 'angle', 'int', 'uint', 'bool']);
/** Words that mean something else to the language (OpenQASM 3 grammar, qasm3Lexer.g4): no compiler takes them for an input's name. */
const languageWords: ReadonlySet<string> = new Set((
  'OPENQASM include defcalgrammar def cal defcal gate extern box let break continue if else end return for while in switch case default pragma input output const readonly mutable qreg qubit creg bool bit int uint float angle '
  + 'complex array void duration stretch gphase inv pow ctrl negctrl durationof delay reset measure barrier true false im pi tau euler U CX opaque nop'
).split(' '));
/** Beyond it an angle or a factor is a slip: its digits after the point are gone. */
const largest = 1e9;

/** Throws as `analyse` does. */
export function inputsOf(source: string): readonly Input[] {
  return declared(tokenise(source)).map(({ name, type, width }) => ({ name, type, width }));
}

/**
 * Checks every value against the input that it is for, and answers what `analyse` needs to know of them.
 * Throws `parameters_invalid` where the program has no such input, its type does not hold the value, or its name stands for something else too.
 */
export function checkGiven(source: string, given: Given): Bound {
  const tokens = tokenise(source);
  const inputs = new Map(declared(tokens).map((input) => [input.name, input]));
  const twice = declaredTwice(tokens, inputs);
  const bound = new Map<string, readonly [number, number] | null>();
  for (const [name, values] of Object.entries(given)) {
    const input = inputs.get(name);
    if (input === undefined) throw wrong([name], 'the program has no such input', name, inputs.size === 0 ? 'no parameters: the program declares no input' : `its inputs: ${[...inputs.keys()].join(', ').slice(0, 200)}`);
    if (languageWords.has(name)) throw wrong([name], 'this is a word of the language, not a name', name, 'another name', 'rename the input');
    if (!takesValues.has(input.type)) throw wrong([name], `an input of type ${input.type} takes no value here`, input.type, [...takesValues].join(', '));
    if (twice.has(name)) throw wrong([name], 'the program gives this name to something else too', name, 'a name that the program declares once', 'rename one of the two');
    const bad = values.findIndex((value) => !holds(input, value));
    if (bad >= 0) throw wrong(values.length > 1 ? [name, String(bad)] : [name], `${typeName(input)} ${name} does not hold this value`, values[bad], domain(input));
    const numbers = values.filter((value) => typeof value === 'number');
    const whole = input.type === 'int' || input.type === 'uint';
    bound.set(name, whole ? [numbers.reduce((low, value) => Math.min(low, value), Infinity), numbers.reduce((high, value) => Math.max(high, value), -Infinity)] : null);
  }
  return bound;
}

/** The program with each value in place of its input's name, and without those inputs' declarations. Line numbers stay. The values have passed `checkGiven`. */
export function bind(source: string, point: Point): string {
  const values = new Map(Object.entries(point));
  if (values.size === 0) return source;
  const tokens = tokenise(source);
  const inputs = new Map(declared(tokens).map((input) => [input.name, input]));
  const edits: Edit[] = [];
  for (const { start, end, name } of inputs.values()) if (values.has(name)) edits.push({ start, end, text: '' });
  for (const token of tokens.list) {
    const value = token.kind === 'word' ? values.get(token.text) : undefined;
    const input = inputs.get(token.text);
    if (value === undefined || input === undefined || (token.start >= input.start && token.end <= input.end)) continue;
    edits.push({ start: token.start, end: token.end, text: literal(value, input.type) });
  }
  return apply(source, edits.toSorted((a, b) => a.start - b.start));
}

/** One pass, whatever the text: `input T name;` and `input T[n] name;` outside all braces. */
function declared({ list, language }: Tokens): Declared[] {
  if (language !== 'qasm3') return [];
  const found: Declared[] = [];
  let depth = 0;
  list.forEach((token, at) => {
    if (token.kind === 'symbol' && token.text === '{') depth += 1;
    if (token.kind === 'symbol' && token.text === '}') depth -= 1;
    if (depth !== 0 || token.kind !== 'word' || token.text !== 'input' || !begins(list, at)) return;
    const wide = list[at + 2]?.text === '[';
    const [type, name, end] = [list[at + 1], list[wide ? at + 5 : at + 2], list[wide ? at + 6 : at + 3]];
    if (type?.kind !== 'word' || name?.kind !== 'word' || end?.text !== ';') return;
    const bits = wide ? Number(list[at + 3]?.text) : null;
    // A width that is an expression is left alone: such an input takes no value.
    const known = bits === null || (Number.isSafeInteger(bits) && bits > 0);
    found.push({ name: name.text, type: known ? type.text : `${type.text} of another width`, width: known ? bits : null, start: token.start, end: end.end });
  });
  return found;
}

function begins(list: readonly Token[], at: number): boolean {
  const before = list[at - 1];
  if (before === undefined || before.kind === 'pragma' || before.kind === 'annotation') return true;
  if (before.kind !== 'symbol') return false;
  // After `for int i in {1, 2}` it would be the loop's body: taken out, the next statement would be.
  return before.text === ';' || (before.text === '}' && list[before.partner - 1]?.text !== 'in');
}

/** Inputs whose names are declared once more: after a type or its `]`, after `for`, or between `gate` and its body. */
function declaredTwice({ list }: Tokens, inputs: ReadonlyMap<string, Declared>): ReadonlySet<string> {
  const twice = new Set<string>();
  let header = false;
  list.forEach((token, at) => {
    if (token.kind === 'symbol' && (token.text === ';' || token.text === '{' || token.text === '}')) header = false;
    if (token.kind !== 'word') return;
    if (token.text === 'gate') header = true;
    const input = inputs.get(token.text);
    if (input === undefined || (token.start >= input.start && token.end <= input.end)) return;
    const before = list[at - 1]?.text ?? '';
    if (header || before === ']' || before === 'for' || declaring.has(before)) twice.add(token.text);
  });
  return twice;
}

function holds({ type, width }: Input, value: ParameterValue): boolean {
  if (type === 'bool' || typeof value === 'boolean') return type === 'bool' && typeof value === 'boolean';
  if (type === 'float' || type === 'angle') return Number.isFinite(value) && Math.abs(value) <= largest;
  const [low, high] = wholeRange(type, width);
  return Number.isSafeInteger(value) && value >= low && value <= high;
}

function wholeRange(type: string, width: number | null): readonly [number, number] {
  const bits = Math.min(width ?? 32, 53);
  return type === 'uint' ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

function domain(input: Input): string {
  if (input.type === 'bool') return 'true or false';
  if (input.type === 'float' || input.type === 'angle') return `a number from -${largest} to ${largest}`;
  const [low, high] = wholeRange(input.type, input.width);
  return `a whole number from ${low} to ${high}`;
}

function typeName({ type, width }: Input): string {
  return width === null ? type : `${type}[${width}]`;
}

/** A literal of the input's type (OpenQASM 3, "Literals"), without an exponent, which not every tool reads alike; negative ones in parentheses. */
function literal(value: ParameterValue, type: string): string {
  if (typeof value === 'boolean') return String(value);
  const digits = positional(Math.abs(value));
  const text = type === 'int' || type === 'uint' || digits.includes('.') ? digits : `${digits}.0`;
  return value < 0 ? `(-${text})` : text;
}

/** The shortest decimal that reads back as this double, point and all: 1e-7 is 0.0000001. */
function positional(value: number): string {
  const [mantissa = '', exponent] = String(value).split('e');
  if (exponent === undefined) return mantissa;
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  return point >= digits.length ? digits.padEnd(point, '0') : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

function wrong(path: readonly string[], message: string, got: unknown, allowed: string, fix = 'correct parameters, or the program'): DewarError {
  return new DewarError({ code: 'parameters_invalid', message, path: pointer(['parameters', ...path]), got: shown(got), allowed, fix });
}
