// What a device gets for a granted job: an order whose program is handed out once, against the token.
import { hex, isSweep, plainText, pointsOf, type ErrorBody, type JobId, type Money, type Sha256 } from '@dewar/protocol';
import type { Running, Sending } from './job.ts';
import type { CorridorParts } from './parts.ts';
import type { DeviceOutcome, Order } from './ports.ts';

export interface OrderCalls {
  /** Spends the token. Throws `grant_invalid`. */
  readonly spend: (token: string) => void;
  readonly onProgress: (done: number, total: number) => void;
}

export function orderFor(parts: CorridorParts, job: Sending | Running, token: string, { spend, onProgress }: OrderCalls): Order {
  return {
    key: job.idempotency_key, token, shots: job.grant.shots, time_limit_s: job.resolved.time_limit_s, onProgress,
    redeem: async (presented) => {
      spend(presented);
      // Read again and checked again: what runs is what was approved, whatever happened to the file since.
      const source = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await parts.artifacts.get(job.resolved.code.digest));
      const points = pointsOf(job.spec.parameters);
      return { source, facts: job.facts, shots: job.resolved.shots, points, sweep: isSweep(job.spec.parameters), seed: seedOf(job.id, parts.sha256) };
    },
  };
}

/** The same job gives the same counts: its seed is the first 32 bits of the SHA-256 of its id. */
function seedOf(id: JobId, sha256: Sha256): number {
  return Number.parseInt(hex(sha256(new TextEncoder().encode(id)).subarray(0, 4)), 16);
}

/** Charged as quoted or as billed, or nothing on proof; `unknown` stays reserved. Null for a free run. */
export function charge(reserved: Money | null, charged: DeviceOutcome['charged']): Money | 'unknown' | null {
  if (reserved === null) return null;
  if (charged === 'unknown' || typeof charged === 'object') return charged;
  return { ...reserved, micros: charged === 'all' ? reserved.micros : 0 };
}

/** A device's error as it may be recorded and shown: what does not print is escaped, what is long is cut (invariant 9). */
export function plainError(error: ErrorBody): ErrorBody {
  const plain = (text: string): string => plainText(text, { max: 1000, lines: true });
  return { code: error.code, message: plain(error.message), ...(error.fix !== undefined && { fix: plain(error.fix) }) };
}
