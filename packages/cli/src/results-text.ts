// Results for people and for spreadsheets.
import type { JobResults, PointResults, Results, SweepResults } from '@dewar/protocol';
import { histogram } from './histogram.ts';
import { row, table, type Line } from './line.ts';
import { many } from './job-text.ts';

/** Points of a sweep that a terminal shows; CSV and JSON have all. */
const shownPoints = 40;
/** Outcomes of each point, the most frequent. */
const shownOutcomes = 3;

export function resultLines(results: JobResults, columns: number): Line[] {
  const registers = [...results.registers].reverse().map((register) => `${register.name}[${register.size}]`).join(' ');
  const { engine, practice } = results;
  const bound = results.format === 'dewar.results/v1' ? Object.entries(results.parameters ?? {}) : [];
  return [
    ...(results.format === 'dewar.results/v1' ? histogram(results.counts, columns) : sweepLines(results, columns)),
    ...(bound.length === 0 ? [] : row('Values', bound.map(([name, value]) => `${name} = ${value}`).join(', '), columns)),
    ...row('Bits', `${registers}, bit 0 rightmost`, columns),
    ...row('Run', `${many(results.shots, 'shot')}${results.format === 'dewar.sweep/v1' ? ` at each of ${many(results.points.length, 'point')}` : ''}, ${engine.name} ${engine.version} (${engine.method}), seed ${results.seed}`, columns),
    ...(practice === undefined ? [] : row('Practice', `${practice.device}, noise as of ${practice.calibrated}; no real hardware was used`, columns, 'warn')),
  ];
}

/** A row a point: its values, then its most frequent outcomes with their share of the shots. */
function sweepLines({ points, shots }: SweepResults, columns: number): Line[] {
  const names = Object.keys(points[0]?.parameters ?? {});
  const rows = points.slice(0, shownPoints).map(({ parameters, counts }) => [...names.map((name) => String(parameters[name])), topOutcomes(counts, shots)]);
  const left = points.length - rows.length;
  return [...table([...names, 'most frequent'], rows, columns), ...(left > 0 ? [`… ${many(left, 'more point')}: dewar results JOB --format csv`] : [])];
}

function topOutcomes(counts: PointResults['counts'], shots: number): string {
  const sorted = Object.entries(counts).sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  const left = sorted.length - shownOutcomes;
  return `${sorted.slice(0, shownOutcomes).map(([bits, count]) => `${bits} ${((100 * count) / shots).toFixed(1)}%`).join('  ')}${left > 0 ? `  +${left} more` : ''}`;
}

/** RFC 4180 with a heading, in ascending order (an object's own puts keys such as `11` first); a sweep has a column for each parameter, names hold letters and digits only. */
export function resultCsv(results: JobResults): string[] {
  if (results.format === 'dewar.results/v1') return ['bits,count', ...countRows(results.counts)];
  const names = Object.keys(results.points[0]?.parameters ?? {});
  return [
    [...names, 'bits', 'count'].join(','),
    ...results.points.flatMap(({ parameters, counts }) => countRows(counts).map((line) => [...names.map((name) => String(parameters[name])), line].join(','))),
  ];
}

function countRows(counts: Results['counts']): string[] {
  return Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)).map(([bits, count]) => `${bits},${count}`);
}
