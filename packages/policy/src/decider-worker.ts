// A thread that holds one compiled policy and decides what it is sent.
import { parentPort, workerData } from 'node:worker_threads';
import type { Decision, PolicyInput } from '@dewar/protocol';
import { parseBundle, sha256 } from './bundle.ts';
import { decideOn } from './decide.ts';
import { loadPolicy } from './engine.ts';

export interface DeciderData {
  readonly bundle: Uint8Array;
  readonly wasm: Uint8Array;
}
export interface ToDecide {
  readonly id: number;
  readonly inputs: readonly unknown[];
}
export interface Decided {
  readonly id: number;
  readonly decisions: readonly Decision[];
}

const { bundle, wasm } = workerData as DeciderData;
const policy = loadPolicy(parseBundle(bundle), wasm);
parentPort?.on('message', ({ id, inputs }: ToDecide) => {
  parentPort?.postMessage({ id, decisions: inputs.map((input) => decideOn(policy, input as PolicyInput, sha256)) } satisfies Decided);
});
