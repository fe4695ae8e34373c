// How long a run takes, from counts alone: measured on a slow two-core machine and rounded up, so that an estimate errs on the long side.

/** Seconds to start the process, load the compiler and compile. */
export function compileSeconds(operations: number): number {
  return 2 + operations * 0.001;
}

/** Seconds to compile one more point in the same process. */
export function againSeconds(operations: number): number {
  return 0.5 + operations * 0.001;
}

/** Seconds of the state-vector sampler: each gate passes over 2^qubits amplitudes once. */
export function sampleSeconds(gates: number, qubits: number, shots: number): number {
  return gates * (1e-6 + 2 ** qubits * 6e-9) + shots * 1e-6;
}

/** Seconds of qsharp-lang, which simulates again for each shot. */
export function shotLoopSeconds(operations: number, qubits: number, shots: number): number {
  return shots * (2e-4 + operations * (1e-5 + 2 ** qubits * 5e-8));
}

/**
 * Seconds of the practice QPU's simulation.
 * @param sites places where an error may strike
 * @param struck share of shots with an error; each may need a simulation of its own
 */
export function trajectorySeconds(gates: number, sites: number, qubits: number, shots: number, struck: number): number {
  const once = sampleSeconds(gates + 3, qubits, 0);
  return once + shots * (struck * once + sites * 2e-8 + 2e-6);
}
