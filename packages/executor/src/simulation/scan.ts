// Splits OpenQASM into tokens with their places, and nothing more.

export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const lexeme = /\s+|#?pragma\b[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/|(?<word>[\p{L}\p{Nl}_$][\p{L}\p{Nl}\p{Nd}_]*)|(?<text>"[^"\n]*"|'[^'\n]*')|(?<rest>\d[\w.]*|[\s\S])/guy;

/** Comments, pragmas and space are left out. Never throws. */
export function tokens(source: string): Token[] {
  const found: Token[] = [];
  for (const match of source.matchAll(lexeme)) {
    if (match.groups?.['word'] === undefined && match.groups?.['text'] === undefined && match.groups?.['rest'] === undefined) continue;
    found.push({ text: match[0], start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/** `wanted`, or that with underscores until the source does not contain it. */
export function unusedName(source: string, wanted: string): string {
  let name = wanted;
  while (source.includes(name)) name += '_';
  return name;
}
