// Runs a program once for each point: binds its inputs, simulates, and sees that all points answer in the same registers.
import { bind } from '@dewar/openqasm';
import { DewarError, type Register } from '@dewar/protocol';
import { maxKeys, type Program, type RunMethod } from '../wire.ts';
import type { Compiler } from './compile.ts';
import { simulate } from './simulate.ts';

export interface SimulatedPoint {
  readonly method: RunMethod;
  readonly keys: readonly string[];
  readonly counts: readonly number[];
}

export interface SimulatedPoints {
  readonly registers: readonly Register[];
  readonly points: readonly SimulatedPoint[];
}

/** Throws what `simulate` throws. `onProgress` is told shots over all points. */
export async function simulatePoints({ points, ...program }: Program, compiler: Compiler, onProgress: (done: number) => void): Promise<SimulatedPoints> {
  let registers: readonly Register[] = [];
  let keysLeft = maxKeys;
  const found: SimulatedPoint[] = [];
  for (const [at, point] of points.entries()) {
    const before = at * program.shots;
    const { registers: own, ...rest } = await simulate({ ...program, source: bind(program.source, point), seed: program.seed + at }, compiler, (done) => onProgress(before + done));
    if (at > 0 && !same(own, registers)) throw unlike(at);
    registers = own;
    keysLeft -= rest.keys.length;
    if (keysLeft < 0) throw tooManyKeys();
    found.push(rest);
    // The last shot of all is told by the results.
    if (at + 1 < points.length) onProgress(before + program.shots);
  }
  return { registers, points: found };
}

function same(a: readonly Register[], b: readonly Register[]): boolean {
  return a.length === b.length && a.every(({ name, size }, at) => name === b[at]?.name && size === b[at]?.size);
}

function unlike(at: number): DewarError {
  return new DewarError({ code: 'program_invalid', message: `point ${at} has other registers than those before it`, got: `point ${at}`, allowed: 'points that answer in the same registers', fix: 'keep sizes of registers out of parameters, or submit the points as jobs of their own' });
}

function tooManyKeys(): DewarError {
  return new DewarError({ code: 'run_output_limit', message: 'the points together have too many different bit strings', allowed: `${maxKeys} bit strings`, fix: 'measure fewer qubits, take fewer shots, or split the sweep' });
}
