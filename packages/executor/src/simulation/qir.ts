// Reads base-profile QIR text into gates, measurements and recorded outputs; anything it does not know is an error.
import { gateNames, gateShapes, type Gate, type GateName } from './gates.ts';

/** One recorded register: the numbers of the results that are its bits, bit 0 first. */
export type RecordedRegister = readonly number[];

/** In place of a qubit: the result is 0, for nothing was measured. */
export const unmeasured = -1;

export interface QirProgram {
  readonly gates: readonly Gate[];
  /** Result number to the qubit measured into it; all measurements are after all gates. */
  readonly measured: ReadonlyMap<number, number>;
  readonly registers: readonly RecordedRegister[];
  readonly qubits: number;
}

/** QIR text that this reader does not know: a fault of ours or of the compiler, never ignored. */
export class QirError extends Error {
  override readonly name = 'QirError';
}

type Argument = { readonly kind: 'qubit' | 'result' | 'double' | 'i64' | 'label' | 'null'; readonly value: number };

const call = /^ {2}call void @__quantum__([a-z0-9_]+)\((.*)\)$/;
const outside = /^(|%(Result|Qubit) = type opaque|@\d+ = internal constant .*|declare .*|attributes #\d+ = .*|; .*|!llvm\..*|!\d+ = .*|define i64 @ENTRYPOINT__main\(\) #0 \{|block_0:|\}| {2}ret i64 0)$/;
const argumentPatterns: readonly [Argument['kind'], RegExp][] = [
  ['qubit', /^%Qubit\* inttoptr \(i64 (\d{1,6}) to %Qubit\*\)/],
  ['result', /^%Result\* inttoptr \(i64 (\d{1,6}) to %Result\*\)/],
  ['double', /^double (-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/],
  ['i64', /^i64 (\d{1,9})/],
  ['label', /^i8\* getelementptr inbounds \(\[\d+ x i8\], \[\d+ x i8\]\* @(\d+), i64 0, i64 0\)/],
  ['null', /^i8\* (?:null|0)/],
];

/** Throws QirError on anything outside the base profile (QIR specification, "Base Profile"). */
export function readQir(text: string): QirProgram {
  const gates: Gate[] = [];
  const measured = new Map<number, number>();
  const outputs: Output[] = [];
  let qubits = 0;
  for (const line of text.split('\n')) {
    const matched = call.exec(line);
    if (matched === null) {
      if (!outside.test(line)) throw new QirError(`unknown line ${JSON.stringify(line.slice(0, 120))}`);
      continue;
    }
    const name = matched[1] ?? '';
    const values = readArguments(matched[2] ?? '');
    for (const { kind, value } of values) if (kind === 'qubit') qubits = Math.max(qubits, value + 1);
    if (name.startsWith('rt__')) readRuntime(name, values, outputs);
    else if (name === 'qis__barrier__body') expectShape(name, values, '');
    else if (name === 'qis__m__body' || name === 'qis__mz__body') {
      expectShape(name, values, 'qubit result');
      measured.set(values[1]?.value ?? 0, values[0]?.value ?? 0);
    } else {
      if (measured.size > 0) throw new QirError(`${name} after a measurement`);
      gates.push(readGate(name, values));
    }
  }
  const registers = readRegisters(outputs);
  for (const result of registers.flat()) if (!measured.has(result)) throw new QirError(`result ${result} is recorded but not measured`);
  return { gates, measured, registers, qubits };
}

function readGate(name: string, values: readonly Argument[]): Gate {
  const plain = /^qis__([a-z]+)__(body|adj)$/.exec(name);
  const wanted = plain === null ? '' : plain[2] === 'adj' ? `${plain[1]}_adj` : `${plain[1]}`;
  const gate = gateNames.find((known): known is GateName => known === wanted);
  if (gate === undefined) throw new QirError(`unknown instruction ${name}`);
  const shape = gateShapes[gate];
  expectShape(name, values, [...(shape.angle ? ['double'] : []), ...Array<string>(shape.qubits).fill('qubit')].join(' '));
  const operands = values.filter(({ kind }) => kind === 'qubit').map(({ value }) => value);
  if (new Set(operands).size !== operands.length) throw new QirError(`${name} names one qubit twice`);
  const angle = shape.angle ? (values[0]?.value ?? 0) : 0;
  if (!Number.isFinite(angle)) throw new QirError(`${name} has no finite angle`);
  return { name: gate, angle, qubits: operands };
}

type Output = { readonly kind: 'tuple' | 'array' | 'result'; readonly value: number };

function readRuntime(name: string, values: readonly Argument[], outputs: Output[]): void {
  switch (name) {
    case 'rt__initialize': return expectShape(name, values, 'null');
    case 'rt__tuple_record_output': case 'rt__array_record_output':
      expectShape(name, values, 'i64 label');
      outputs.push({ kind: name === 'rt__tuple_record_output' ? 'tuple' : 'array', value: values[0]?.value ?? 0 });
      return;
    case 'rt__result_record_output':
      expectShape(name, values, 'result label');
      outputs.push({ kind: 'result', value: values[0]?.value ?? 0 });
      return;
    default: throw new QirError(`unknown instruction ${name}`);
  }
}

/** The recorded outputs: one register, or a tuple of registers; a register is one result or an array of results. */
function readRegisters(outputs: readonly Output[]): RecordedRegister[] {
  let next = 0;
  const take = (): Output => {
    const output = outputs[next];
    if (output === undefined) throw new QirError('the recorded output ends early');
    next += 1;
    return output;
  };
  const register = (): RecordedRegister => {
    const output = take();
    if (output.kind === 'result') return [output.value];
    if (output.kind === 'tuple') throw new QirError('a tuple inside a tuple is recorded');
    return Array.from({ length: output.value }, () => {
      const bit = take();
      if (bit.kind !== 'result') throw new QirError('an array holds something other than results');
      return bit.value;
    });
  };
  if (outputs.length === 0) return [];
  const registers: RecordedRegister[] = [];
  if (outputs[0]?.kind === 'tuple') {
    const { value: length } = take();
    for (let index = 0; index < length; index += 1) registers.push(register());
  } else registers.push(register());
  if (next !== outputs.length) throw new QirError('more output is recorded than announced');
  return registers;
}

function readArguments(text: string): Argument[] {
  const values: Argument[] = [];
  let rest = text;
  while (rest !== '') {
    const [argument, length] = readArgument(rest);
    values.push(argument);
    rest = rest.slice(length);
    if (rest === '') break;
    if (!rest.startsWith(', ') || rest.length === 2) throw new QirError(`unknown argument ${JSON.stringify(rest.slice(0, 80))}`);
    rest = rest.slice(2);
  }
  return values;
}

function readArgument(text: string): [argument: Argument, length: number] {
  for (const [kind, pattern] of argumentPatterns) {
    const match = pattern.exec(text);
    if (match !== null) return [{ kind, value: Number(match[1] ?? 0) }, match[0].length];
  }
  throw new QirError(`unknown argument ${JSON.stringify(text.slice(0, 80))}`);
}

function expectShape(name: string, values: readonly Argument[], shape: string): void {
  const got = values.map(({ kind }) => kind).join(' ');
  if (got !== shape) throw new QirError(`${name} takes (${shape}), got (${got})`);
}
