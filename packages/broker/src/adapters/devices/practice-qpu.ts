// The practice QPU: behaves as a provider does (a queue, job ids, prices, failures, a memory of its own), runs nothing but a noisy simulation.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DewarError, type ErrorBody } from '@dewar/protocol';
import { practiceLimit, type Calibration } from '@dewar/executor';
import type { Clock, Device, DeviceOutcome, Order } from '../../core/ports.ts';
import { fileError, privateFolder, writeDurably } from '../durable.ts';
import { closed, runOrder } from './run-order.ts';

/** What it does wrong on request: refuses a submit, fails a run, or loses one and cannot say whether it is charged. */
export type PracticeFailure = 'refuse' | 'fail' | 'lose';

export interface PracticeParts {
  readonly name: string;
  /** Whether it plays a device in the house. */
  readonly onPremises: boolean;
  /** The provider's own memory. */
  readonly folder: string;
  readonly calibration: Calibration;
  readonly queue_delay_ms: number;
  readonly failure: PracticeFailure | null;
  readonly clock: Clock;
  readonly uid: number;
}

const recordSchema = z.object({ id: z.string(), key: z.string(), outcome: z.custom<DeviceOutcome>((value) => typeof value === 'object').nullable() });
type Record = z.infer<typeof recordSchema>;

export class PracticeQpu implements Device {
  readonly view: Device['view'];
  readonly description: string;
  readonly account = 'practice';
  readonly onPremises: boolean;
  readonly slots = 1;
  readonly keys = 'honoured';
  readonly #parts: PracticeParts;
  readonly #closing = new AbortController();

  constructor(parts: PracticeParts) {
    this.#parts = parts;
    this.onPremises = parts.onPremises;
    this.view = { name: parts.name, kind: 'qpu', practice: true, max_qubits: parts.calibration.qubits.length };
    this.description = `practice QPU: a noisy simulation on this machine, calibration of ${parts.calibration.date}; no hardware`;
  }

  limit(...[facts, load]: Parameters<Device['limit']>): string | null {
    return practiceLimit(facts, load, this.#parts.calibration);
  }

  async submit(order: Order): Promise<string> {
    const known = await this.#read(order.key);
    if (known) return known.id;
    if (this.#parts.failure === 'refuse') throw new DewarError({ code: 'device_refused', message: 'the practice QPU refuses jobs: it was configured to', fix: 'take "failure" out of backends.json' });
    const record: Record = { id: `practice-${randomBytes(8).toString('hex')}`, key: order.key, outcome: null };
    await this.#write(record);
    return record.id;
  }

  async find(key: string): Promise<string | null> {
    return (await this.#read(key))?.id ?? null;
  }

  async wait(id: string, order: Order, signal: AbortSignal): Promise<DeviceOutcome> {
    const record = await this.#read(order.key);
    if (record?.id !== id) throw new DewarError({ code: 'device_lost', message: `the practice QPU knows no job ${id}`, fix: 'a person settles it by hand' });
    if (record.outcome) return record.outcome;
    const outcome = await this.#work(order, AbortSignal.any([signal, this.#closing.signal]));
    if (this.#closing.signal.aborted) throw closed();
    await this.#write({ ...record, outcome });
    return outcome;
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #work(order: Order, signal: AbortSignal): Promise<DeviceOutcome> {
    await this.#queue(signal);
    if (signal.aborted) return { kind: 'cancelled', output: '', charged: 'none' };
    const { failure, calibration } = this.#parts;
    if (failure === 'lose') return { kind: 'failed', error: lost, output: '', charged: 'unknown' };
    if (failure === 'fail') return { kind: 'failed', error: failed, output: '', charged: 'none' };
    const outcome = await runOrder(order, calibration, signal);
    // It bills what it began, as hardware does; a run that failed is not billed.
    return { ...outcome, charged: outcome.kind === 'failed' ? 'none' : 'all' };
  }

  #queue(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const stop = this.#parts.clock.after(this.#parts.queue_delay_ms, resolve);
      signal.addEventListener('abort', () => {
        stop();
        resolve();
      }, { once: true });
    });
  }

  async #read(key: string): Promise<Record | null> {
    const path = this.#path(key);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw fileError(error, path);
    });
    if (text === null) return null;
    try {
      return recordSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new DewarError({ code: 'device_lost', message: 'the practice QPU\'s own record of a job is damaged', got: path, fix: 'find out who wrote to the state folder; the reservation stays' }, { cause });
    }
  }

  async #write(record: Record): Promise<void> {
    await privateFolder(this.#parts.folder, this.#parts.uid);
    await writeDurably(this.#path(record.key), new TextEncoder().encode(JSON.stringify(record)));
  }

  #path(key: string): string {
    return join(this.#parts.folder, `${key}.json`);
  }
}

const lost: ErrorBody = { code: 'device_lost', message: 'the practice QPU lost the job: it was configured to', fix: 'the reservation stays until a person settles it' };
const failed: ErrorBody = { code: 'run_failed', message: 'the practice QPU failed the job: it was configured to', fix: 'take "failure" out of backends.json' };
