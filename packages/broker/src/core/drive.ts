// The drive: takes each job from where it stands on disk to its signed receipt, the same way after a restart as before.
import { DewarError, type JobId, type QueuePlace, type QueueView } from '@dewar/protocol';
import { dayOf } from './budget.ts';
import { GrantDesk, mint } from './grant.ts';
import type { Closing, Job, Queued, Running, Sending, Waiting } from './job.ts';
import { asInLine, Changes, Lines } from './line.ts';
import * as moves from './moves.ts';
import type { Move } from './moves.ts';
import { charge, orderFor, plainError } from './order.ts';
import { endedByDevice, resultBytes, withinLimit } from './outcome.ts';
import type { CorridorParts } from './parts.ts';
import type { Device, DeviceOutcome, Order, Transaction } from './ports.ts';
import { keepInput, lookAgain, standingsFor, verdictNow } from './recheck.ts';
import { beforeSend, courseAfter, lostUnasked, notSent, pauseAfter, safeguardsOf, type During } from './retry.ts';
import { receiptPredicate } from './statement.ts';

/** Ended jobs that are looked back on at the start, for how long a run takes. */
const lookedBack = 200;

export class Drive {
  readonly changes = new Changes();
  readonly #parts: CorridorParts;
  readonly #grants = new GrantDesk();
  readonly #lines: Lines;
  /** Jobs being driven; `again` when something happened to one meanwhile. */
  readonly #driving = new Map<JobId, { again: boolean; wake: () => void }>();
  readonly #aborts = new Map<JobId, AbortController>();
  /** Jobs of which nothing can have reached a device: their intent was written by this process, and no submit went out, or the device took none. */
  readonly #untouched = new Set<JobId>();
  readonly #progress = new Map<JobId, { done: number; total: number }>();
  #stopped = false;

  constructor(parts: CorridorParts) {
    this.#parts = parts;
    this.#lines = new Lines(parts);
  }

  /** Starts every job that has not ended. Called once, before the doors open. */
  async recover(): Promise<void> {
    const { view } = this.#parts.store;
    this.#lines.hold(await view.flag('frozen'));
    this.#lines.learn(await view.jobs({ phases: ['ended'], limit: lookedBack }));
    const open = await view.jobs({ phases: ['waiting', 'queued', 'sending', 'running', 'closing'] });
    for (const job of open.toSorted(asInLine)) this.start(job.id);
  }

  /** No further step is begun; what was committed is driven on at the next start. */
  stop(): void {
    this.#stopped = true;
  }

  /** The brake on every line. */
  hold(held: boolean): void {
    this.#lines.hold(held);
  }

  /** After a cancel: out of the line, or the device is told. */
  abandon(job: Job): void {
    this.#aborts.get(job.id)?.abort();
    this.#lines.of(job).leave(job.id);
  }

  progressOf(id: JobId): { done: number; total: number } | undefined {
    return this.#progress.get(id);
  }

  /** Undefined for a job that waits for no device, or is not in its line yet. */
  placeOf(job: Job): QueuePlace | undefined {
    return job.phase === 'queued' ? this.#lines.of(job).placeOf(job.id) : undefined;
  }

  queue(): QueueView[] {
    return this.#lines.view();
  }

  /** A move inside a transaction; whoever waits for the job is told once it is durable. */
  async move(tx: Transaction, before: Job | null, move: Move): Promise<Job> {
    await tx.move(before, move.after, move.moving, { first: move.first ?? [], then: move.then ?? [] });
    tx.afterCommit(() => this.changes.tell(move.after.id));
    return move.after;
  }

  start(id: JobId): void {
    const underway = this.#driving.get(id);
    if (underway) {
      underway.again = true;
      underway.wake();
    }
    if (underway || this.#stopped) return;
    const state = { again: false, wake: (): void => {} };
    this.#driving.set(id, state);
    void this.#drive(id, state).finally(() => {
      this.#driving.delete(id);
      // What came between the last look and now must not be slept through.
      if (state.again) this.start(id);
    });
  }

  /** Takes one job as far as it can go now. A failure of disk, clock or device is tried again; the state on disk says where. */
  async #drive(id: JobId, state: { wake: () => void }): Promise<void> {
    for (let attempt = 1; !this.#stopped; attempt += 1) {
      try {
        while (!this.#stopped && (await this.#step(id)));
        return;
      } catch (error) {
        if (this.#stopped) return;
        this.#parts.report(error, id);
        // Somebody who acts on the job, as by a cancel, does not wait out the pause.
        await new Promise<void>((resolve) => {
          const stop = this.#parts.clock.after(pauseAfter({ error, attempt, chance: this.#chance() }), resolve);
          state.wake = () => {
            stop();
            resolve();
          };
        });
        state.wake = () => {};
      }
    }
  }

  /** One step; false when there is nothing to do until somebody acts. */
  async #step(id: JobId): Promise<boolean> {
    const job = await this.#parts.store.view.job(id);
    switch (job?.phase) {
      case 'waiting':
        return this.#expire(job);
      case 'queued':
      case 'sending':
      case 'running': {
        const release = await this.#lines.enter(job);
        if (!release) return true;
        try {
          await this.#run(id);
        } finally {
          release();
        }
        return true;
      }
      case 'closing':
        await this.#signReceipt(job);
        return true;
      default:
        return false;
    }
  }

  async #expire(job: Waiting): Promise<boolean> {
    const left = Date.parse(job.expires) - this.#parts.clock.now();
    if (left > 0) {
      this.#parts.clock.after(Math.min(left, 2 ** 30), () => this.start(job.id));
      return false;
    }
    await this.#moveNow(job, moves.expired(job, this.#now()));
    return true;
  }

  /** With a slot of the device: grant → send → wait → settle. */
  async #run(id: JobId): Promise<void> {
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    let justGranted = false;
    try {
      for (let going = true; going && !this.#stopped; ) {
        const job = await this.#parts.store.view.job(id);
        if (job?.phase === 'queued') going = justGranted = await this.#grant(job);
        else if (job?.phase === 'sending') {
          going = await this.#send(job, justGranted);
          justGranted = false;
        } else if (job?.phase === 'running') await this.#await(job, abort);
        else return;
      }
    } finally {
      this.#aborts.delete(id);
      this.#progress.delete(id);
    }
  }

  /** What was true at the decision must still be true: same resolved job, same yes, policy once more. False: not granted. */
  async #grant(job: Queued): Promise<boolean> {
    const { store, clock, random, sha256 } = this.#parts;
    if (await store.view.flag('frozen')) return false;
    const looked = await lookAgain(this.#parts, job);
    const minted = mint(job, clock.now(), random, sha256);
    const granted = await store.commit(async (tx) => {
      const current = await tx.job(job.id);
      // The brake holds a job, it does not end it.
      if (current?.phase !== 'queued' || (await tx.flag('frozen'))) return false;
      const verdict = await verdictNow(this.#parts, current, looked, tx);
      if ('decision' in verdict) {
        await keepInput(tx, verdict, sha256);
        await this.move(tx, current, moves.sending(current, minted.grant, verdict.decision));
        return true;
      }
      if (current.reserved) await tx.settle(job.id, { ...current.reserved, micros: 0 });
      await this.move(tx, current, moves.grantRefused(current, verdict.refused, this.#now()));
      return false;
    });
    if (granted) {
      this.#grants.issue(minted);
      this.#untouched.add(job.id);
    }
    return granted;
  }

  /**
   * The intent is on disk. The device is asked first whether it has the job: each key reaches it once (invariant 5). Null is proof that
   * it has not, and that nothing is charged: then a cancel, a no, a dearer price or the brake that came since still count. A device that
   * cannot be asked is sent to again only where no second job can come of it.
   */
  async #send(job: Sending, justGranted: boolean): Promise<boolean> {
    const device = this.#device(job);
    const safeguards = safeguardsOf(device, job);
    let during: During = 'find';
    let providerJobId: string;
    try {
      const untouched = this.#untouched.has(job.id);
      if (beforeSend(safeguards, untouched) === 'lost') throw lostUnasked(job);
      const known = device.find === null ? null : await device.find(job.idempotency_key);
      if (known === null && !justGranted && (await this.#parts.store.view.flag('frozen'))) return false;
      const unsent = known === null ? await this.#whyNotSend(job, justGranted) : null;
      if (unsent) {
        if (device.find === null && !untouched) throw lostUnasked(job);
        await this.#settleAndMove(job, (current) => moves.unsent(current, unsent, this.#now()));
        return true;
      }
      const token = this.#grants.tokenOf(job.grant);
      if (token === null) return await this.#regrant(job);
      during = 'submit';
      this.#untouched.delete(job.id);
      providerJobId = known ?? (await device.submit(this.#order(job, token)));
    } catch (error) {
      if (during === 'submit' && notSent(error)) this.#untouched.add(job.id);
      const course = courseAfter({ during, error, safeguards });
      if (course.kind !== 'end') throw error;
      const told = error instanceof DewarError && (error.code === 'device_refused' || error.code === 'device_lost') ? error : lostUnasked(job, error);
      await this.#settleAndMove(job, (current) => moves.refusedByDevice(current, plainError(told.toBody()), charge(job.reserved, course.charged), this.#now()));
      return true;
    }
    await this.#moveNow(job, (current) => moves.answered(current, providerJobId));
    return true;
  }

  async #whyNotSend(job: Sending, justGranted: boolean): Promise<moves.Unsent | null> {
    if (job.cancel !== null) return { kind: 'cancelled', by: job.cancel };
    if (justGranted) return null;
    const verdict = await verdictNow(this.#parts, job, await lookAgain(this.#parts, job), this.#parts.store.view);
    return 'refused' in verdict ? { kind: 'denied', by: 'grant', reasons: verdict.refused } : null;
  }

  /** The token was spent, or died with an earlier process: the job goes on under a new grant. */
  async #regrant(job: Sending | Running): Promise<boolean> {
    const minted = mint(job, this.#parts.clock.now(), this.#parts.random, this.#parts.sha256);
    this.#grants.revoke(job.grant);
    await this.#moveNow(job, (current) => moves.regranted(current, minted.grant));
    this.#grants.issue(minted);
    return true;
  }

  async #await(job: Running, abort: AbortController): Promise<void> {
    const token = this.#grants.tokenOf(job.grant);
    if (token === null) {
      await this.#regrant(job);
      return;
    }
    if (job.cancel !== null) abort.abort();
    const outcome = await this.#outcome(job, token, abort);
    if (!this.#stopped) await this.#settle(job, outcome);
  }

  /** A device that has lost the job ends it: what it charged is unknown. */
  async #outcome(job: Running, token: string, abort: AbortController): Promise<DeviceOutcome> {
    const device = this.#device(job);
    try {
      return await device.wait(job.provider_job_id, this.#order(job, token), abort.signal);
    } catch (error) {
      const course = courseAfter({ during: 'wait', error, safeguards: safeguardsOf(device, job) });
      if (course.kind !== 'end' || !(error instanceof DewarError)) throw error;
      return { kind: 'failed', error: error.toBody(), output: '', charged: course.charged };
    }
  }

  async #settle(job: Running, given: DeviceOutcome): Promise<void> {
    const { artifacts } = this.#parts;
    const outcome = withinLimit(given);
    this.#grants.revoke(job.grant);
    this.#lines.of(job).took(this.#parts.clock.now() - Date.parse(job.grant.issued));
    const output = await artifacts.put(new TextEncoder().encode(outcome.output));
    const results = outcome.kind === 'completed' ? await artifacts.put(resultBytes(outcome)) : null;
    await this.#settleAndMove(job, (current, budgets) => moves.runEnded(current, {
      budgets, output, charged: charge(current.reserved, outcome.charged),
      outcome: results ? { kind: 'completed', results } : outcome.kind === 'failed' ? { kind: 'failed', error: plainError(outcome.error) } : endedByDevice(current),
    }, this.#now()));
  }

  async #signReceipt(job: Closing): Promise<void> {
    this.#untouched.delete(job.id);
    const { store, artifacts, signer, version } = this.#parts;
    const envelope = job.under && (await store.view.envelope(job.under.envelope));
    const predicate = receiptPredicate(job, { head: await store.view.head(), events: await store.view.jobEvents(job.id), version, envelope });
    const receipt = await artifacts.put(await signer.sign(predicate));
    await this.#moveNow(job, (current) => moves.signed(current, receipt));
  }

  #order(job: Sending | Running, token: string): Order {
    return orderFor(this.#parts, job, token, {
      spend: (presented) => this.#grants.redeem(presented, job.grant, this.#parts.clock.now(), this.#parts.sha256),
      onProgress: (done, total) => {
        this.#progress.set(job.id, { done, total });
        this.changes.tell(job.id);
      },
    });
  }

  #device(job: Job): Device {
    const device = this.#parts.backends.devices.get(job.resolved.device.name);
    if (!device) throw new DewarError({ code: 'backend_unknown', message: `the device ${job.resolved.device.name} is no longer configured, and has a job of ours`, fix: 'put it back into backends.json and start the broker again' });
    return device;
  }

  /** Moves if nothing moved the job since it was read; else does nothing, and the next step sees what is. */
  async #moveNow<J extends Job>(job: J, make: Move | ((current: J) => Move)): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      const current = await tx.job(job.id);
      if (current?.phase !== job.phase) return;
      await this.move(tx, current, typeof make === 'function' ? make(current as J) : make);
    });
  }

  async #settleAndMove<J extends Sending | Running>(job: J, make: (current: J, budgets: readonly string[]) => Move<Closing>): Promise<void> {
    this.#grants.revoke(job.grant);
    await this.#parts.store.commit(async (tx) => {
      const current = await tx.job(job.id);
      if (current?.phase !== job.phase) return;
      const standings = await standingsFor(this.#parts, job.resolved, job.session, tx, dayOf(this.#now()));
      const budgets = standings.map(({ budget }) => budget);
      const move = make(current as J, budgets.map(({ id }) => id));
      const { cost } = move.after;
      if (cost !== null && cost !== 'unknown') {
        await tx.settle(job.id, cost);
        if (job.reserved && cost.micros > job.reserved.micros) for (const budget of budgets) await tx.putBudget({ ...budget, frozen: true });
      }
      await this.move(tx, current, move);
    });
  }

  #chance(): number {
    return (this.#parts.random.bytes(1)[0] ?? 0) / 256;
  }

  #now(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}
