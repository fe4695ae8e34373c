// The line before each device: who is next goes by its schedule, and the brake holds it as a whole.
import { laneOf, type JobId, type QueuePlace, type QueueView } from '@dewar/protocol';
import { estimateOf, RunTimes, startsOf } from './forecast.ts';
import type { Job } from './job.ts';
import type { Backends, Clock } from './ports.ts';
import { Schedule, type Place, type QueueRules } from './schedule.ts';

type Waiting = Place & { readonly come: (release: (() => void) | null) => void };

export interface LineParts {
  readonly device: string;
  /** Jobs it works on at once. */
  readonly slots: number;
  readonly rules: QueueRules;
  readonly clock: Clock;
}

export class DeviceLine {
  readonly #parts: LineParts;
  readonly #schedule: Schedule;
  readonly #times = new RunTimes();
  readonly #waiting = new Map<JobId, Waiting>();
  #held: boolean;
  /** The line as it was last looked at; nothing once it has changed. */
  #seen: { readonly second: number; readonly places: ReadonlyMap<JobId, QueuePlace> } | null = null;

  constructor(parts: LineParts, held: boolean) {
    this.#parts = parts;
    this.#schedule = new Schedule(parts.slots, parts.rules);
    this.#held = held;
  }

  /** Resolves with the function that gives the slot back, or null when the job left the line. */
  enter(job: Pick<Place, 'job' | 'session' | 'lane' | 'underway'>): Promise<(() => void) | null> {
    return new Promise((come) => {
      const since = this.#parts.clock.now();
      this.#waiting.set(job.job, { ...job, since, come });
      this.#schedule.enter({ ...job, since }, since);
      this.#pump();
    });
  }

  leave(job: JobId): void {
    const place = this.#waiting.get(job);
    if (!place) return;
    this.#waiting.delete(job);
    this.#schedule.leave(job);
    this.#seen = null;
    place.come(null);
  }

  hold(held: boolean): void {
    this.#held = held;
    this.#pump();
  }

  /** A run held its slot for so long. */
  took(ms: number): void {
    this.#times.add(ms);
    this.#schedule.expect(this.#times.within('likely') ?? 0);
    this.#seen = null;
  }

  /** Undefined for a job that does not wait here. */
  placeOf(job: JobId): QueuePlace | undefined {
    return this.#places().get(job);
  }

  view(): QueueView {
    const { device, slots } = this.#parts;
    const running = this.#schedule.running.map(({ job, session, lane, started }) => ({ job_id: job, session, lane, since: new Date(started).toISOString() }));
    const waiting = [...this.#places()].flatMap(([job, place]) => {
      const own = this.#waiting.get(job);
      return own ? [{ ...place, job_id: job, session: own.session, since: new Date(own.since).toISOString() }] : [];
    });
    return { device, slots, held: this.#held, running, waiting };
  }

  /** In the order in which they would begin. Looked up again each second, not for each that asks. */
  #places(): ReadonlyMap<JobId, QueuePlace> {
    const now = this.#parts.clock.now();
    const second = Math.floor(now / 1000);
    if (this.#seen?.second === second) return this.#seen.places;
    const likely = startsOf(this.#schedule, now, this.#times, 'likely');
    const cautious = startsOf(this.#schedule, now, this.#times, 'cautious');
    const at = { device: this.#parts.device, held: this.#held };
    const places = new Map([...likely].flatMap(([job, start], index): [JobId, QueuePlace][] => {
      const own = this.#waiting.get(job);
      const starts = { likely: start, cautious: cautious.get(job) ?? Infinity };
      return own ? [[job, { position: index + 1, of: likely.size, lane: own.lane, estimate: estimateOf(starts, this.#times, at) }]] : [];
    }));
    this.#seen = { second, places };
    return places;
  }

  #pump(): void {
    const { clock } = this.#parts;
    this.#seen = null;
    for (let next = this.#schedule.next(clock.now(), this.#held); next; next = this.#schedule.next(clock.now(), this.#held)) {
      const { job } = next;
      const place = this.#waiting.get(job);
      this.#waiting.delete(job);
      place?.come(() => {
        this.#schedule.done(job, clock.now());
        this.#pump();
      });
    }
  }
}

/** One line a device. A device that is no longer configured has one too: what queues in it is refused at the grant. */
export class Lines {
  readonly #lines = new Map<string, DeviceLine>();
  readonly #parts: { readonly backends: Backends; readonly queue: { readonly rules: QueueRules }; readonly clock: Clock };
  #held = false;

  constructor(parts: { readonly backends: Backends; readonly queue: { readonly rules: QueueRules }; readonly clock: Clock }) {
    this.#parts = parts;
  }

  of(job: Job): DeviceLine {
    return this.#named(job.resolved.device.name);
  }

  enter(job: Job): Promise<(() => void) | null> {
    return this.of(job).enter({ job: job.id, session: job.session.name, lane: laneOf(job.spec), underway: job.phase === 'running' });
  }

  /** The brake on every line. */
  hold(held: boolean): void {
    this.#held = held;
    for (const line of this.#lines.values()) line.hold(held);
  }

  /** What earlier runs say of how long one takes. @param ended newest first */
  learn(ended: readonly Job[]): void {
    for (const job of ended.toReversed()) {
      if (job.phase === 'ended' && job.grant && (job.outcome.kind === 'completed' || job.outcome.kind === 'failed')) this.of(job).took(Date.parse(job.ended) - Date.parse(job.grant.issued));
    }
  }

  view(): QueueView[] {
    return [...new Set([...this.#parts.backends.devices.keys(), ...this.#lines.keys()])].map((device) => this.#named(device).view());
  }

  #named(device: string): DeviceLine {
    const { backends, queue, clock } = this.#parts;
    const line = this.#lines.get(device) ?? new DeviceLine({ device, slots: backends.devices.get(device)?.slots ?? 1, rules: queue.rules, clock }, this.#held);
    this.#lines.set(device, line);
    return line;
  }
}

/** In what order jobs come to the lines after a restart, where what each session had had is forgotten: what the device has, what it may have, then by when each was cleared. */
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
