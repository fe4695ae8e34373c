// Asks OPA: a worker of its own for a few questions, ended afterwards, and ended by force when it takes too long.
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { DewarError, plainText, type Decision, type Json } from '@dewar/protocol';
import { bundleBytes, type PolicyBundle } from './bundle.ts';
import type { Fault } from './faults.ts';
import type { WorkerAnswer, WorkerQuestion } from './opa-worker.ts';

/** Rego texts by file name. */
export type Modules = Readonly<Record<string, string>>;
type Data = Readonly<Record<string, Json>>;

/** One `test_` rule, or a `todo_test_` one, which is skipped. `trace` says what failed in it, `output` what it printed. */
export interface RegoTest {
  readonly name: string;
  readonly file: string;
  readonly row: number;
  readonly passed: boolean;
  readonly skipped?: boolean;
  readonly error?: string;
  readonly output?: string;
  readonly trace?: string;
}

/** What a query has for one input: a result, nothing (`undefined` in Rego), or an error. */
export type Evaluated = ({ readonly result: Json } | { readonly undefined: true } | { readonly error: string }) & { readonly trace?: string };

/** Faults are an answer, not an exception. What throws is the tool: `policy_tool_failed`. */
export type Answered<T> = { readonly faults: readonly Fault[]; readonly ok?: never } | { readonly ok: T; readonly faults?: never };

export interface Checked {
  /** The package of each file, `data.quantum.workflow`. */
  readonly packages: Readonly<Record<string, string>>;
  /** The rules of each file, by full path, `data.quantum.workflow.allow`. */
  readonly rules: Readonly<Record<string, readonly string[]>>;
}

export interface Opa {
  /** `opa check --strict`, with `schema` (JSON Schema) applied to `input`. */
  check(modules: Modules, schema?: Json): Promise<Answered<Checked>>;
  /** `opa fmt`: the texts as they should be. */
  format(modules: Modules): Promise<Answered<Modules>>;
  /** `opa build --target wasm`. Entrypoints like `quantum/workflow/allow`. */
  compile(modules: Modules, entrypoints: readonly string[]): Promise<Answered<Uint8Array>>;
  /** `opa test`: every `test_` rule. */
  test(modules: Modules, data?: Data): Promise<Answered<readonly RegoTest[]>>;
  /** `opa eval`: one query, once for each input, in order. `trace` adds what failed. */
  evaluate(modules: Modules, query: string, inputs: readonly unknown[], options?: { readonly data?: Data; readonly trace?: boolean }): Promise<Answered<readonly Evaluated[]>>;
  /** `opa parse`: the syntax tree of each file, with locations. */
  parse(modules: Modules): Promise<Answered<Readonly<Record<string, Json>>>>;
  /** Decisions of a compiled policy: in the worker, so that one that never ends can be ended. */
  decide(bundle: PolicyBundle, wasm: Uint8Array, inputs: readonly unknown[]): Promise<readonly Decision[]>;
}

export interface OpaLimits {
  /** Most milliseconds of one question, from when OPA is loaded; 60,000 if left out. */
  readonly milliseconds?: number;
}

/** Most milliseconds until OPA is loaded. */
const loadMilliseconds = 120_000;

const workerFile = new URL('./opa-worker.ts', import.meta.url);
/** Of JavaScript's own memory; OPA's has a most of its own, 768 MiB, and an engine's 128 MiB. */
const heapMegabytes = 1024;

const faultSchema = z.object({ code: z.string(), message: z.string(), file: z.string(), row: z.number(), col: z.number() });
const testSchema = z.object({ name: z.string(), file: z.string(), row: z.number(), passed: z.boolean(), skipped: z.boolean().optional(), error: z.string().optional(), output: z.string().optional(), trace: z.string().optional() });
const valueSchema = z.object({ result: z.unknown().optional(), none: z.boolean().optional(), error: z.string().optional(), trace: z.string().optional() });
const answerSchema = z.object({
  errors: z.array(faultSchema).nullable(), packages: z.record(z.string(), z.string()).default({}), rules: z.record(z.string(), z.array(z.string())).default({}), modules: z.record(z.string(), z.string()).default({}),
  wasm: z.base64().default(''), tests: z.array(testSchema).default([]), values: z.array(valueSchema).default([]), parsed: z.record(z.string(), z.unknown()).default({}),
});
type OpaAnswer = z.infer<typeof answerSchema>;

/** Starts a worker, lets `use` ask it, and ends it whatever happens. OPA needs about a second and 250 MB, once a worker. */
export async function withOpa<T>(use: (opa: Opa) => Promise<T>, limits: OpaLimits = {}): Promise<T> {
  const worker = new OpaWorker(limits.milliseconds ?? 60_000);
  try {
    return await use(opaOf(worker));
  } finally {
    await worker.end();
  }
}

function opaOf(worker: OpaWorker): Opa {
  const ask = async <T>(request: Readonly<Record<string, unknown>>, read: (answer: OpaAnswer) => T): Promise<Answered<T>> => {
    const text = await worker.ask({ kind: 'opa', json: JSON.stringify(request) });
    const answer = answerSchema.parse(JSON.parse(String(text)));
    return answer.errors === null || answer.errors.length === 0 ? { ok: read(answer) } : { faults: answer.errors };
  };
  return {
    check: (modules, schema) => ask({ op: 'check', modules, schema }, ({ packages, rules }) => ({ packages, rules })),
    format: (modules) => ask({ op: 'format', modules }, (answer) => answer.modules),
    compile: (modules, entrypoints) => ask({ op: 'compile', modules, entrypoints }, ({ wasm }) => Uint8Array.from(Buffer.from(wasm, 'base64'))),
    test: (modules, data) => ask({ op: 'test', modules, data }, ({ tests }) => tests as readonly RegoTest[]),
    evaluate: (modules, query, inputs, { data, trace } = {}) => ask({ op: 'eval', modules, query, inputs, data, trace }, ({ values }) => values.map(evaluated)),
    parse: (modules) => ask({ op: 'parse', modules }, ({ parsed }) => parsed as Readonly<Record<string, Json>>),
    decide: async (bundle, wasm, inputs) => (await worker.ask({ kind: 'decide', bundle: bundleBytes(bundle), wasm, inputs })) as readonly Decision[],
  };
}

function evaluated({ result, none, error, trace }: z.infer<typeof valueSchema>): Evaluated {
  const seen = trace === undefined ? {} : { trace };
  if (error !== undefined) return { error, ...seen };
  return none === true ? { undefined: true, ...seen } : { result: (result ?? null) as Json, ...seen };
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: DewarError) => void;
  readonly timer: NodeJS.Timeout;
}

type Question = WorkerQuestion extends infer One ? (One extends WorkerQuestion ? Omit<One, 'id'> : never) : never;

class OpaWorker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #milliseconds: number;
  /** Settled when OPA is loaded, or never will be. */
  readonly #loaded = Promise.withResolvers<void>();
  #next = 1;
  #dead: DewarError | undefined;

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
    this.#worker = new Worker(workerFile, {
      name: 'opa', env: {}, argv: [], execArgv: [], stdin: false, stdout: true, stderr: true, trackUnmanagedFds: true,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes, maxYoungGenerationSizeMb: 64 },
    });
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on('message', (answer: WorkerAnswer) => {
      if ('failed' in answer) this.#fail(answer.failed);
      else if ('ready' in answer) this.#loaded.resolve();
      else this.#take(answer.id)?.resolve(answer.value);
    });
    this.#worker.on('error', (error) => this.#fail(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', () => this.#fail('it ended before it answered'));
    const loading = setTimeout(() => this.#fail(`it was not loaded after ${loadMilliseconds / 1000} s`), loadMilliseconds);
    void this.#loaded.promise.then(() => clearTimeout(loading));
  }

  async ask(question: Question): Promise<unknown> {
    await this.#loaded.promise;
    if (this.#dead !== undefined) throw this.#dead;
    const id = this.#next++;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`it took longer than ${this.#milliseconds / 1000} s`), this.#milliseconds);
      this.#waiting.set(id, { resolve, reject, timer });
      try {
        this.#worker.postMessage({ ...question, id });
      } catch (error) {
        this.#take(id);
        reject(failed(`the question cannot be sent: ${error instanceof Error ? error.message : String(error)}`));
      }
    });
  }

  async end(): Promise<void> {
    this.#fail('it was ended');
    await this.#worker.terminate();
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting !== undefined) clearTimeout(waiting.timer);
    return waiting;
  }

  /** The first reason stays. Whatever was asked is answered with it, and nothing can be asked any more. */
  #fail(why: string): void {
    this.#dead ??= failed(why);
    this.#loaded.resolve();
    for (const id of this.#waiting.keys()) this.#take(id)?.reject(this.#dead);
    void this.#worker.terminate();
  }
}

function failed(why: string): DewarError {
  return new DewarError({ code: 'policy_tool_failed', message: `OPA did not answer: ${plainText(why, { max: 200 })}`, fix: 'make the policy or its tests smaller: a rule may loop over too much' });
}
