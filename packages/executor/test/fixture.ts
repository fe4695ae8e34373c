// What the executor's tests share: facts of a plain program, one compiler, and a look at processes.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProgramFacts } from '@dewar/protocol';
import { openCompiler } from '../src/simulation/compile.ts';
import { simulate, type Bound, type Simulated } from '../src/simulation/simulate.ts';
import { run, runScript, type RunOptions, type RunOutcome } from '../src/run.ts';
import type { RunRequest } from '../src/request.ts';

export const qasm3 = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n';
export const bell = `${qasm3}qubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n`;
/** Holds the engine's shot loop for a long time. */
export const endless = `${qasm3}qubit[2] q;\nbit[2] c;\nh q[0];\nc[0] = measure q[0];\nif (c[0] == 1) { x q[1]; }\nc[1] = measure q[1];\n`;

export function factsOf(changes: Partial<ProgramFacts> = {}): ProgramFacts {
  return {
    analyser: 'openqasm/test', language: 'qasm3', qubits: 2, clbits: 2, physical_qubits: [], gates: { h: 1, cx: 1 }, operations: 4, one_qubit_gates: 1, two_qubit_gates: 1,
    multi_qubit_gates: 0, measurements: 2, resets: 0, depth: 3, mid_circuit_measurement: false, dynamic: false, unbounded_loop: false, pulse: false, pragmas: [], includes: [],
    externs: [], inputs: [], confidence: 'exact', notes: [], ...changes,
  };
}

export function requestOf(changes: Partial<RunRequest> = {}): RunRequest {
  return { source: bell, facts: factsOf(), points: [{}], sweep: false, shots: 100, seed: 1, noise: null, ...changes };
}

/** In this process, for speed; the engine's own randomness is seeded here once. */
export const compilerHere = openCompiler(11);

export async function simulateHere(source: string, changes: Partial<Bound> = {}): Promise<Simulated & { readonly byKey: Readonly<Record<string, number>> }> {
  const program: Bound = { source, shots: 1000, seed: 42, noise: null, qubits: 2, measurements: 1, dynamic: false, ...changes };
  const result = await simulate(program, await compilerHere, () => {});
  return { ...result, byKey: Object.fromEntries(result.keys.map((key, index) => [key, result.counts[index] ?? 0])) };
}

export async function compileHere(text: string): Promise<string> {
  const compiled = await (await compilerHere).compile(text);
  if (compiled.kind !== 'qir') throw new Error(`not compiled: ${compiled.kind}`);
  return compiled.text;
}

export function optionsOf(changes: Partial<RunOptions> = {}): RunOptions {
  return { token: 'grant_test', redeem: async () => requestOf(), timeLimitS: 120, memoryBytes: 2 ** 31, signal: new AbortController().signal, ...changes };
}

/** Runs, and checks on the way out that the process is gone. */
export async function runWatched(changes: Partial<RunOptions> = {}, script?: URL): Promise<{ outcome: RunOutcome; pid: number }> {
  let pid = 0;
  const options = optionsOf({ ...changes, onStart: (started) => {
    pid = started;
    changes.onStart?.(started);
  } });
  const outcome = await (script === undefined ? run(options) : runScript(script, options));
  return { outcome, pid };
}

/** Not in the process table, or dead and waiting to be reaped. */
export function isGone(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

export async function waitFor(what: string, condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (condition()) return;
    await pause(50);
  }
  throw new Error(`never happened: ${what}`);
}
