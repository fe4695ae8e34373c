// Lines as values: plain text with a tone here and there, so that what is shown can be tested and only the output gives colours.
import { clip, escape, pad, width } from './escape.ts';

export type Tone = 'strong' | 'faint' | 'good' | 'warn' | 'bad';
export interface Span {
  readonly text: string;
  readonly tone: Tone;
}
export type Line = string | readonly (string | Span)[];

export function plain(line: Line): string {
  return typeof line === 'string' ? line : line.map((part) => (typeof part === 'string' ? part : part.text)).join('');
}

/** Breaks at spaces where it can; every piece fits the width. The text is escaped first. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of escape(text).split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (width(joined) <= columns) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (width(line) > columns) {
      const head = clip(line, columns + 1).slice(0, -1);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line];
}

export const labelColumns = 10;

/** A label and a digest on one line, however narrow it is: a digest in two pieces cannot be copied. */
export function digestRow(label: string, digest: string): Line {
  return `${label.padEnd(labelColumns)}${escape(digest)}`;
}

/** A label and its text, wrapped under itself. */
export function row(label: string, text: string, columns: number, tone?: Tone): Line[] {
  return wrap(text, columns - labelColumns).map((piece, index) => [
    { text: pad(index === 0 ? label : '', labelColumns), tone: 'faint' }, tone === undefined ? piece : { text: piece, tone },
  ]);
}

/** Columns under headings; the last column takes what is left. Cells are escaped. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], columns: number): Line[] {
  const cells = rows.map((cellsOfRow) => cellsOfRow.map((cell) => escape(cell, 200)));
  const widths = headings.map((heading, index) => Math.max(width(heading), ...cells.map((cellsOfRow) => width(cellsOfRow[index] ?? ''))));
  const lay = (cellsOfRow: readonly string[]): string => clip(cellsOfRow.map((cell, index) => pad(cell, widths[index] ?? 0)).join('  ').trimEnd(), columns);
  return [[{ text: lay(headings), tone: 'faint' }], ...cells.map(lay)];
}
