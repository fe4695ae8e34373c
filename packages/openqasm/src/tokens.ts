// Cuts OpenQASM 2 and 3 text into tokens, once, in linear time, and matches its brackets.
import { DewarError, shown } from '@dewar/protocol';

export type Language = 'qasm2' | 'qasm3';
export type TokenKind = 'word' | 'number' | 'string' | 'physical' | 'symbol' | 'pragma' | 'annotation';

export interface Token {
  readonly kind: TokenKind;
  /** The token's own text; for a pragma or annotation the rest of its line without the keyword; for a string its content. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** For a bracket, the index of its partner in the token list; -1 otherwise. */
  partner: number;
}

export interface Tokens {
  readonly language: Language;
  readonly source: string;
  /** Offset right after the version line. */
  readonly after: number;
  readonly list: readonly Token[];
  /** Spots where other OpenQASM tools may read the same bytes differently; none in an honest program. */
  readonly doubts: readonly { readonly at: number; readonly text: string }[];
}

/** Deepest nesting of brackets, statements and operators that is read. */
export const maxNesting = 200;

const versions: Readonly<Record<string, Language>> = { '2': 'qasm2', '2.0': 'qasm2', '3': 'qasm3', '3.0': 'qasm3', '3.1': 'qasm3' };

const blank = /[ \t\r\n]+/y;
const lineComment = /\/\/[^\r\n]*/y;
const word = /[\p{Lu}\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{Nl}_][\p{Lu}\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{Nl}_0-9]*/uy;
const physical = /\$[0-9]+/y;
// Longest form first, as the reference lexer (qasm3Lexer.g4) takes the longest match.
const number = /(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0o[0-7_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?(?:[ \t]*(?:dt|ns|us|µs|μs|ms|s|im)(?![\p{L}\p{Nl}_0-9]))?)/uy;
const string = /"[^"\r\n]*"|'[^'\r\n]*'/y;
const symbol = /\*\*=|<<=|>>=|->|\+\+|\*\*|\|\||&&|==|!=|<=|>=|<<|>>|\+=|-=|\*=|\/=|&=|\|=|~=|\^=|%=|#dim|[[\]{}():;.,=+\-*/%|&^@~!<>]/y;
const restOfLine = /[^\r\n]*/y;
const pragma = /#pragma(?![\p{L}\p{Nl}_0-9])|pragma(?![\p{L}\p{Nl}_0-9])/uy;
const versionWord = /OPENQASM[ \t\r\n]+([0-9]+(?:\.[0-9]+)?)[ \t\r\n]*;/y;
/** Characters that end a line, or are not seen, in some tools and not in others. */
const slippery = /[\v\f\u0085\p{Zl}\p{Zp}\p{Cf}]|\r(?!\n)/u;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const forbidden = /[\0-\x08\x0e-\x1f\x7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const closers: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Line and column of an offset, both from 1, columns in UTF-16 units. */
export function position(source: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = source.indexOf('\n'); at !== -1 && at < offset; at = source.indexOf('\n', at + 1)) {
    line += 1;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}

export function invalid(source: string, offset: number, problem: string, fix: string, got?: string): DewarError {
  const { line, column } = position(source, offset);
  return new DewarError({
    code: 'program_invalid', message: `${line}:${column}: ${problem}`, path: `/${line}:${column}`,
    got: got ?? shown(source.slice(offset, offset + 24)), allowed: 'an OpenQASM 2.0, 3.0 or 3.1 program', fix,
  });
}

/** The language that the `OPENQASM` line names, comments before it allowed; undefined when there is none or it is unknown. */
export function sniff(source: string): Language | undefined {
  return versions[versionLine(source)?.version ?? ''];
}

function versionLine(source: string): { version: string; end: number } | undefined {
  let at = source.startsWith('\uFEFF') ? 1 : 0;
  for (;;) {
    const next = skipBlank(source, at);
    if (next === undefined) return undefined;
    if (next === at) break;
    at = next;
  }
  versionWord.lastIndex = at;
  const found = versionWord.exec(source);
  return found === null ? undefined : { version: found[1] ?? '', end: versionWord.lastIndex };
}

/** The offset after one run of white space or one comment; `at` itself when there is none; undefined when a comment never ends. */
function skipBlank(source: string, at: number): number | undefined {
  const end = matched(blank, source, at) ?? matched(lineComment, source, at);
  if (end !== undefined) return end;
  if (!source.startsWith('/*', at)) return at;
  const close = source.indexOf('*/', at + 2);
  return close === -1 ? undefined : close + 2;
}

function matched(pattern: RegExp, source: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(source) && pattern.lastIndex > at ? pattern.lastIndex : undefined;
}

/** Throws `program_format` without a known version line, `program_invalid` where the text cannot be cut or its brackets do not match. */
export function tokenise(source: string): Tokens {
  const bad = forbidden.exec(source);
  if (bad !== null) throw invalid(source, bad.index, 'a control character or half a surrogate pair', 'save the program as plain UTF-8 text');
  const version = versionLine(source);
  const language = versions[version?.version ?? ''];
  if (version === undefined || language === undefined) {
    throw new DewarError({
      code: 'program_format', message: version === undefined ? 'the program has no OPENQASM version line' : `OPENQASM ${version.version.slice(0, 20)} is not known`,
      path: '/1:1', got: shown(source.slice(0, 24)), allowed: 'OPENQASM 2.0; OPENQASM 3.0; OPENQASM 3.1;', fix: 'start the program with OPENQASM 3.0;',
    });
  }
  return new Cutter(source, language, version.end).cut();
}

class Cutter {
  private readonly list: Token[] = [];
  private readonly open: number[] = [];
  private readonly doubts: { at: number; text: string }[] = [];
  private readonly source: string;
  private readonly language: Language;
  private readonly after: number;

  constructor(source: string, language: Language, after: number) {
    this.source = source;
    this.language = language;
    this.after = after;
  }

  cut(): Tokens {
    const { source } = this;
    this.doubtHeader();
    let at = this.after;
    while (at < source.length) {
      const next = skipBlank(source, at);
      if (next === undefined) throw invalid(source, at, 'a comment that is never closed', 'close the comment with */');
      if (next > at) this.doubtIn(at, next);
      at = next > at ? next : this.token(at);
    }
    const unclosed = this.open.at(-1);
    if (unclosed !== undefined) throw invalid(source, this.list[unclosed]?.start ?? 0, 'a bracket that is never closed', 'close it, or remove it');
    return { language: this.language, source, after: this.after, list: this.list, doubts: this.doubts };
  }

  private doubtHeader(): void {
    const header = this.source.slice(this.source.startsWith('\uFEFF') ? 1 : 0, this.after);
    if (slippery.test(header)) this.doubts.push({ at: 0, text: 'invisible or line-breaking characters before the version line' });
    if (header.split('/*').length !== header.split('*/').length) this.doubts.push({ at: 0, text: 'a comment inside a comment, which some tools nest' });
  }

  /** Notes what another lexer may end, nest or hide differently in a comment, pragma or annotation. */
  private doubtIn(start: number, end: number): void {
    if (this.doubts.length >= 20) return;
    const text = this.source.slice(start, end);
    const block = text.startsWith('/*');
    if (!block && !/\S/.test(text)) return;
    if (block && text.includes('/*', 1)) this.doubts.push({ at: start, text: 'a comment inside a comment, which some tools nest' });
    const bareReturn = !block && this.source[end] === '\r' && this.source[end + 1] !== '\n';
    if (bareReturn || slippery.test(text)) this.doubts.push({ at: start, text: 'invisible or line-breaking characters in a comment, pragma or annotation' });
  }

  private token(at: number): number {
    const { source } = this;
    if (source[at] === '#' || (this.language === 'qasm3' && source[at] === 'p')) {
      const end = matched(pragma, source, at);
      if (end !== undefined) return this.line('pragma', at, end);
    }
    if (source[at] === '@' && this.startsStatement()) return this.line('annotation', at, at + 1);
    const found = this.plain(at);
    if (found === undefined) throw invalid(source, at, source[at] === '"' || source[at] === "'" ? 'a string that is never closed' : 'a character that OpenQASM does not know', 'remove it, or close the string on its line');
    const [kind, end] = found;
    this.push(kind, at, end, kind === 'string' ? source.slice(at + 1, end - 1) : source.slice(at, end));
    if (kind === 'string' && slippery.test(source.slice(at, end))) this.doubts.push({ at, text: 'invisible characters in a string' });
    if (kind === 'word' && source.slice(at, end) === 'OPENQASM') throw invalid(source, at, 'a second OPENQASM version line', 'keep only the first');
    return end;
  }

  private plain(at: number): readonly [TokenKind, number] | undefined {
    const { source } = this;
    for (const [kind, pattern] of plainKinds) {
      const end = matched(pattern, source, at);
      if (end !== undefined) return [kind, end];
    }
    return undefined;
  }

  /** A statement may start here, so that an `@` opens an annotation; after a modifier such as pow(2) it does not. */
  private startsStatement(): boolean {
    const previous = this.list.at(-1);
    if (previous === undefined || previous.kind === 'pragma' || previous.kind === 'annotation') return true;
    if (previous.kind === 'word') return previous.text === 'else';
    if (previous.kind !== 'symbol') return false;
    if (previous.text !== ')') return previous.text === ';' || previous.text === '{' || previous.text === '}' || previous.text === ':';
    const before = this.list[previous.partner - 1];
    return !(before?.kind === 'word' && (before.text === 'pow' || before.text === 'ctrl' || before.text === 'negctrl'));
  }

  private line(kind: 'pragma' | 'annotation', at: number, from: number): number {
    const end = matched(restOfLine, this.source, from) ?? from;
    const text = this.source.slice(from, end);
    this.push(kind, at, end, text.trim());
    if (/\\\s*$/.test(text)) this.doubts.push({ at, text: `a ${kind} that ends in a backslash, which some tools continue on the next line` });
    if (kind === 'annotation' && text.includes(';')) this.doubts.push({ at, text: 'a statement on the line of an annotation, which some tools read' });
    if (/\/\*/.test(text)) this.doubts.push({ at, text: `a comment opened in a ${kind}, which some tools read` });
    this.doubtIn(at, end);
    return end;
  }

  private push(kind: TokenKind, start: number, end: number, text: string): void {
    const index = this.list.length;
    let partner = -1;
    if (kind === 'symbol' && (text === '(' || text === '[' || text === '{')) {
      this.open.push(index);
      if (this.open.length > maxNesting) throw invalid(this.source, start, `brackets nested deeper than ${maxNesting}`, 'flatten the program');
    } else if (kind === 'symbol' && closers[text] !== undefined) {
      partner = this.open.pop() ?? -1;
      const opener = this.list[partner];
      if (opener === undefined || opener.text !== closers[text]) throw invalid(this.source, start, `a ${text} that closes nothing`, 'balance the brackets');
      opener.partner = index;
    }
    this.list.push({ kind, text, start, end, partner });
  }
}

const plainKinds: readonly (readonly [TokenKind, RegExp])[] = [
  ['word', word], ['number', number], ['physical', physical], ['string', string], ['symbol', symbol],
];

/** Largest physical qubit number that is read; no device has as many. */
export const maxPhysical = 999_999;
/** Most physical qubits a program may name, so that the facts that list them stay short. */
const maxPhysicalCount = 10_000;

/** Every `$n` outside pragmas and annotations, ascending and once. Throws `program_invalid` past either limit. */
export function physicalQubits(tokens: Tokens): readonly number[] {
  const found = new Set<number>();
  for (const token of tokens.list) {
    if (token.kind !== 'physical') continue;
    const qubit = Number(token.text.slice(1));
    if (qubit > maxPhysical) throw invalid(tokens.source, token.start, `physical qubits end at $${maxPhysical}`, 'use the device\'s own qubit numbers', shown(token.text));
    found.add(qubit);
    if (found.size > maxPhysicalCount) throw invalid(tokens.source, token.start, `more than ${maxPhysicalCount} physical qubits`, 'use fewer', shown(token.text));
  }
  return [...found].sort((a, b) => a - b);
}
