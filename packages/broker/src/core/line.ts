// The line before each device: first come, first served, held as a whole by the brake.
import type { Job } from './job.ts';

interface Place {
  readonly job: string;
  /** The device has it already: the brake does not hold it. */
  readonly underway: boolean;
  readonly come: (release: (() => void) | null) => void;
}

export class DeviceLine {
  readonly #places: Place[] = [];
  #free: number;
  #held: boolean;

  constructor(slots: number, held: boolean) {
    this.#free = slots;
    this.#held = held;
  }

  /** Resolves with the function that gives the slot back, or null when the job left the line. */
  enter(job: string, underway: boolean): Promise<(() => void) | null> {
    return new Promise((come) => {
      this.#places.push({ job, underway, come });
      this.#pump();
    });
  }

  leave(job: string): void {
    const index = this.#places.findIndex((place) => place.job === job);
    if (index >= 0) this.#places.splice(index, 1)[0]?.come(null);
  }

  hold(held: boolean): void {
    this.#held = held;
    this.#pump();
  }

  #pump(): void {
    while (this.#free > 0) {
      const index = this.#held ? this.#places.findIndex(({ underway }) => underway) : 0;
      const place = index < 0 ? undefined : this.#places.splice(index, 1)[0];
      if (!place) return;
      this.#free -= 1;
      let given = false;
      place.come(() => {
        if (given) return;
        given = true;
        this.#free += 1;
        this.#pump();
      });
    }
  }
}

/** The order of a line that was lost with the process: what the device has, what it may have, then by when each was cleared. */
export function asInLine(a: Job, b: Job): number {
  return rank(a) < rank(b) ? -1 : 1;
}

function rank(job: Job): string {
  const place = job.phase === 'running' ? 0 : job.phase === 'sending' ? 1 : 2;
  return `${place} ${'approval' in job && job.approval ? job.approval.at : job.created} ${job.id}`;
}

/** Wakes those who wait for a job to change. */
export class Changes {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** The answer stops listening. */
  listen(job: string, call: () => void): () => void {
    const calls = this.#waiting.get(job) ?? new Set();
    calls.add(call);
    this.#waiting.set(job, calls);
    return () => {
      calls.delete(call);
      if (calls.size === 0) this.#waiting.delete(job);
    };
  }

  tell(job: string): void {
    for (const call of this.#waiting.get(job) ?? []) call();
  }
}
