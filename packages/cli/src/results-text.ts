// Results for people and for spreadsheets.
import type { Results } from '@dewar/protocol';
import { histogram } from './histogram.ts';
import { row, type Line } from './line.ts';
import { many } from './job-text.ts';

export function resultLines(results: Results, columns: number): Line[] {
  const registers = [...results.registers].reverse().map((register) => `${register.name}[${register.size}]`).join(' ');
  const { engine, practice } = results;
  return [
    ...histogram(results.counts, columns),
    ...row('Bits', `${registers}, bit 0 rightmost`, columns),
    ...row('Run', `${many(results.shots, 'shot')}, ${engine.name} ${engine.version} (${engine.method}), seed ${results.seed}`, columns),
    ...(practice === undefined ? [] : row('Practice', `${practice.device}, noise as of ${practice.calibrated}; no real hardware was used`, columns, 'warn')),
  ];
}

/** RFC 4180 with a heading, in ascending order (an object's own puts keys such as `11` first); bit strings hold only 0, 1 and spaces. */
export function resultCsv(results: Results): string[] {
  const sorted = Object.entries(results.counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return ['bits,count', ...sorted.map(([bits, count]) => `${bits},${count}`)];
}
