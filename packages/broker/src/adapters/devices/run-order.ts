// Runs an order in a process of its own, and tells a fault of this machine from a failure of the run.
import { DewarError } from '@dewar/protocol';
import { run, type Calibration, type RunOutcome } from '@dewar/executor';
import type { Order } from '../../core/ports.ts';

/** Bytes a run may hold: 24 qubits are 256 MiB, the compiler about as much again. */
const runMemory = 1_610_612_736;

/** Rejects with the disk's or the machine's own error where the program could not be read: that is no outcome, it is tried again. */
export async function runOrder(order: Order, noise: Calibration | null, signal: AbortSignal): Promise<RunOutcome> {
  const faults: unknown[] = [];
  const outcome = await run({
    token: order.token, timeLimitS: order.time_limit_s, memoryBytes: runMemory, onProgress: order.onProgress, signal,
    redeem: async (token) => {
      try {
        return { ...(await order.redeem(token)), noise };
      } catch (error) {
        if (!(error instanceof DewarError) || error.code.startsWith('storage')) faults.push(error);
        throw error;
      }
    },
  });
  if (faults.length > 0) throw faults[0];
  return outcome;
}

export function closed(): DewarError {
  return new DewarError({ code: 'not_running', message: 'the broker is stopping', fix: 'dewar up: the job goes on' });
}
