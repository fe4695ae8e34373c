// The worker that holds OPA: loads the pinned WebAssembly, answers for it, and evaluates compiled policies for their cases.
import { webcrypto } from 'node:crypto';
import { runInThisContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { readAsset } from './asset.ts';
import { opaVersion, parseBundle, sha256 } from './bundle.ts';
import { decideOn } from './decide.ts';
import { loadPolicy } from './engine.ts';
import { webAssembly, type WasmInstance } from './web-assembly.ts';
import type { PolicyInput } from '@dewar/protocol';

/** One question to the worker: for OPA as JSON text, or a compiled policy and the inputs to decide on. */
export type WorkerQuestion =
  | { readonly id: number; readonly kind: 'opa'; readonly json: string }
  | { readonly id: number; readonly kind: 'decide'; readonly bundle: Uint8Array; readonly wasm: Uint8Array; readonly inputs: readonly unknown[] };

/** First that OPA is loaded, then an answer to each question; `failed` is the last. */
export type WorkerAnswer = { readonly ready: true } | { readonly id: number; readonly value: unknown } | { readonly failed: string };

interface GoProgram {
  readonly importObject: unknown;
  run(instance: WasmInstance): Promise<void>;
}

interface GoGlobals {
  crypto?: unknown;
  Go?: new () => GoProgram;
  fs?: { writeSync(descriptor: number, bytes: Uint8Array): number };
  dewarOpaVersion?: string;
  dewarOpa?: (json: string, done: (answer: string) => void) => void;
}

const globals = globalThis as unknown as GoGlobals;
/** The start of what OPA wrote to stderr: why it stopped, where it did. */
let written = '';
let ended: Promise<never> | undefined;

async function start(): Promise<NonNullable<GoGlobals['dewarOpa']>> {
  const { wasm, glue } = readAsset();
  globals.crypto ??= webcrypto;
  // Nothing of this machine is there for it: the glue puts stand-ins that refuse where it finds no files and no process, and there is no network.
  Object.assign(globals, { fetch: undefined, WebSocket: undefined, process: undefined });
  runInThisContext(glue, { filename: 'wasm_exec.js' });
  if (globals.Go === undefined || globals.fs === undefined) throw new Error('wasm_exec.js did not bring what it should');
  globals.fs.writeSync = (_, bytes) => {
    written = (written + new TextDecoder().decode(bytes)).slice(0, 2000);
    return bytes.length;
  };
  const program = new globals.Go();
  const instance = await webAssembly.instantiate(await webAssembly.compile(wasm), program.importObject);
  ended = program.run(instance).then(() => Promise.reject(new Error(`OPA stopped: ${written.trim().split('\n')[0] ?? ''}`)));
  ended.catch(() => undefined);
  if (globals.dewarOpa === undefined) throw new Error(`OPA did not start: ${written}`);
  if (globals.dewarOpaVersion !== opaVersion) throw new Error(`it is OPA ${globals.dewarOpaVersion ?? ''}, not ${opaVersion}`);
  return globals.dewarOpa;
}

async function answer(question: WorkerQuestion): Promise<unknown> {
  if (question.kind === 'decide') {
    const policy = loadPolicy(parseBundle(question.bundle), question.wasm);
    return question.inputs.map((input) => decideOn(policy, input as PolicyInput, sha256));
  }
  const opa = await started;
  const answered = new Promise<string>((resolve) => opa(question.json, resolve));
  return await Promise.race([answered, ended]);
}

const say = (said: WorkerAnswer): void => parentPort?.postMessage(said);
const fail = (error: unknown): void => say({ failed: error instanceof Error ? error.message : String(error) });

const started = start();
started.then(() => say({ ready: true }), fail);
parentPort?.on('message', (question: WorkerQuestion) => {
  answer(question).then((value) => say({ id: question.id, value }), fail);
});
