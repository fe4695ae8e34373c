// Finds a program's classical registers, and writes the program so that the compiler gives back those and nothing else.
import { tokens, unusedName, type Token } from './scan.ts';

interface Register {
  readonly name: string;
  /** The size between the brackets as written, `null` for a single bit. */
  readonly size: string | null;
  /** Offsets of the whole declaration, its semicolon included. */
  readonly start: number;
  readonly end: number;
  /** What follows the `=`, or `null`. */
  readonly value: string | null;
}

export interface Prepared {
  readonly text: string;
  /** Register names in order of declaration. */
  readonly names: readonly string[];
  /** Qubits that were put before the program's own and stay 0. */
  readonly leading: number;
}

/** Statements outside all braces, each with its semicolon; a block ends the statement before it. */
function topStatements(source: string): Token[][] {
  const statements: Token[][] = [];
  let statement: Token[] = [];
  let depth = 0;
  let skipTo = 0;
  for (const token of tokens(source)) {
    if (token.start < skipTo) continue;
    // An annotation reaches to the end of its line (OpenQASM 3 §annotations).
    if (token.text === '@' && statement.length === 0) skipTo = `${source}\n`.indexOf('\n', token.start);
    else if (token.text === '{') depth += 1;
    else if (token.text === '}') {
      depth -= 1;
      statement = [];
    } else if (depth === 0) {
      statement.push(token);
      if (token.text !== ';') continue;
      statements.push(statement);
      statement = [];
    }
  }
  return statements;
}

function registerOf(statement: readonly Token[]): Register | null {
  const start = statement[0]?.start ?? 0;
  const end = statement.at(-1)?.end ?? 0;
  const words = statement.map(({ text }) => text);
  let next = words[0] === 'output' ? 1 : 0;
  const kind = words[next];
  if (kind !== 'bit' && kind !== 'creg') return null;
  next += 1;
  let size: string | null = null;
  const bracket = (): void => {
    if (words[next] !== '[') return;
    const close = words.indexOf(']', next);
    size = written(statement.slice(next + 1, close));
    next = close + 1;
  };
  if (kind === 'bit') bracket();
  const name = words[next];
  next += 1;
  if (kind === 'creg') bracket();
  if (name === undefined || !/^[\p{L}\p{Nl}_]/u.test(name)) return null;
  const value = words[next] === '=' ? written(statement.slice(next + 1, -1)) : null;
  return { name, size, start, end, value };
}

/**
 * In OpenQASM 3 every global bit declaration becomes an `output` and no other declaration is one, so results are exactly the registers.
 * With `measured`, each register is first measured from qubits that stay 0: base-profile QIR cannot record a bit that was never measured.
 * Lines keep their numbers.
 */
export function prepare(source: string, measured: boolean): Prepared {
  const statements = topStatements(source);
  const old = statements[0]?.map(({ text }) => text).slice(0, 2).join(' ').startsWith('OPENQASM 2') ?? false;
  const marker = unusedName(source, 'dewar_zero');
  const names: string[] = [];
  const zeros: string[] = [];
  let leading = 0;
  let text = '';
  let copied = 0;
  const put = (start: number, end: number, replacement: string): void => {
    // A declaration may span lines; its breaks are kept so that errors name the right line.
    text += source.slice(copied, start) + replacement + '\n'.repeat(source.slice(start, end).split('\n').length - replacement.split('\n').length);
    copied = end;
  };
  let door = 0;
  for (const statement of statements) {
    const first = statement[0];
    if (first === undefined) continue;
    if (names.length === 0 && (first.text === 'OPENQASM' || first.text === 'include')) {
      door = text.length + (statement.at(-1)?.end ?? 0) - copied;
      continue;
    }
    const register = registerOf(statement);
    if (register === null) {
      if (first.text === 'output') put(first.start, first.end, '');
      continue;
    }
    names.push(register.name);
    const length = register.size === null ? 1 : /^\d{1,6}$/.test(register.size) ? Number(register.size) : null;
    const zero = measured && register.value === null && length !== null ? `${marker}_${names.length}` : null;
    if (zero !== null) {
      leading += length ?? 0;
      zeros.push(old ? `qreg ${zero}[${length}];` : `qubit${register.size === null ? '' : `[${length}]`} ${zero};`);
    }
    if (old) {
      if (zero !== null) put(register.end, register.end, ` measure ${zero} -> ${register.name};`);
      continue;
    }
    const type = register.size === null ? 'bit' : `bit[${register.size}]`;
    const assigned = zero !== null ? ` ${register.name} = measure ${zero};` : register.value === null ? '' : ` ${register.name} = ${register.value};`;
    put(register.start, register.end, `output ${type} ${register.name};${assigned}`);
  }
  text += source.slice(copied);
  return { text: `${text.slice(0, door)}${zeros.length > 0 ? ` ${zeros.join(' ')}` : ''}${text.slice(door)}`, names, leading };
}

/** Tokens as text, without comments and line breaks. */
function written(part: readonly Token[]): string {
  return part.map(({ text, start }, index) => (index > 0 && part[index - 1]?.end !== start ? ` ${text}` : text)).join('');
}
