// The shape of a verb, and the words that all verbs' arguments share.
import { DewarError, microsFrom } from '@dewar/protocol';
import { InvalidArgumentError, type Command } from 'commander';
import type { Context } from './context.ts';
import type { ExitCode } from './exit.ts';

/** Runs one action with the context made, its failure shown and its exit code kept. */
export type Run = (action: (context: Context) => Promise<ExitCode | void>) => Promise<void>;
/** Adds a verb to the program. */
export type Verb = (program: Command, run: Run) => void;

export const jobArgument = ['<job>', 'job id, its beginning, or last'] as const;

export function example(...commands: readonly string[]): string {
  return `\nExample:\n${commands.map((command) => `  $ ${command}`).join('\n')}`;
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** A decimal amount of money, as it is typed. */
export function amount(text: string): string {
  try {
    microsFrom(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(error instanceof DewarError ? `It must be ${error.allowed ?? 'an amount'}.` : 'It must be an amount.');
  }
}

export function collect(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}
