// What is unlike a session's jobs so far: flags for a person's eye and for policies, never a verdict.
import type { Anomaly, Money } from '@dewar/protocol';
import type { Habits } from './ports.ts';

/** Minutes and submits that make a burst. */
export const burst = { minutes: 10, submits: 30 } as const;

/** Fewer completed jobs than this say nothing of what is usual. */
const enough = 3;

/** In the order of the protocol's list. */
export function anomaliesOf({ ranBefore, knowsDevice, amounts, recent }: Habits, amount: Money | null, hour: number): readonly Anomaly[] {
  return [
    ...(ranBefore ? [] : ['first_time' as const]),
    ...(knowsDevice ? [] : ['new_backend' as const]),
    ...(amount !== null && muchDearer(amount, amounts) ? ['ten_times' as const] : []),
    ...(recent >= burst.submits ? ['burst' as const] : []),
    ...(hour >= 22 || hour < 6 ? ['night' as const] : []),
  ];
}

/** Against the median of what was paid in that currency. */
function muchDearer(amount: Money, amounts: readonly Money[]): boolean {
  const usual = amounts.filter(({ currency }) => currency === amount.currency).map(({ micros }) => micros).toSorted((a, b) => a - b);
  const median = usual[Math.floor((usual.length - 1) / 2)];
  return usual.length >= enough && median !== undefined && median > 0 && amount.micros >= 10 * median;
}
