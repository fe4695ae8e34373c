// The hidden verb that the completion scripts call: what may stand at the cursor, a line each, and never a word of trouble.
import type { Command } from 'commander';
import type { Output } from '../output.ts';
import { liveCandidates, type Asks } from './live.ts';
import { wantedAt, type Wanted } from './walk.ts';

/** `dewar __complete WORD…`: the words after `dewar`, the last being the one under the cursor. */
export const completeWord = '__complete';

/**
 * Writes `words` and then a line for each candidate, its description after a tab; or `files` or `directories`, which the shell finds itself.
 * @param asks makes the clients; called only when the broker is needed
 */
export async function answerCompletion(program: Command, words: readonly string[], output: Output, asks: () => Asks): Promise<void> {
  const rows = await rowsFor(wantedAt(program, words.slice(0, -1), words.at(-1) ?? ''), asks).catch(() => [['words']]);
  output.rows(rows);
}

async function rowsFor(wanted: Wanted, asks: () => Asks): Promise<string[][]> {
  if (wanted.kind !== 'these' && wanted.kind !== 'live') return [[wanted.kind]];
  const candidates = wanted.kind === 'these' ? wanted.candidates : await liveCandidates(wanted, asks());
  return [['words'], ...candidates.map(({ value, about }) => (about === '' ? [value] : [value, about]))];
}
