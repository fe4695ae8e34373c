// What a run gives back: counts by bit string, with everything needed to run it again and get the same.

export interface Register {
  readonly name: string;
  readonly size: number;
}

export interface Results {
  readonly format: 'dewar.results/v1';
  readonly shots: number;
  /** Keys of `counts`: within a register the rightmost character is bit 0; registers are separated by a space, the first declared rightmost (Qiskit's order). */
  readonly bit_order: 'little-endian';
  readonly registers: readonly Register[];
  /** Bit string to number of shots; keys in ascending order; the values sum to `shots`. */
  readonly counts: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly engine: { readonly name: string; readonly version: string; readonly method: 'state-vector' | 'shot-by-shot' | 'noisy-trajectories' };
  /** Present on the practice QPU only: no real hardware was used. */
  readonly practice?: { readonly device: string; readonly calibrated: string };
}
