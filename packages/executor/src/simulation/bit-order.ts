// Turns constants that meet whole bit registers around, for qsharp-lang 1.32.5-dev takes bit 0 as the highest.
//
// OpenQASM (types, "Bits and registers") and Qiskit take bit 0 as the lowest: after `c[0] = 1` the register is 1, also in `if (c == 1)`.
// What else reads a whole register as a number, or a bit of a number, is refused: the compiler would answer with the wrong one.
import { DewarError, shown } from '@dewar/protocol';
import { applyEdits, indexFrom, tokens, type Edit, type Token } from './scan.ts';

/** Size as written: `null` where it is no plain number. */
type Registers = ReadonlyMap<string, number | null>;

/** Lines keep their numbers. Throws `program_invalid` where a register or a number is read in an order that is not mended here. */
export function lowestFirst(source: string): string {
  const list = tokens(source);
  const registers = bitRegisters(list);
  const numbers = new Set(list.flatMap(({ text }, index) => (text === 'int' || text === 'uint' ? [declaredName(list, index)] : [])));
  const edits = new Map<number, Edit>();
  const skipped = gateTokens(list);
  list.forEach(({ text }, index) => {
    if (skipped.has(index) || list[index - 1]?.text === '.') return;
    if (numbers.has(text) && !registers.has(text) && list[index + 1]?.text === '[') throw refused(source, list[index] as Token, 'a bit of a number is read');
    if (!registers.has(text)) return;
    for (const edit of use(source, list, index, registers)) edits.set(edit.at, edit);
  });
  return applyEdits(source, [...edits.values()]);
}

/** Edits for one mention of a register; none where order does not matter. */
function use(source: string, list: readonly Token[], index: number, registers: Registers): readonly Edit[] {
  const at = (place: number): string => list[place]?.text ?? '';
  const name = at(index);
  const size = registers.get(name) ?? null;
  const bracket = at(index + 1) === '[';
  const close = bracket ? indexFrom(list, index, ({ text }) => text === ']') : index;
  const sliced = bracket && list.slice(index + 1, close).some(({ text }) => text === ':' || text === '{');
  if (bracket && !sliced) return [];
  const [before, after] = [at(index - 1), at(close + 1)];
  if (size === 1 && !sliced) return [];
  if (isDeclaration(list, index) || ((before === ';' || before === '{' || before === '}') && after === '=')) return assigned(source, list, index, close, sliced ? null : size, registers);
  if (before === '>' && at(index - 2) === '-') return [];
  if (before === 'in' || (before === 'return' && !sliced) || (before === '(' && after === ')' && /^(if|while|sizeof)$/.test(at(index - 2)))) return [];
  if ((before === '=' || before === 'output') && after === ';' && !sliced && registers.has(at(index - 2))) return [];
  const right = comparedRight(list, close);
  const left = comparedLeft(list, index);
  const constant = right ?? left;
  if (constant === null || sliced || size === null || (right !== null && !opens(before)) || (left !== null && !closes(after))) throw refused(source, list[index] as Token, 'a whole register is read as a number');
  const turned = reversed(constant.text, size);
  if (turned === null) throw refused(source, list[index] as Token, 'a whole register is compared');
  return [{ at: constant.start, until: constant.end, text: turned }];
}

/** What a register is declared or assigned with. */
function assigned(source: string, list: readonly Token[], index: number, close: number, size: number | null, registers: Registers): readonly Edit[] {
  const equals = close + 1;
  if (list[equals]?.text !== '=') return [];
  const value = list[equals + 1];
  const text = value?.text ?? '';
  const end = list[equals + 2]?.text;
  if (text === 'measure' || registers.has(text) || (end === '(' && returnsBits(list, text))) return [];
  const turned = value === undefined || size === null || end !== ';' ? null : reversed(text, size);
  if (value === undefined || turned === null) throw refused(source, list[index] as Token, 'a whole register is written from a number');
  return [{ at: value.start, until: value.end, text: turned }];
}

/** The program defines a subroutine of this name that gives a register, which keeps its order. */
function returnsBits(list: readonly Token[], name: string): boolean {
  const start = list.findIndex(({ text }, index) => text === name && list[index - 1]?.text === 'def');
  const arrow = indexFrom(list, Math.max(0, start), ({ text }) => text === '>' || text === '{');
  return start !== -1 && list[arrow]?.text === '>' && list[arrow + 1]?.text === 'bit';
}

const opens = (text: string): boolean => text === '(' || text === '&' || text === '|';
const closes = (text: string): boolean => text === ')' || text === '&' || text === '|';

/** The constant in `register == constant` up to the end of the comparison. */
function comparedRight(list: readonly Token[], close: number): Token | null {
  const [first, second, constant, after] = list.slice(close + 1, close + 5);
  return (first?.text === '=' || first?.text === '!') && second?.text === '=' && constant !== undefined && closes(after?.text ?? '') ? constant : null;
}

function comparedLeft(list: readonly Token[], index: number): Token | null {
  const [before, constant, first, second] = index < 4 ? [] : list.slice(index - 4, index);
  return (first?.text === '=' || first?.text === '!') && second?.text === '=' && constant !== undefined && opens(before?.text ?? '') ? constant : null;
}

/** A number or bit string with its lowest `size` bits turned around; `null` for anything else. */
function reversed(text: string, size: number): string | null {
  const bits = /^"([01_]+)"$/.exec(text)?.[1]?.replaceAll('_', '');
  if (bits !== undefined) return bits.length === size ? `"${[...bits].reverse().join('')}"` : null;
  const digits = text.replaceAll('_', '').toLowerCase();
  if (!/^(\d+|0x[0-9a-f]+|0b[01]+|0o[0-7]+)$/.test(digits) || digits.length > 1000) return null;
  const binary = BigInt(digits).toString(2).padStart(size, '0');
  // A number that the register cannot hold is never equal to it, turned around or not.
  return binary.length > size ? text : BigInt(`0b${[...binary].reverse().join('')}`).toString();
}

function bitRegisters(list: readonly Token[]): Registers {
  const found = new Map<string, number | null>();
  list.forEach(({ text }, index) => {
    if (text !== 'bit' && text !== 'creg') return;
    const name = declaredName(list, index);
    if (!/^[\p{L}\p{Nl}_]/u.test(name)) return;
    const open = list[index + 1]?.text === '[' ? index + 1 : index + 2;
    const written = list[open]?.text === '[' ? list[open + 1]?.text ?? '' : '1';
    const size = /^\d{1,6}$/.test(written) && (list[open]?.text !== '[' || list[open + 2]?.text === ']') ? Number(written) : null;
    // Two registers of one name, in different blocks, are not told apart.
    found.set(name, found.has(name) && found.get(name) !== size ? null : size);
  });
  return found;
}

/** The name that a type at this place declares. */
function declaredName(list: readonly Token[], index: number): string {
  const open = list[index + 1]?.text === '[';
  return list[(open ? indexFrom(list, index, ({ text }) => text === ']') : index) + 1]?.text ?? '';
}

function isDeclaration(list: readonly Token[], index: number): boolean {
  const before = list[index - 1]?.text ?? '';
  if (before === 'bit' || before === 'creg') return true;
  if (before !== ']') return false;
  let open = index - 1;
  while (open > 0 && list[open]?.text !== '[') open -= 1;
  return list[open - 1]?.text === 'bit';
}

/** Tokens of gate definitions, whose qubits may have a register's name. */
function gateTokens(list: readonly Token[]): ReadonlySet<number> {
  const found = new Set<number>();
  let depth = 0;
  let inside = false;
  list.forEach(({ text }, index) => {
    if (text === 'gate' && !inside) [inside, depth] = [true, 0];
    if (!inside) return;
    found.add(index);
    if (text === '{') depth += 1;
    if (text === '}') depth -= 1;
    if ((text === '}' && depth === 0) || (text === ';' && depth === 0)) inside = false;
  });
  return found;
}

function refused(source: string, { text, start }: Token, what: string): DewarError {
  const line = source.slice(0, start).split('\n').length;
  return new DewarError({
    code: 'program_invalid', message: `the simulator does not run this rightly: line ${line}: ${what}, and it takes bits in the wrong order`, got: shown(text),
    allowed: 'single bits (c[0] == 1), a register of plain size compared with a constant (c == 2), or measured into', fix: 'compare bit by bit, or the whole register with a constant',
  });
}
