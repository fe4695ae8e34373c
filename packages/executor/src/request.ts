// What a run is asked to do, once its token is redeemed.
import type { Point, ProgramFacts } from '@dewar/protocol';
import type { Calibration } from './calibration.ts';

/** The program that a token stands for. */
export interface RunRequest {
  readonly source: string;
  readonly facts: ProgramFacts;
  /** Of each point. */
  readonly shots: number;
  /** One, empty where nothing is bound; more only in a sweep. */
  readonly points: readonly Point[];
  /** The job gave lists: its results are a table, though of one row. */
  readonly sweep: boolean;
  /** 0 to Number.MAX_SAFE_INTEGER. */
  readonly seed: number;
  /** `null`: ideal; else the practice QPU's noise. */
  readonly noise: Calibration | null;
}
