// What a device's calibration file says, and how far apart its qubits are.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { DewarError, parseJson, shown } from '@dewar/protocol';

/** A dated calibration of the practice QPU. Probabilities are from 0 to 1. */
export interface Calibration {
  readonly format: 'dewar.calibration/v1';
  /** The device's name; a practice device says so in its name and its note. */
  readonly device: string;
  readonly practice: true;
  readonly note: string;
  /** YYYY-MM-DD. */
  readonly date: string;
  /** By qubit number from 0. */
  readonly qubits: readonly QubitCalibration[];
  /** Pairs of coupled qubits, each once, the lower number first. */
  readonly coupling: readonly { readonly pair: readonly [number, number]; readonly error: number }[];
}

export interface QubitCalibration {
  /** Probability of a Pauli error, X, Y and Z alike, after a one-qubit gate. */
  readonly gate_error: number;
  /** p(1|0): a 0 read as 1. */
  readonly read_1_when_0: number;
  /** p(0|1): a 1 read as 0. */
  readonly read_0_when_1: number;
}

const probability = z.number().min(0).max(1);
const qubit = z.int().min(0).max(63);

export const calibrationSchema: z.ZodType<Calibration> = z
  .strictObject({
    format: z.literal('dewar.calibration/v1'),
    device: z.string().regex(/^practice-[a-z0-9-]{1,40}$/, 'a name that begins with practice-'),
    practice: z.literal(true),
    note: z.string().min(1).max(500),
    date: z.iso.date(),
    qubits: z.array(z.strictObject({ gate_error: probability, read_1_when_0: probability, read_0_when_1: probability })).min(1).max(64),
    coupling: z.array(z.strictObject({ pair: z.tuple([qubit, qubit]), error: probability })).max(2016),
  })
  .refine(({ qubits, coupling }) => coupling.every(({ pair: [a, b] }) => a < b && b < qubits.length), { path: ['coupling'], message: 'pairs of the qubits above, the lower number first' })
  .refine(({ coupling }) => new Set(coupling.map(({ pair }) => pair.join())).size === coupling.length, { path: ['coupling'], message: 'each pair once' })
  .refine((calibration) => calibration.qubits.every((_, index) => pathBetween(calibration, 0, index) !== null), { path: ['coupling'], message: 'every qubit reachable from every other' });

/** Reads a calibration file's bytes. Throws the codes of parseJson, and `config_invalid` with the path. */
export function parseCalibration(bytes: Uint8Array): Calibration {
  const parsed = calibrationSchema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DewarError({
    code: 'config_invalid', message: 'the calibration file is not valid', path: (issue?.path ?? []).map((key) => `/${String(key)}`).join(''),
    got: shown(issue?.code), allowed: issue?.message ?? 'dewar.calibration/v1', fix: 'correct the file, or restore the one that came with Dewar',
  });
}

/** The practice QPU's calibration as it comes with Dewar. */
export function practiceCalibration(): Calibration {
  return parseCalibration(readFileSync(new URL('../calibration/practice-qpu.json', import.meta.url)));
}

export function pairKey(a: number, b: number): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** The shortest path from one device qubit to another, both ends included; of equals the one through lower numbers; `null` where there is none. */
export function pathBetween({ qubits, coupling }: Calibration, from: number, to: number): number[] | null {
  const neighbours: number[][] = qubits.map(() => []);
  for (const { pair: [a, b] } of coupling) {
    neighbours[a]?.push(b);
    neighbours[b]?.push(a);
  }
  const before = new Map<number, number>([[from, from]]);
  const queue = [from];
  for (const here of queue) {
    if (here === to) break;
    for (const next of (neighbours[here] ?? []).toSorted((a, b) => a - b)) {
      if (before.has(next)) continue;
      before.set(next, here);
      queue.push(next);
    }
  }
  if (!before.has(to)) return null;
  const path = [to];
  for (let here = to; here !== from; ) {
    here = before.get(here) ?? from;
    path.unshift(here);
  }
  return path;
}
