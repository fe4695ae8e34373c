// Edits of a program's text that keep its line numbers.

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Edits come in ascending order and do not overlap, except inside a replaced `delay[…]`, where the first wins. Newlines inside are kept. */
export function apply(source: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const edit of edits) {
    if (edit.start < done) continue;
    parts.push(source.slice(done, edit.start), edit.text, source.slice(edit.start, edit.end).replace(/[^\n]+/g, ''));
    done = edit.end;
  }
  parts.push(source.slice(done));
  return parts.join('');
}
