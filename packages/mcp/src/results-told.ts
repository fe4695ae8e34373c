// Results small enough for a model: the most frequent outcomes, one row a point of a sweep, and what was left out.
import type { Results, SweepResults } from '@dewar/protocol';
import { z } from 'zod';
import { lines, said } from './said.ts';

export const mostOutcomes = 64;
export const mostPoints = 200;

const parameters = z.record(z.string(), z.union([z.number(), z.boolean()]));
const outcome = z.object({ bits: z.string(), count: z.number(), probability: z.number() });
const parity = z.number().meta({ description: 'The mean of (-1)^(number of ones) over all measured bits: ⟨Z…Z⟩.' });
const point = z.object({ point: z.number().meta({ description: 'From 0, in the order of the lists.' }), parameters, top: outcome.nullable(), parity });

export const resultsOutput = z.object({
  job_id: z.string(), results_digest: z.string(),
  shots: z.number().meta({ description: 'In a sweep, at each point.' }),
  bit_order: z.string(), registers: z.array(z.object({ name: z.string(), size: z.number() })),
  seed: z.number(), engine: z.string(), practice: z.string().optional().meta({ description: 'Present where no real hardware was used.' }),
  parameters: parameters.optional(),
  outcomes: z.array(outcome).optional().meta({ description: 'The most frequent, of one point.' }),
  outcomes_left_out: z.number().optional(), shots_left_out: z.number().optional(), parity: parity.optional(),
  points: z.array(point).optional(), points_total: z.number().optional(), next_point: z.number().nullable().optional().meta({ description: 'Ask again with from_point for the next rows; null after the last.' }),
  whole: z.string().meta({ description: 'The resource that holds all of it as JSON.' }),
});
export type ResultsTold = z.output<typeof resultsOutput>;

export interface Wanted {
  readonly top: number;
  /** One point of a sweep in full instead of the table. */
  readonly point?: number;
  readonly from_point: number;
}

type Counts = Readonly<Record<string, number>>;

function sorted(counts: Counts): [string, number][] {
  return Object.entries(counts).toSorted(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
}

function round(value: number): number {
  return Number(value.toFixed(6));
}

function parityOf(counts: Counts, shots: number): number {
  let sum = 0;
  for (const [bits, count] of Object.entries(counts)) sum += (bits.replaceAll(/[^1]/g, '').length % 2 === 0 ? 1 : -1) * count;
  return shots === 0 ? 0 : round(sum / shots);
}

function onePoint(counts: Counts, shots: number, top: number) {
  const all = sorted(counts);
  const shown = all.slice(0, top).map(([bits, count]) => ({ bits, count, probability: shots === 0 ? 0 : round(count / shots) }));
  return {
    outcomes: shown, outcomes_left_out: all.length - shown.length, shots_left_out: all.slice(top).reduce((sum, [, count]) => sum + count, 0), parity: parityOf(counts, shots),
  };
}

const bitOrder = 'Within a register the rightmost character is bit 0; registers are separated by a space, the first declared rightmost (Qiskit order).';

export interface Answer {
  readonly job_id: string;
  readonly results_digest: string;
  readonly results: Results | SweepResults;
}

export function resultsUri(jobId: string): string {
  return `dewar://jobs/${jobId}/results`;
}

export function resultsTold({ job_id, results_digest, results }: Answer, { top, point: wantedPoint, from_point: from }: Wanted): ResultsTold {
  const { practice } = results;
  const about = {
    job_id, results_digest, shots: results.shots, bit_order: bitOrder, registers: results.registers.slice(0, 64).map(({ name, size }) => ({ name: said(name, 64), size })),
    seed: results.seed, engine: engineText(results.engine),
    ...(practice !== undefined && { practice: `practice hardware, no real device: ${said(practice.device, 64)}, calibrated ${said(practice.calibrated, 40)}` }),
    whole: resultsUri(job_id),
  };
  if (results.format === 'dewar.results/v1') return { ...about, ...(results.parameters !== undefined && { parameters: named(results.parameters) }), ...onePoint(results.counts, results.shots, top) };
  const { points } = results;
  const one = wantedPoint === undefined ? undefined : points[wantedPoint];
  if (one !== undefined) return { ...about, engine: engineText(one.engine ?? results.engine), parameters: named(one.parameters), points_total: points.length, ...onePoint(one.counts, results.shots, top) };
  const rows = points.slice(from, from + mostPoints).map((row, index) => ({
    point: from + index, parameters: named(row.parameters), top: onePoint(row.counts, results.shots, 1).outcomes[0] ?? null, parity: parityOf(row.counts, results.shots),
  }));
  return { ...about, points: rows, points_total: points.length, next_point: from + rows.length < points.length ? from + rows.length : null };
}

function engineText({ name, version, method }: Results['engine']): string {
  return said(`${name} ${version}, ${method}`, 120);
}

function named(values: Readonly<Record<string, number | boolean>>): Record<string, number | boolean> {
  return Object.fromEntries(Object.entries(values).slice(0, 64).map(([name, value]) => [said(name, 64), value]));
}

export function resultsText(told: ResultsTold): string {
  const { outcomes, points } = told;
  const head = `${told.job_id}: ${told.shots} shots${told.points_total === undefined ? '' : ` at each of ${told.points_total} points`}, ${told.engine}, seed ${told.seed}.`;
  return lines(
    head, told.practice, told.parameters === undefined ? undefined : `At ${JSON.stringify(told.parameters)}.`,
    ...(outcomes ?? []).map(({ bits, count, probability }) => `${bits}  ${count}  ${probability}`),
    (told.outcomes_left_out ?? 0) > 0 ? `${told.outcomes_left_out} more outcomes, ${told.shots_left_out} shots together.` : undefined,
    points === undefined ? `Parity ${told.parity}.` : 'point  parameters  most frequent  its probability  parity',
    ...(points ?? []).map((row) => `${row.point}  ${JSON.stringify(row.parameters)}  ${row.top?.bits ?? '-'}  ${row.top?.probability ?? '-'}  ${row.parity}`),
    typeof told.next_point === 'number' ? `More rows: from_point ${told.next_point}.` : undefined,
    told.bit_order, `All of it: ${told.whole}`,
  );
}
