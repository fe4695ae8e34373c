// What a run is asked to do, once its token is redeemed.
import type { ProgramFacts } from '@dewar/protocol';
import type { Calibration } from './calibration.ts';

/** The program that a token stands for. */
export interface RunRequest {
  readonly source: string;
  readonly facts: ProgramFacts;
  readonly shots: number;
  /** 0 to Number.MAX_SAFE_INTEGER. */
  readonly seed: number;
  /** `null`: ideal; else the practice QPU's noise. */
  readonly noise: Calibration | null;
}
