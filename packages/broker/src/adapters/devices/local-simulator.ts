// The simulator on this machine as a device: free, and it remembers nothing across a restart.
import { availableParallelism } from 'node:os';
import { simulatorLimit, simulatorQubits } from '@dewar/executor';
import type { Device, DeviceOutcome, Order } from '../../core/ports.ts';
import { closed, runOrder } from './run-order.ts';

export class LocalSimulator implements Device {
  readonly view: Device['view'];
  readonly description = 'state-vector simulator on this machine';
  readonly account = null;
  readonly onPremises = true;
  readonly keys = 'honoured';
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
    const outcome = await runOrder(order, null, AbortSignal.any([signal, this.#closing.signal]));
    if (this.#closing.signal.aborted) throw closed();
    return { ...outcome, charged: 'none' };
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }
}
