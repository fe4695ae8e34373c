// Exit codes: what a script can tell from how a verb ended.
import { DewarError, type JobView } from '@dewar/protocol';

export const exits = { ok: 0, failure: 1, usage: 2, denied: 3, waiting: 4, notRunning: 5, interrupted: 130 } as const;
export type ExitCode = (typeof exits)[keyof typeof exits];

export const exitMeanings: readonly (readonly [ExitCode, string])[] = [
  [exits.ok, 'done'],
  [exits.failure, 'failed, was cancelled, or did not verify'],
  [exits.usage, 'the command line or a file named on it cannot be read'],
  [exits.denied, 'denied by policy, person, budget or grant'],
  [exits.waiting, 'not ended: a person has not said yes, or --timeout ended first'],
  [exits.notRunning, 'no broker is running: dewar up'],
  [exits.interrupted, 'interrupted with Ctrl-C'],
];

export function exitOfError(error: unknown): ExitCode {
  if (error instanceof Interrupted) return exits.interrupted;
  if (!(error instanceof DewarError)) return exits.failure;
  if (error.code === 'usage_invalid') return exits.usage;
  if (error.code === 'denied') return exits.denied;
  return error.code === 'not_running' ? exits.notRunning : exits.failure;
}

export function exitOfJob(job: JobView): ExitCode {
  if (job.status === 'completed') return exits.ok;
  if (job.status === 'denied') return exits.denied;
  return job.status === 'failed' || job.status === 'cancelled' ? exits.failure : exits.waiting;
}

/** The reason of the process's abort signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** What was typed cannot be meant: exit code 2. */
export function usage(message: string, more: { readonly got?: string; readonly allowed?: string; readonly fix?: string } = {}): DewarError {
  return new DewarError({ code: 'usage_invalid', message, ...more });
}
