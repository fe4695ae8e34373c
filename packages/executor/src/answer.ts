// Turns a child's word for its results into Results, or says what is wrong with it.
import { limits, type Engine, type JobResults, type Point, type PointResults, type Register } from '@dewar/protocol';
import type { RunRequest } from './request.ts';
import { childMessage, maxKeys, type ChildMessage, type RunMethod } from './wire.ts';

/** A message of a known form, or why it is none. Never throws. */
export function readMessage(line: string): ChildMessage | { readonly type: 'invalid'; readonly why: string } {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { type: 'invalid', why: 'a line that is not JSON' };
  }
  const parsed = childMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  return { type: 'invalid', why: `a message that is not of the protocol: ${parsed.error.issues[0]?.message ?? 'unknown'}`.slice(0, 300) };
}

const engines: Readonly<Record<RunMethod, Engine>> = {
  'state-vector': { name: 'dewar-state-vector', version: '1.0.0', method: 'state-vector' },
  'shot-by-shot': { name: 'qsharp-lang', version: '1.32.5-dev', method: 'shot-by-shot' },
  'noisy-trajectories': { name: 'dewar-practice-qpu', version: '1.0.0', method: 'noisy-trajectories' },
};

type Told = Extract<ChildMessage, { type: 'results' }>;

/** Everything but registers, counts and methods comes from the request. Gives text where the child's answer cannot be true. */
export function resultsFrom({ registers, points }: Told, request: RunRequest): JobResults | string {
  if (new Set(registers.map(({ name }) => name)).size !== registers.length) return 'a register is named twice';
  if (points.length !== request.points.length) return `${points.length} points, where ${request.points.length} were asked for`;
  const bits = registers.reduce((sum, { size }) => sum + size, 0);
  const keys = points.reduce((sum, point) => sum + point.keys.length, 0);
  if (keys > maxKeys || (bits + registers.length - 1) * keys > limits.results_bytes) return 'the keys are too long or too many';
  const rows: Row[] = [];
  for (const [at, told] of points.entries()) {
    const counts = countsFrom(told, registers, request);
    if (typeof counts === 'string') return counts;
    rows.push({ parameters: request.points[at] ?? {}, counts, engine: engines[told.method] });
  }
  const [first] = rows;
  if (first === undefined) return 'no points';
  const common = {
    shots: request.shots, bit_order: 'little-endian' as const, registers, seed: request.seed, engine: first.engine,
    ...(request.noise !== null && { practice: { device: request.noise.device, calibrated: request.noise.date } }),
  };
  if (request.sweep) return { format: 'dewar.sweep/v1', ...common, points: rows.map((row) => pointOf(row, first.engine)) };
  return { format: 'dewar.results/v1', ...common, counts: first.counts, ...(Object.keys(first.parameters).length > 0 && { parameters: first.parameters }) };
}

interface Row {
  readonly parameters: Point;
  readonly counts: Readonly<Record<string, number>>;
  readonly engine: Engine;
}

function pointOf({ parameters, counts, engine }: Row, sweeps: Engine): PointResults {
  return { parameters, counts, ...(engine !== sweeps && { engine }) };
}

/** The counts of one point, or what is wrong with them. */
function countsFrom({ method, keys, counts }: Told['points'][number], registers: readonly Register[], request: RunRequest): Record<string, number> | string {
  if ((method === 'noisy-trajectories') !== (request.noise !== null)) return `method ${method} was not asked for`;
  if (keys.length !== counts.length) return 'keys and counts differ in length';
  const length = registers.reduce((sum, { size }) => sum + size, 0) + registers.length - 1;
  const gaps = separators(registers);
  const entries: [string, number][] = [];
  let sum = 0;
  let before = '';
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index];
    const count = counts[index];
    if (typeof key !== 'string' || key.length !== length || !fits(key, gaps)) return 'a key does not fit the registers';
    if (key <= before) return 'the keys are not in ascending order';
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1) return 'a count is not a positive integer';
    before = key;
    sum += count;
    if (sum > request.shots) break;
    entries.push([key, count]);
  }
  return sum === request.shots ? Object.fromEntries(entries) : `the counts do not sum to ${request.shots} shots`;
}

/** Where a key has its spaces: between registers, the first declared rightmost. */
function separators(registers: readonly Register[]): ReadonlySet<number> {
  const gaps = new Set<number>();
  let at = 0;
  for (const { size } of registers.toReversed()) {
    at += size;
    gaps.add(at);
    at += 1;
  }
  gaps.delete(at - 1);
  return gaps;
}

/** A loop and no pattern: ten thousand registers would overflow the pattern compiler's stack. */
function fits(key: string, gaps: ReadonlySet<number>): boolean {
  for (let at = 0; at < key.length; at += 1) {
    const character = key.charAt(at);
    if (gaps.has(at) ? character !== ' ' : character !== '0' && character !== '1') return false;
  }
  return true;
}
