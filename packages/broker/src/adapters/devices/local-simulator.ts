// The simulator on this machine as a device: free, and it remembers nothing across a restart.
import { availableParallelism } from 'node:os';
import { DewarError } from '@dewar/protocol';
import { run, simulatorLimit, simulatorQubits } from '@dewar/executor';
import type { Device, DeviceOutcome, Order } from '../../core/ports.ts';

/** Bytes a simulation may hold: 24 qubits are 256 MiB, the compiler about as much again. */
export const runMemory = 1_610_612_736;

export class LocalSimulator implements Device {
  readonly view: Device['view'];
  readonly description = 'state-vector simulator on this machine';
  readonly account = null;
  readonly slots = Math.max(1, availableParallelism() - 1);
  readonly #closing = new AbortController();

  constructor(name: string) {
    this.view = { name, kind: 'simulator', practice: false, max_qubits: simulatorQubits };
  }

  limit(...job: Parameters<Device['limit']>): string | null {
    return simulatorLimit(...job);
  }

  async submit(order: Order): Promise<string> {
    return `local-${order.key}`;
  }

  /** Nothing outlives the process, so there never is one. */
  async find(): Promise<null> {
    return null;
  }

  async wait(_id: string, order: Order, signal: AbortSignal): Promise<DeviceOutcome> {
    const outcome = await run({
      token: order.token, timeLimitS: order.time_limit_s, memoryBytes: runMemory, onProgress: order.onProgress,
      signal: AbortSignal.any([signal, this.#closing.signal]), redeem: async (token) => ({ ...(await order.redeem(token)), noise: null }),
    });
    if (this.#closing.signal.aborted) throw closed();
    return { ...outcome, charged: 'none' };
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}

export function closed(): DewarError {
  return new DewarError({ code: 'not_running', message: 'the broker is stopping', fix: 'dewar up: the job goes on' });
}
