// What a run gives back: counts by bit string, with everything needed to run it again and get the same.
import type { Point } from './parameters.ts';

export interface Register {
  readonly name: string;
  readonly size: number;
}

export interface Engine {
  readonly name: string;
  readonly version: string;
  readonly method: 'state-vector' | 'shot-by-shot' | 'noisy-trajectories';
}

/** Of one point. */
export interface Results {
  readonly format: 'dewar.results/v1';
  readonly shots: number;
  /** Keys of `counts`: within a register the rightmost character is bit 0; registers are separated by a space, the first declared rightmost (Qiskit's order). */
  readonly bit_order: 'little-endian';
  readonly registers: readonly Register[];
  /** Bit string to number of shots; keys in ascending order; the values sum to `shots`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly engine: Engine;
  /** The values that were bound, where the job gave some. */
  readonly parameters?: Point;
  /** Present on the practice QPU only: no real hardware was used. */
  readonly practice?: { readonly device: string; readonly calibrated: string };
}

/** Of one point of a sweep. */
export interface PointResults {
  readonly parameters: Point;
  readonly counts: Readonly<Record<string, number>>;
  /** Where it is another than the sweep's. */
  readonly engine?: Engine;
}

/** Of a sweep: one table, a row a point in the order of the job's lists; `shots` and the bit order are those of each point. */
export interface SweepResults extends Pick<Results, 'shots' | 'bit_order' | 'registers' | 'seed' | 'engine' | 'practice'> {
  readonly format: 'dewar.sweep/v1';
  readonly points: readonly PointResults[];
}

export type JobResults = Results | SweepResults;
