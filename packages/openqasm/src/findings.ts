// What the analyser has noticed so far: confidence, notes and the yes-or-no facts. Confidence only ever falls.
import type { Confidence } from '@dewar/protocol';
import { plain } from './tally.ts';

const maxNotes = 20;
/** Entries kept of pragmas, includes, externs and inputs each. */
const maxEntries = 20;

export class Findings {
  confidence: Confidence = 'exact';
  dynamic = false;
  unboundedLoop = false;
  pulse = false;
  /** Nothing but gates, measurements, resets and barriers one after another: what can be drawn. */
  straight = true;
  clbits = 0;
  readonly pragmas: string[] = [];
  readonly includes: string[] = [];
  readonly externs: string[] = [];
  readonly inputs: { name: string; type: string }[] = [];
  private readonly notes = new Map<string, { readonly at: number; readonly weight: number }>();

  note(at: number, text: string): void {
    this.add(at, text, 0);
  }

  /** The counts are from here on at least the truth, maybe more. */
  bound(at: number, text: string): void {
    if (this.confidence === 'exact') this.confidence = 'upper-bound';
    this.add(at, text, 1);
  }

  /** The counts are not to be relied on. */
  unknown(at: number, text: string): void {
    this.confidence = 'unknown';
    this.straight = false;
    this.add(at, text, 2);
  }

  /** Keeps an entry of a list fact, as plain ASCII; a list that is full makes the facts unknown. */
  keep<T>(list: T[], entry: T, at: number): void {
    if (list.length < maxEntries) list.push(entry);
    else this.unknown(at, `only the first ${maxEntries} pragmas, includes, externs and inputs of each kind are listed`);
  }

  /** At most 20, what weighs most first kept, in the order of the program. */
  listed(lineOf: (at: number) => number): { line: number; text: string }[] {
    return [...this.notes].map(([text, note]) => ({ text, ...note }))
      .sort((a, b) => b.weight - a.weight || a.at - b.at).slice(0, maxNotes)
      .sort((a, b) => a.at - b.at).map(({ at, text }) => ({ line: lineOf(at), text }));
  }

  private add(at: number, text: string, weight: number): void {
    const known = this.notes.get(text);
    if (known !== undefined || this.notes.size >= maxNotes * 10) return;
    this.notes.set(text, { at, weight });
  }
}

/** A name as a note shows it. */
export const quoted = (name: string): string => `"${plain(name, 40)}"`;
