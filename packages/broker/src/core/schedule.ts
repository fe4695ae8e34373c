// The schedule of one device: whose job is next. Start-time fair queueing by the device time that each session has had, so that no session gains by flooding.
import type { JobId, Lane } from '@dewar/protocol';

export interface QueueRules {
  /** At 4 to 1, a second of the device in batch counts against a session as four in interactive. */
  readonly lanes: Readonly<Record<Lane, number>>;
  /** Most jobs of one session that run on one device at a time; null for as many as it has slots. */
  readonly running: number | null;
}

export interface Place {
  readonly job: JobId;
  readonly session: string;
  readonly lane: Lane;
  /** The device has it already: it comes first, and the brake does not hold it. */
  readonly underway: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
}

export interface Started extends Place {
  readonly started: number;
}

/** Least that a job counts, milliseconds: a flood of jobs that end at once is not free. */
const least = 1;

/** Weighted device time, and what is under way. */
class Tally {
  #used = 0;
  readonly #running = new Map<JobId, { readonly started: number; readonly weight: number }>();

  /** What runs counts as a usual run at least, before it has run as long. */
  at(now: number, usual: number): number {
    let sum = this.#used;
    for (const { started, weight } of this.#running.values()) sum += Math.max(usual, now - started, least) / weight;
    return sum;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Who comes anew begins where the others are: time in which nobody asked is no credit. */
  raise(to: number): void {
    this.#used = Math.max(this.#used, to);
  }

  start(job: JobId, started: number, weight: number): void {
    this.#running.set(job, { started, weight });
  }

  /** What it took counts, whatever was expected. */
  end(job: JobId, now: number): void {
    const run = this.#running.get(job);
    if (run) this.#used += Math.max(now - run.started, least) / run.weight;
    this.#running.delete(job);
  }

  copy(): Tally {
    const copy = new Tally();
    copy.#used = this.#used;
    for (const [job, run] of this.#running) copy.#running.set(job, run);
    return copy;
  }
}

/** A session's jobs in one lane. */
interface Flow {
  readonly tally: Tally;
  readonly waiting: Place[];
}

interface Share {
  readonly tally: Tally;
  readonly lanes: Readonly<Record<Lane, Flow>>;
  /** Where its lanes are, one to the other. */
  reached: number;
}

interface Candidate {
  readonly share: Share;
  readonly place: Place;
  readonly tag: number;
  readonly order: number;
}

export class Schedule {
  readonly #slots: number;
  readonly #rules: QueueRules;
  readonly #shares = new Map<string, Share>();
  readonly #underway: Place[] = [];
  readonly #running = new Map<JobId, Started>();
  readonly #order = new Map<JobId, number>();
  #entered = 0;
  /** The virtual time: where the session stood whose job began last. */
  #reached = 0;
  #usual = 0;

  constructor(slots: number, rules: QueueRules) {
    this.#slots = slots;
    this.#rules = rules;
  }

  /** Milliseconds that a run is expected to take: what it counts until it is known. */
  expect(usual: number): void {
    this.#usual = usual;
  }

  get running(): readonly Started[] {
    return [...this.#running.values()];
  }

  get waiting(): number {
    return this.#order.size;
  }

  enter(place: Place, now: number): void {
    this.#entered += 1;
    this.#order.set(place.job, this.#entered);
    const share = this.#shareOf(place.session, now);
    if (place.underway) {
      this.#underway.push(place);
      return;
    }
    const flow = share.lanes[place.lane];
    if (flow.waiting.length + flow.tally.running === 0) flow.tally.raise(share.reached);
    flow.waiting.push(place);
  }

  /** Out of the line; what runs is not in it. */
  leave(job: JobId): void {
    if (!this.#order.delete(job)) return;
    for (const list of [this.#underway, ...[...this.#shares.values()].flatMap(({ lanes }) => [lanes.interactive.waiting, lanes.batch.waiting])]) {
      const index = list.findIndex((place) => place.job === job);
      if (index >= 0) list.splice(index, 1);
    }
    this.#levelled();
  }

  /** Once nobody wants the device, whoever comes next begins level with the others. */
  #levelled(): boolean {
    if (this.#running.size + this.#order.size > 0) return false;
    this.#shares.clear();
    return true;
  }

  /** Who has a slot from now on; null when none is free, nobody waits, or the brake holds those who do. */
  next(now: number, held: boolean): Place | null {
    if (this.#running.size >= this.#slots) return null;
    const underway = this.#underway.shift();
    if (underway) return this.#begin(this.#shareOf(underway.session, now), underway, now);
    if (held) return null;
    const candidates = [...this.#shares.values()].flatMap((share) => this.#candidate(share, now) ?? []);
    const eligible = candidates.filter((one) => !this.#wouldHoldAll(one, candidates));
    const [first, ...rest] = eligible;
    if (!first) return null;
    const chosen = rest.reduce((best, one) => (this.#isBefore(one, best) ? one : best), first);
    const { share, place, tag } = chosen;
    this.#reached = Math.max(this.#reached, tag);
    const flow = share.lanes[place.lane];
    share.reached = Math.max(share.reached, flow.tally.at(now, this.#usual));
    flow.waiting.shift();
    return this.#begin(share, place, now);
  }

  /** The slot is free again. */
  done(job: JobId, now: number): void {
    const run = this.#running.get(job);
    if (!run) return;
    this.#running.delete(job);
    const share = this.#shareOf(run.session, now);
    share.tally.end(job, now);
    share.lanes[run.lane].tally.end(job, now);
    if (!this.#levelled() && isIdle(share) && share.tally.at(now, this.#usual) <= this.#reached) this.#shares.delete(run.session);
  }

  /** To look ahead with. */
  copy(): Schedule {
    const copy = new Schedule(this.#slots, this.#rules);
    for (const [session, { tally, lanes, reached }] of this.#shares) {
      copy.#shares.set(session, { tally: tally.copy(), reached, lanes: { interactive: copyOf(lanes.interactive), batch: copyOf(lanes.batch) } });
    }
    copy.#underway.push(...this.#underway);
    for (const [job, run] of this.#running) copy.#running.set(job, run);
    for (const [job, order] of this.#order) copy.#order.set(job, order);
    copy.#entered = this.#entered;
    copy.#reached = this.#reached;
    copy.#usual = this.#usual;
    return copy;
  }

  #shareOf(session: string, now: number): Share {
    const share = this.#shares.get(session) ?? { tally: new Tally(), lanes: { interactive: newFlow(), batch: newFlow() }, reached: 0 };
    this.#shares.set(session, share);
    // One that comes back keeps what it has had beyond the others: leaving the line and coming again gains nothing.
    if (isIdle(share) && share.tally.at(now, this.#usual) < this.#reached) share.tally.raise(this.#reached);
    return share;
  }

  /** The job that a session would have next; of two lanes, the one that has had less of the session's time. */
  #candidate(share: Share, now: number): Candidate | null {
    if (share.tally.running >= (this.#rules.running ?? this.#slots)) return null;
    const [interactive] = share.lanes.interactive.waiting;
    const [batch] = share.lanes.batch.waiting;
    const both = interactive !== undefined && batch !== undefined;
    const place = both && share.lanes.batch.tally.at(now, this.#usual) < share.lanes.interactive.tally.at(now, this.#usual) ? batch : (interactive ?? batch);
    return place ? { share, place, tag: share.tally.at(now, this.#usual), order: this.#order.get(place.job) ?? 0 } : null;
  }

  /** Every slot at one session, while another waits that is as urgent: a run cannot be taken back to let it in. */
  #wouldHoldAll({ share, place }: Candidate, candidates: readonly Candidate[]): boolean {
    if (this.#slots === 1 || share.tally.running < this.#slots - 1) return false;
    return candidates.some((other) => other.share !== share && this.#weight(other.place) >= this.#weight(place));
  }

  #isBefore(a: Candidate, b: Candidate): boolean {
    if (a.tag !== b.tag) return a.tag < b.tag;
    const urgency = this.#weight(a.place) - this.#weight(b.place);
    return urgency === 0 ? a.order < b.order : urgency > 0;
  }

  #weight({ lane }: Place): number {
    return this.#rules.lanes[lane];
  }

  #begin(share: Share, place: Place, now: number): Place {
    this.#order.delete(place.job);
    this.#running.set(place.job, { ...place, started: now });
    share.tally.start(place.job, now, this.#weight(place));
    share.lanes[place.lane].tally.start(place.job, now, this.#weight(place));
    return place;
  }
}

function newFlow(): Flow {
  return { tally: new Tally(), waiting: [] };
}

function copyOf({ tally, waiting }: Flow): Flow {
  return { tally: tally.copy(), waiting: [...waiting] };
}

function isIdle({ tally, lanes }: Share): boolean {
  return tally.running + lanes.interactive.waiting.length + lanes.batch.waiting.length === 0;
}
