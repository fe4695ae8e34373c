// Counts as bars: the most frequent first, fitted to the width.
import { clip, pad } from './escape.ts';
import type { Line } from './line.ts';

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** @param counts bit string to shots @param columns width to fit, at least 40 @param top most rows; the rest is summed up in one line */
export function histogram(counts: Readonly<Record<string, number>>, columns: number, top = 16): Line[] {
  const sorted = Object.entries(counts).sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  const shown = sorted.slice(0, top);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const most = shown[0]?.[1] ?? 0;
  const keyColumns = Math.min(Math.max(0, ...shown.map(([key]) => key.length)), Math.floor(columns / 2));
  const countColumns = String(most).length;
  const barColumns = Math.max(1, columns - keyColumns - countColumns - 11);
  const lines: Line[] = shown.map(([key, count]) => {
    const share = total === 0 ? '0.0' : ((count / total) * 100).toFixed(1);
    const figures = `${String(count).padStart(countColumns)}  ${share.padStart(5)}%`;
    return [`${pad(clip(key, keyColumns), keyColumns)} `, { text: pad(bar(count, most, barColumns), barColumns), tone: 'good' }, ` ${figures}`];
  });
  const rest = sorted.slice(top);
  if (rest.length > 0) lines.push([{ text: `… ${rest.length} more, ${rest.reduce((sum, [, count]) => sum + count, 0)} shots together`, tone: 'faint' }]);
  return lines;
}

function bar(count: number, most: number, columns: number): string {
  if (most === 0) return '';
  const parts = Math.round((count / most) * columns * 8);
  // What was seen at all stays visible.
  const visible = count > 0 ? Math.max(1, parts) : 0;
  return '█'.repeat(Math.floor(visible / 8)) + (eighths[visible % 8] ?? '');
}
