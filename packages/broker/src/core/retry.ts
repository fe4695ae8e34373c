// What follows a failure on the way to a device: the same again later, or the end. A paid job is never sent again unless that cannot make a second one (invariant 5).
import { DewarError } from '@dewar/protocol';
import type { Running, Sending } from './job.ts';
import type { Device } from './ports.ts';
import { RateLimited } from './submit-rates.ts';

/** What keeps a job from being made twice. */
export interface Safeguards {
  /** The device makes one job of a key, however often it is sent. */
  readonly keys: 'honoured' | 'none';
  /** The device can tell whether it has a job of this key, and prove that it has none. */
  readonly finds: boolean;
  /** A second job would cost money. */
  readonly paid: boolean;
}

/** Before a submit: ask the device by key first, send, or give up, since it may have the job already and nobody can tell. */
export type BeforeSend = 'find first' | 'send' | 'lost';

/** @param untouched nothing under this key can have reached the device */
export function beforeSend({ keys, finds, paid }: Safeguards, untouched: boolean): BeforeSend {
  if (finds) return 'find first';
  return untouched || keys === 'honoured' || !paid ? 'send' : 'lost';
}

/** In which of the device's methods it failed; `own` is none of them: disk, clock, a mistake of ours. */
export type During = 'find' | 'submit' | 'wait' | 'own';

export type Course = { readonly kind: 'again' } | { readonly kind: 'find first' } | { readonly kind: 'end'; readonly charged: 'none' | 'unknown' };

export interface Failure {
  readonly during: During;
  readonly error: unknown;
  readonly safeguards: Safeguards;
}

export function courseAfter({ during, error, safeguards }: Failure): Course {
  const code = error instanceof DewarError ? error.code : null;
  if (code === 'device_refused' && during === 'submit') return { kind: 'end', charged: 'none' };
  if (code === 'device_lost' && during !== 'own') return { kind: 'end', charged: 'unknown' };
  if (during !== 'submit' || notSent(error)) return { kind: 'again' };
  // It may have arrived.
  const before = beforeSend(safeguards, false);
  if (before === 'lost') return { kind: 'end', charged: 'unknown' };
  return { kind: before === 'send' ? 'again' : before };
}

/** A submit that failed like this made no job: the device itself says so. */
export function notSent(error: unknown): boolean {
  return error instanceof RateLimited;
}

/** Milliseconds: the longest pause of our own, and the longest that a device may ask for. */
const longest = { own: 60_000, asked: 3_600_000 } as const;

/**
 * Milliseconds until the next try: twice as long each time, and not before the time that was asked for.
 * @param attempt 1 for the first that failed
 * @param chance from 0 up to 1, drawn anew, so that many that failed together do not come again together
 */
export function pauseAfter({ error, attempt, chance }: { readonly error: unknown; readonly attempt: number; readonly chance: number }): number {
  const most = Math.min(1000 * 2 ** attempt, longest.own);
  const own = Math.round(most / 2 + (most / 2) * chance);
  return error instanceof RateLimited ? Math.max(own, Math.min(error.retryAfterS * 1000, longest.asked)) : own;
}

export function safeguardsOf({ keys, find }: Device, job: Sending | Running): Safeguards {
  return { keys, finds: find !== null, paid: job.reserved !== null };
}

/** It may have been sent, and the device neither tells nor keeps to keys: a second job would be a second bill (invariant 5). */
export function lostUnasked(job: Sending, cause?: unknown): DewarError {
  const { name } = job.resolved.device;
  return new DewarError({ code: 'device_lost', message: `the job may have reached ${name}, which cannot be asked; it is not sent again`, fix: `look for it with ${name}'s provider: what it may cost stays reserved` }, { cause });
}
