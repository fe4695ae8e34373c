// Splits OpenQASM into tokens with their places, and nothing more.

export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const lexeme = /\s+|#?pragma\b[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<word>[\p{L}\p{Nl}_$][\p{L}\p{Nl}\p{Nd}_]*)|(?<text>"[^"\n]*"|'[^'\n]*')|(?<rest>0[xXbBo]\w*|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?\w*|[\s\S])/guy;

/** Brackets nested deeper are left to the compiler, so that reading stays linear. */
export const maxDepth = 64;

/** Comments, pragmas and space are left out. Never throws. */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  for (const match of source.matchAll(lexeme)) {
    if (match.groups?.['word'] === undefined && match.groups?.['text'] === undefined && match.groups?.['rest'] === undefined) continue;
    found.push({ text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/** The first place at or after `from` where the test holds; the length where none is. */
export function indexFrom(list: readonly Token[], from: number, test: (token: Token) => boolean): number {
  let index = from;
  for (let token = list[index]; token !== undefined && !test(token); token = list[index]) index += 1;
  return index;
}

/** `wanted`, or that with underscores until the source does not contain it. */
export function unusedName(source: string, wanted: string): string {
  let name = wanted;
  while (source.includes(name)) name += '_';
  return name;
}

/** Replaces the text from `at` to `until`. */
export interface Edit {
  readonly at: number;
  readonly until: number;
  readonly text: string;
}

/** Edits do not overlap; those at one place are made in the order given. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let copied = 0;
  for (const { at, until, text } of edits.toSorted((a, b) => a.at - b.at)) {
    parts.push(source.slice(copied, at), text);
    copied = until;
  }
  return parts.join('') + source.slice(copied);
}
