// When a job may begin: the device's own schedule played on, with runs as long as the last ones were. What nobody can know is null, never a number.
import type { JobId, StartEstimate } from '@dewar/protocol';
import type { Schedule } from './schedule.ts';

/** Runs that are looked back on. */
const kept = 50;
/** Runs without which nothing is said: of the middle one, and of nine in ten. */
const fewest = { likely: 3, cautious: 10 } as const;

/** How long the last runs held a slot of one device, milliseconds. */
export class RunTimes {
  #last: readonly number[] = [];

  add(ms: number): void {
    this.#last = [...this.#last, Math.max(ms, 0)].slice(-kept);
  }

  get count(): number {
    return this.#last.length;
  }

  /** The least that this part of the runs stayed within; null where too few are known. */
  within(part: 'likely' | 'cautious'): number | null {
    return this.count < fewest[part] ? null : quantile(this.#last, part);
  }

  /** What is left of a run that has gone on for so long, by those that took longer; null where none did. */
  left(elapsed: number, part: 'likely' | 'cautious'): number | null {
    const longer = this.#last.filter((ms) => ms > elapsed);
    return longer.length === 0 ? null : quantile(longer, part) - elapsed;
  }
}

/** By nearest rank. */
function quantile(values: readonly number[], part: 'likely' | 'cautious'): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * (part === 'likely' ? 0.5 : 0.9)) - 1] ?? 0;
}

/** Who begins when, in order, milliseconds from now; Infinity where it waits for a run whose end nobody can tell. */
export function startsOf(schedule: Schedule, now: number, times: RunTimes, part: 'likely' | 'cautious'): ReadonlyMap<JobId, number> {
  const ahead = schedule.copy();
  // Without a known length the order still stands; its times are not told then.
  const length = times.within(part) ?? 1;
  const ends = new Map(ahead.running.map(({ job, started }) => [job, now + (times.left(now - started, part) ?? Infinity)]));
  const starts = new Map<JobId, number>();
  for (let at = now; ;) {
    for (let place = ahead.next(finite(at, now), false); place; place = ahead.next(finite(at, now), false)) {
      starts.set(place.job, at - now);
      ends.set(place.job, at + length);
    }
    if (ahead.waiting === 0 || ends.size === 0) return starts;
    at = Math.max(at, Math.min(...ends.values()));
    for (const [job, end] of ends) {
      if (end > at) continue;
      ends.delete(job);
      ahead.done(job, finite(at, now));
    }
  }
}

/** An hour on is as good as never for who is next, and can be reckoned with. */
function finite(at: number, now: number): number {
  return Number.isFinite(at) ? at : now + 3_600_000;
}

/** @param starts of this job, milliseconds from now */
export function estimateOf(starts: { readonly likely: number; readonly cautious: number }, times: RunTimes, { device, held }: { readonly device: string; readonly held: boolean }): StartEstimate {
  if (held) return { start_after_s: null, basis: 'the brake is on: nothing begins until dewar thaw' };
  const half = times.within('likely');
  if (half === null) return { start_after_s: null, basis: `not known yet: ${fewest.likely} runs on ${device} are needed, ${times.count} are known` };
  if (!Number.isFinite(starts.likely)) return { start_after_s: null, basis: `not known: a run on ${device} takes longer than any of its last ${times.count}` };
  const most = times.within('cautious');
  const likely = Math.round(starts.likely / 1000);
  const cautious = most === null || !Number.isFinite(starts.cautious) ? null : Math.max(likely, Math.ceil(starts.cautious / 1000));
  const nine = most === null ? '' : `, nine in ten at most ${seconds(most)}`;
  return { start_after_s: { likely, cautious }, basis: `of the last ${times.count} runs on ${device} half took at most ${seconds(half)}${nine}; jobs still to come may go before it` };
}

function seconds(ms: number): string {
  return `${ms < 10_000 ? Math.ceil(ms / 100) / 10 : Math.ceil(ms / 1000)} s`;
}
