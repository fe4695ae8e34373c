// A policy's faults as a compiler shows them: the place, the line of source, and a caret under the column.
import type { Fault, PolicyFiles } from '@dewar/policy';
import { clip, escape, width } from '../escape.ts';
import { wrap, type Line, type Tone } from '../line.ts';

/** Lines of one message; OPA says some over several. */
const mostLines = 12;
/** Signs before the caret that are shown of a long line. */
const before = 40;

/** @param from what is read of a fault's file is its own text, shown escaped */
export function faultLines(faults: readonly Fault[], from: PolicyFiles, columns: number, kind: 'error' | 'warning' = 'error'): Line[] {
  return faults.flatMap((fault) => oneFault(fault, from, columns, kind));
}

function oneFault({ message, file, row, col }: Fault, from: PolicyFiles, columns: number, kind: 'error' | 'warning'): Line[] {
  const tone: Tone = kind === 'error' ? 'bad' : 'warn';
  const [first = '', ...more] = withoutSource(message.split('\n'));
  const place = file === '' ? '' : `${file}${row > 0 ? `:${row}:${col}` : ''}: `;
  const head = `${place}${kind === 'warning' ? 'warning: ' : ''}`;
  return [[{ text: head, tone }, escape(first, 2000)], ...more.flatMap((line) => wrap(spaced(line), columns - 2)).slice(0, mostLines).map((line) => `  ${line}`), ...excerpt(from.get(file), row, col, columns)];
}

/** What OPA's parser says ends in the line of source and a caret, which we show for every fault. */
function withoutSource(lines: readonly string[]): readonly string[] {
  return lines.at(-1)?.trim() === '^' ? lines.slice(0, -2) : lines;
}

function excerpt(bytes: Uint8Array | undefined, row: number, col: number, columns: number): Line[] {
  const line = bytes === undefined || row < 1 ? undefined : new TextDecoder().decode(bytes).split('\n')[row - 1];
  if (line === undefined || line.trim() === '') return [];
  const signs = [...line.trimEnd()];
  const start = col - 1 > before ? col - 1 - before : 0;
  const shown = `${start > 0 ? '…' : ''}${safe(signs.slice(start, start + columns * 2))}`;
  const caret = (start > 0 ? 1 : 0) + width(safe(signs.slice(start, Math.max(start, col - 1))));
  const gutter = String(row).padStart(5);
  return [[{ text: `${gutter} | `, tone: 'faint' }, clip(shown, columns - 8)], [{ text: `${' '.repeat(gutter.length)} | `, tone: 'faint' }, ' '.repeat(caret), { text: '^', tone: 'bad' }]];
}

function safe(signs: readonly string[]): string {
  return escape(spaced(signs.join('')));
}

/** A tab would be spelled out; in Rego it is how lines are set in. */
export function spaced(text: string): string {
  return text.replaceAll('\t', '    ');
}

/** Wrapped under its own beginning. */
function inset(line: string, columns: number): string[] {
  const [blank = ''] = /^ {0,24}/.exec(line) ?? [];
  return wrap(line.slice(blank.length), columns - 4 - blank.length).map((piece) => `    ${blank}${piece}`);
}

/** Text of several lines under a label of its own, at most so many lines of it. */
export function block(text: string, columns: number, most: number): Line[] {
  const lines = text.split('\n');
  const shown = lines.slice(0, most).flatMap((line) => inset(spaced(line), columns));
  return lines.length > most ? [...shown, `    … ${lines.length - most} more lines`] : shown;
}
