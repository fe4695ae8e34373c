// Untrusted text made safe for a terminal: what could move the cursor, reorder, hide or stack is spelled out instead.

import { spelled as spelledOut, spelledInJson, unsafeSigns } from '@dewar/protocol';

/** Besides what is unsafe anywhere: U+2800, which looks blank, and spaces other than the usual one. */
const unsafe = new RegExp(`[${unsafeSigns}\\u2800]|(?! )\\p{Zs}`, 'gu');
/** Combining marks and what they sit on. */
const marked = /(^|[^\p{M}])(\p{M}+)/gu;
const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * One line of printable text: every other character becomes `\n`, `\t` or `\u{1b}`. Escaping twice changes nothing.
 * With `columns` the result is cut to that width and ends in `…`.
 */
export function escape(text: string, columns = Infinity): string {
  const start = Number.isFinite(columns) && text.length > columns * 8 ? text.slice(0, columns * 8) : text;
  const safe = start.replace(unsafe, spelled).replace(marked, marksOnLetters);
  return start === text ? clip(safe, columns) : clip(`${safe}${'…'.repeat(columns)}`, columns);
}

/** A letter or digit may have two marks; more would climb into other lines, and one on anything else would sit on a sign of ours. */
function marksOnLetters(_: string, base: string, marks: string): string {
  const kept = /^[\p{L}\p{N}]$/u.test(base) ? 2 : 0;
  return base + [...marks].map((mark, index) => (index < kept ? mark : spelled(mark))).join('');
}

function spelled(sign: string): string {
  return short[sign] ?? spelledOut(sign);
}

/** JSON text with every character that `escape` would spell out written as `\uXXXX`; it means the same. Line feeds between values stay. */
export function escapeJson(text: string): string {
  return text.replace(unsafe, (sign) => (sign === '\n' ? sign : spelledInJson(sign)));
}

/** Cut to a width; a cut text ends in `…`. */
export function clip(text: string, columns: number): string {
  if (text.length * 2 <= columns || width(text) <= columns) return text;
  let cut = '';
  let used = 0;
  for (const sign of text) {
    used += signWidth(sign);
    if (used > columns - 1) break;
    cut += sign;
  }
  return columns < 1 ? '' : `${cut}…`;
}

/** Columns that escaped text takes on a terminal. */
export function width(text: string): number {
  let columns = 0;
  for (const sign of text) columns += signWidth(sign);
  return columns;
}

export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

/** UAX #11: the blocks whose signs are wide, and emoji. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], [0x2e80, 0x303e], [0x3041, 0xa4cf], [0xa960, 0xa97c], [0xac00, 0xd7a3], [0xf900, 0xfaff], [0xfe10, 0xfe6f], [0xff00, 0xff60], [0xffe0, 0xffe6],
  [0x16fe0, 0x18dff], [0x1b000, 0x1b2ff], [0x1f200, 0x1f2ff], [0x1f300, 0x1faff], [0x20000, 0x3fffd],
];

function signWidth(sign: string): number {
  const code = sign.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/^\p{M}$/u.test(sign)) return 0;
  return wide.some(([first, last]) => code >= first && code <= last) || /^\p{Emoji_Presentation}$/u.test(sign) ? 2 : 1;
}
