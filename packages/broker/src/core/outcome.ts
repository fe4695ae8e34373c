// What a device says of a run, as it is kept: results within what can be read back, and whose doing an end was.
import { canonicalJson, limits, type Json } from '@dewar/protocol';
import type { Running } from './job.ts';
import type { RunEnd } from './moves.ts';
import type { DeviceOutcome } from './ports.ts';

export function resultBytes(outcome: DeviceOutcome & { readonly kind: 'completed' }): Uint8Array {
  return new TextEncoder().encode(canonicalJson(outcome.results as unknown as Json));
}

/** Results that no door and no verifier would take are a failure, said now. */
export function withinLimit(outcome: DeviceOutcome): DeviceOutcome {
  if (outcome.kind !== 'completed' || resultBytes(outcome).length <= limits.results_bytes) return outcome;
  return {
    kind: 'failed', output: outcome.output, charged: outcome.charged,
    error: { code: 'run_output_limit', message: 'the results are too large to keep', allowed: `at most ${limits.results_bytes} bytes`, fix: 'take fewer shots, or measure fewer bits' },
  };
}

/** A cancel that nobody asked for is the device's own failure. */
export function endedByDevice(job: Running): RunEnd['outcome'] {
  if (job.cancel !== null) return { kind: 'cancelled', by: job.cancel };
  return { kind: 'failed', error: { code: 'device_lost', message: 'the device ended the job by itself', fix: 'submit it again' } };
}
