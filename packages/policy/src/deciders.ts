// One compiled policy on several threads: for histories, and so that a rule that loops for ever can be stopped.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DewarError, plainText, type Decision, type Json } from '@dewar/protocol';
import { bundleBytes, type PolicyBundle } from './bundle.ts';
import type { Decided, DeciderData, ToDecide } from './decider-worker.ts';

export interface Deciders {
  readonly threads: number;
  /** In the order of the inputs. Throws `policy_tool_failed` when a thread ends. */
  readonly decide: (inputs: readonly Json[]) => Promise<readonly Decision[]>;
}

const workerFile = new URL('./decider-worker.ts', import.meta.url);
/** Each has an engine of up to 128 MiB. */
const mostThreads = 4;

/** Lets `use` ask, and ends the threads whatever happens. */
export async function withDeciders<T>(bundle: PolicyBundle, wasm: Uint8Array, use: (deciders: Deciders) => Promise<T>, threads = Math.min(mostThreads, availableParallelism())): Promise<T> {
  const data: DeciderData = { bundle: bundleBytes(bundle), wasm };
  const all = Array.from({ length: threads }, () => new Decider(data));
  const idlest = (): Decider | undefined => all.toSorted((a, b) => a.load - b.load)[0];
  try {
    return await use({ threads, decide: async (inputs) => (await idlest()?.decide(inputs)) ?? [] });
  } finally {
    await Promise.all(all.map((one) => one.end()));
  }
}

interface Waiting {
  readonly count: number;
  readonly resolve: (decisions: readonly Decision[]) => void;
  readonly reject: (error: DewarError) => void;
}

class Decider {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #dead: DewarError | undefined;

  constructor(data: DeciderData) {
    this.#worker = new Worker(workerFile, { workerData: data, name: 'decider', env: {}, argv: [], execArgv: [], stdout: true, stderr: true, resourceLimits: { maxOldGenerationSizeMb: 512 } });
    this.#worker.on('message', ({ id, decisions }: Decided) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      waiting?.resolve(decisions);
    });
    this.#worker.on('error', (error) => this.#fail(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', () => this.#fail('it ended before it answered'));
  }

  /** Inputs that are not decided yet. */
  get load(): number {
    return [...this.#waiting.values()].reduce((sum, { count }) => sum + count, 0);
  }

  decide(inputs: readonly Json[]): Promise<readonly Decision[]> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { count: inputs.length, resolve, reject });
      this.#worker.postMessage({ id, inputs } satisfies ToDecide);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(why: string): void {
    this.#dead ??= new DewarError({ code: 'policy_tool_failed', message: `a thread that decides came to an end: ${plainText(why, { max: 200 })}`, fix: 'make the policy smaller: a rule may loop over too much' });
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }
}
