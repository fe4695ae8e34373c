// Untrusted text made plain: what a terminal, a browser or a log viewer could obey, hide or reorder is spelled out (invariant 9).

/** Control, format (bidirectional), surrogate, private-use and unassigned characters, separators of lines and paragraphs, and what is ignored by default, such as fillers and variation selectors. */
export const unsafeSigns = String.raw`\p{C}\p{Zl}\p{Zp}\p{DI}`;
const unsafe = new RegExp(`[${unsafeSigns}]`, 'gu');
const unsafeInLines = new RegExp(`[[${unsafeSigns}]--[\\n\\t]]`, 'gv');

/** `\u{1b}`: a character as it is spelled out. */
export function spelled(sign: string): string {
  return `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`;
}

/** The same inside a string of JSON text, which means what it meant: `\u001b`. */
export function spelledInJson(sign: string): string {
  return sign.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A value as JSON text on one line, in which every unsafe character is escaped; it reads back as it was. */
export function plainJson(value: object): string {
  return JSON.stringify(value).replace(unsafe, spelledInJson);
}

export interface PlainTextOptions {
  /** Most UTF-16 units of the result, at least 3; a text that was cut ends in `...`. */
  readonly max: number;
  /** Keep line feeds and tabs. */
  readonly lines?: boolean;
}

/** Text in which every unsafe character is written as `\u{…}`. Well-formed whatever was given; no pair of surrogates and no `\u{…}` is cut in two. */
export function plainText(text: string, { max, lines = false }: PlainTextOptions): string {
  // Spelling out never shortens: what is beyond `max` cannot be in the result.
  const plain = text.slice(0, max + 1).replace(lines ? unsafeInLines : unsafe, spelled);
  if (plain.length <= max) return plain;
  return `${plain.slice(0, max - 3).replace(/[\ud800-\udbff]$|\\(?:u(?:\{[0-9a-f]{0,6})?)?$/, '')}...`;
}
