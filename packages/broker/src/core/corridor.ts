// The corridor: the one way from submitted bytes to a signed receipt, and the same code when the broker restarts in the middle.
import { canonicalJson, DewarError, hex, limits as specLimits, makeId, parseJson, parseSpec, type Digest, type JobId, type JobSpec, type Json, type Money, type Reason } from '@dewar/protocol';
import { assess, resolveData, type Assessment } from './assess.ts';
import { dayOf, reserveRefusal } from './budget.ts';
import { GrantDesk, mint } from './grant.ts';
import type { Closing, Job, Queued, Running, Sending, Waiting } from './job.ts';
import { asInLine, Changes, DeviceLine } from './line.ts';
import * as moves from './moves.ts';
import type { Move } from './moves.ts';
import { charge, orderFor, plainError } from './order.ts';
import type { CorridorParts } from './parts.ts';
import type { Device, DeviceOutcome, Order, StoredSession, Transaction, View } from './ports.ts';
import { decideNow, refusalAtGrant } from './recheck.ts';
import { receiptPredicate } from './statement.ts';

/** Jobs of one session that have not ended. */
export const mostPending = 20;
/** How long a person may take to answer, milliseconds. */
export const askFor = 24 * 3600_000;

export class Corridor {
  readonly changes = new Changes();
  readonly #parts: CorridorParts;
  readonly #grants = new GrantDesk();
  readonly #lines = new Map<string, DeviceLine>();
  #held = false;
  /** Jobs being driven; `again` when something happened to one meanwhile. */
  readonly #driving = new Map<JobId, { again: boolean }>();
  readonly #aborts = new Map<JobId, AbortController>();
  readonly #progress = new Map<JobId, { done: number; total: number }>();
  #stopped = false;

  constructor(parts: CorridorParts) {
    this.#parts = parts;
  }

  /** Drives every job that has not ended. Called once, before the doors open. */
  async recover(): Promise<void> {
    this.#held = await this.#parts.store.view.flag('frozen');
    const open = await this.#parts.store.view.jobs({ phases: ['waiting', 'queued', 'sending', 'running', 'closing'] });
    // As they stood in line: what a device has already, then by when they were cleared.
    for (const job of open.toSorted(asInLine)) this.#start(job.id);
  }

  /** bytes → parse → resolve → facts → quote → decide, and the decision is on disk when this resolves. */
  async submit(bytes: Uint8Array, session: StoredSession): Promise<{ job: Job } | { dryRun: Assessment; decision: Job['decision'] }> {
    const spec = parseSpec(parseJson(bytes, { bytes: specLimits.spec_bytes, depth: 16 }));
    const { store, artifacts, dataFiles } = this.#parts;
    const data = await resolveData(spec, session, artifacts, dataFiles);
    const assessed = await assess(spec, data, this.#parts, store.view);
    if (spec.dry_run === true) return { dryRun: assessed, decision: await decideNow(this.#parts, { spec, assessed, session, own: null }, store.view) };

    const job = await store.commit(async (tx) => {
      if ((await tx.openJobs(session.name)) >= mostPending) throw tooMany();
      const decision = await decideNow(this.#parts, { spec, assessed, session, own: null }, tx);
      return this.#move(tx, null, await this.#enter(tx, spec, assessed, session, decision));
    });
    this.#start(job.id);
    return { job };
  }

  /** A person's yes. It must repeat what was shown: the resolved job's digest and the nonce. */
  async approve(id: JobId, shown: { readonly resolved_digest: Digest; readonly nonce: string }): Promise<Job> {
    const { store, clock, random } = this.#parts;
    const job = await store.commit(async (tx) => {
      const waiting = await this.#waiting(tx, id);
      if (await tx.flag('frozen')) throw new DewarError({ code: 'frozen', message: 'the brake is on: nothing can be approved', fix: '`dewar thaw` first' });
      const now = clock.now();
      if (now >= Date.parse(waiting.expires)) throw new DewarError({ code: 'approval_expired', message: `the question expired at ${waiting.expires}`, fix: 'the agent submits it again' });
      if (shown.resolved_digest !== waiting.resolved_digest || shown.nonce !== waiting.nonce) {
        throw new DewarError({ code: 'approval_stale', message: 'the yes does not repeat the digest and nonce of what waits', fix: `look again: dewar pending, then dewar approve ${id}` });
      }
      const at = new Date(now).toISOString();
      const approval = { id: makeId('apr', now, random.bytes(7)), at, resolved_digest: waiting.resolved_digest };
      const { amount } = waiting.resolved;
      const reason = await this.#reserve(tx, id, amount, at);
      return this.#move(tx, waiting, reason ? moves.overBudget(waiting, approval, reason, at) : moves.approved(waiting, approval, amount, dayOf(at)));
    });
    this.#start(id);
    return job;
  }

  async deny(id: JobId, why: string): Promise<Job> {
    const job = await this.#parts.store.commit(async (tx) => {
      const waiting = await this.#waiting(tx, id);
      return this.#move(tx, waiting, moves.deniedByPerson(waiting, why, this.#now()));
    });
    this.#start(id);
    return job;
  }

  async cancel(id: JobId, by: 'session' | 'person'): Promise<Job> {
    const job = await this.#parts.store.commit(async (tx) => {
      const found = await tx.job(id);
      if (!found) throw unknownJob(id);
      if (found.phase === 'waiting' || found.phase === 'queued') {
        if (found.phase === 'queued' && found.reserved) await tx.settle(id, { ...found.reserved, micros: 0 });
        return this.#move(tx, found, moves.cancelled(found, by, this.#now()));
      }
      if (found.phase !== 'sending' && found.phase !== 'running') throw new DewarError({ code: 'already_ended', message: `job ${id} has ended`, got: found.outcome.kind });
      return found.cancel === null ? this.#move(tx, found, moves.cancelAsked(found, by)) : found;
    });
    this.#aborts.get(id)?.abort();
    this.#line(job).leave(id);
    this.#start(id);
    return job;
  }

  /** The brake: nothing new is granted until it is released; what runs goes on. */
  async freeze(frozen: boolean, why: string): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      if ((await tx.flag('frozen')) === frozen) return;
      await tx.setFlag('frozen', frozen);
      await tx.append({ type: frozen ? 'broker.frozen' : 'broker.thawed', body: { summary: why } });
    });
    this.#held = frozen;
    for (const line of this.#lines.values()) line.hold(frozen);
  }

  /** After an overrun a person has looked: money may be reserved again. */
  async thawBudget(why: string): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      if (!(await tx.flag('budget_frozen'))) return;
      await tx.setFlag('budget_frozen', false);
      await tx.append({ type: 'budget.thawed', body: { summary: why } });
    });
  }

  progressOf(id: JobId): { done: number; total: number } | undefined {
    return this.#progress.get(id);
  }

  /** No further step is begun; what was committed is driven on at the next start. */
  stop(): void {
    this.#stopped = true;
  }

  async #enter(tx: Transaction, spec: JobSpec, assessed: Assessment, session: StoredSession, decision: Job['decision']): Promise<Move> {
    const { clock, random } = this.#parts;
    const now = clock.now();
    const at = new Date(now).toISOString();
    const { facts, quote, resolved, resolved_digest, spec_digest, program_digest } = assessed;
    const job = {
      id: makeId('job', now, random.bytes(7)), session: { id: session.id, name: session.name, containment: session.containment }, created: at,
      spec, spec_digest, program_digest, resolved, resolved_digest, facts, quote, decision,
    };
    if (decision.effect === 'deny') return moves.refused(job, at);
    if (decision.effect === 'ask') return moves.asked(job, hex(random.bytes(16)), new Date(now + askFor).toISOString());
    const reason = await this.#reserve(tx, job.id, resolved.amount, at);
    return reason ? moves.overBudgetAtOnce(job, reason, at) : moves.allowed(job, resolved.amount, dayOf(at));
  }

  /** Reserves the whole amount, or says why not (invariant 4). Nothing is reserved for a free run. */
  async #reserve(tx: Transaction, id: JobId, amount: Money | null, at: string): Promise<Reason | null> {
    if (!amount) return null;
    const { budget } = this.#parts;
    const reason = reserveRefusal(amount, budget, await tx.dayTotals(dayOf(at), budget.currency), await tx.flag('budget_frozen'));
    if (!reason) await tx.reserve(id, dayOf(at), amount);
    return reason;
  }

  #start(id: JobId): void {
    const underway = this.#driving.get(id);
    if (underway) underway.again = true;
    if (underway || this.#stopped) return;
    const state = { again: false };
    this.#driving.set(id, state);
    void this.#drive(id, 1).finally(() => {
      this.#driving.delete(id);
      // What came between the last look and now must not be slept through.
      if (state.again) this.#start(id);
    });
  }

  /** Takes one job as far as it can go now. A failure of storage or clock is tried again; the state on disk says where. */
  async #drive(id: JobId, attempt: number): Promise<void> {
    try {
      for (let going = true; going && !this.#stopped; ) going = await this.#step(id);
    } catch (error) {
      if (this.#stopped) return;
      this.#parts.report(error, id);
      await new Promise<void>((resolve) => this.#parts.clock.after(Math.min(1000 * 2 ** attempt, 60_000), resolve));
      await this.#drive(id, attempt + 1);
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
        const release = await this.#line(job).enter(id, job.phase === 'running');
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
      this.#parts.clock.after(Math.min(left, 2 ** 30), () => this.#start(job.id));
      return false;
    }
    await this.#moveNow(job, moves.expired(job, this.#now()));
    return true;
  }

  /** With a slot of the device: reserve is done, so grant → send → wait → settle. */
  async #run(id: JobId): Promise<void> {
    let token: string | null = null;
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    try {
      while (!this.#stopped) {
        const job = await this.#parts.store.view.job(id);
        if (job?.phase === 'queued') {
          // Pulled since it left the line: back into it.
          if (await this.#parts.store.view.flag('frozen')) return;
          token = await this.#grant(job);
        } else if (job?.phase !== 'sending' && job?.phase !== 'running') return;
        else if (token === null) token = await this.#regrant(job);
        else if (job.phase === 'sending') await this.#send(job, token);
        else await this.#await(job, token, abort);
      }
    } finally {
      this.#aborts.delete(id);
      this.#progress.delete(id);
    }
  }

  /** What was true at the decision must still be true: same resolved job, same yes, policy once more. */
  async #grant(job: Queued): Promise<string | null> {
    const { store, clock, random, sha256 } = this.#parts;
    const refused = await refusalAtGrant(this.#parts, job);
    const minted = mint(job, clock.now(), random, sha256);
    const moved = await store.commit(async (tx) => {
      const current = await tx.job(job.id);
      // The brake holds a job, it does not end it.
      if (current?.phase !== 'queued' || (await tx.flag('frozen'))) return false;
      if (refused === null) {
        await this.#move(tx, current, moves.sending(current, minted.grant));
        return true;
      }
      if (current.reserved) await tx.settle(job.id, { ...current.reserved, micros: 0 });
      await this.#move(tx, current, moves.grantRefused(current, refused, this.#now()));
      return false;
    });
    if (!moved) return null;
    this.#grants.issue(minted.grant);
    return minted.token;
  }

  async #regrant(job: Sending | Running): Promise<string> {
    const minted = mint(job, this.#parts.clock.now(), this.#parts.random, this.#parts.sha256);
    await this.#moveNow(job, moves.regranted(job, minted.grant));
    this.#grants.issue(minted.grant);
    return minted.token;
  }

  /** The intent is on disk. Asked first whether it has it already, the device gets each key once (invariant 5). */
  async #send(job: Sending, token: string): Promise<void> {
    const device = this.#device(job);
    const order = this.#order(job, token);
    let providerJobId: string;
    try {
      providerJobId = (await device.find(job.idempotency_key)) ?? (await device.submit(order));
    } catch (error) {
      if (!(error instanceof DewarError) || error.code !== 'device_refused') throw error;
      this.#grants.revoke(job.grant);
      await this.#settleAndMove(job, () => moves.refusedByDevice(job, plainError(error.toBody()), this.#now()));
      return;
    }
    await this.#moveNow(job, (current) => moves.answered(current, providerJobId));
  }

  async #await(job: Running, token: string, abort: AbortController): Promise<void> {
    if (job.cancel !== null) abort.abort();
    const outcome = await this.#device(job).wait(job.provider_job_id, this.#order(job, token), abort.signal);
    if (!this.#stopped) await this.#settle(job, outcome);
  }

  async #settle(job: Running, outcome: DeviceOutcome): Promise<void> {
    const { artifacts } = this.#parts;
    this.#grants.revoke(job.grant);
    const output = await artifacts.put(new TextEncoder().encode(outcome.output));
    const results = outcome.kind === 'completed' ? await artifacts.put(new TextEncoder().encode(canonicalJson(outcome.results as unknown as Json))) : null;
    await this.#settleAndMove(job, (current) => moves.runEnded(current, {
      output, charged: charge(current.reserved, outcome.charged),
      outcome: results ? { kind: 'completed', results } : outcome.kind === 'failed' ? { kind: 'failed', error: plainError(outcome.error) } : { kind: 'cancelled', by: current.cancel ?? 'person' },
    }, this.#now()));
  }

  async #signReceipt(job: Closing): Promise<void> {
    const { store, artifacts, signer, version } = this.#parts;
    const predicate = receiptPredicate(job, { head: await store.view.head(), events: await store.view.jobEvents(job.id), version });
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

  /** A device that is no longer configured has a line too: what queues in it is refused at the grant. */
  #line(job: Job): DeviceLine {
    const { name } = job.resolved.device;
    const line = this.#lines.get(name) ?? new DeviceLine(this.#parts.backends.devices.get(name)?.slots ?? 1, this.#held);
    this.#lines.set(name, line);
    return line;
  }

  #device(job: Job): Device {
    const device = this.#parts.backends.devices.get(job.resolved.device.name);
    if (!device) throw new DewarError({ code: 'device_lost', message: `the device ${job.resolved.device.name} is no longer configured`, fix: 'put it back into backends.json and start the broker again' });
    return device;
  }

  async #waiting(view: View, id: JobId): Promise<Waiting> {
    const job = await view.job(id);
    if (!job) throw unknownJob(id);
    if (job.phase !== 'waiting') throw new DewarError({ code: 'not_waiting', message: `job ${id} does not wait for a person`, got: job.phase, fix: '`dewar pending` lists those that do' });
    return job;
  }

  /** Moves if nothing moved the job since it was read; else does nothing, and the next step sees what is. */
  async #moveNow<J extends Job>(job: J, make: Move | ((current: J) => Move)): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      const current = await tx.job(job.id);
      if (current?.phase !== job.phase) return;
      await this.#move(tx, current, typeof make === 'function' ? make(current as J) : make);
    });
  }

  async #settleAndMove<J extends Sending | Running>(job: J, make: (current: J) => Move<Closing>): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      const current = await tx.job(job.id);
      if (current?.phase !== job.phase) return;
      const move = make(current as J);
      const { cost } = move.after;
      if (cost !== null && cost !== 'unknown') {
        await tx.settle(job.id, cost);
        if (job.reserved && cost.micros > job.reserved.micros) await tx.setFlag('budget_frozen', true);
      }
      await this.#move(tx, current, move);
    });
  }

  async #move(tx: Transaction, before: Job | null, move: Move): Promise<Job> {
    await tx.move(before, move.after, move.moving, { first: move.first ?? [], then: move.then ?? [] });
    tx.afterCommit(() => this.changes.tell(move.after.id));
    return move.after;
  }

  #now(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}

function tooMany(): DewarError {
  return new DewarError({ code: 'too_many_pending', message: 'too many jobs of this session have not ended', allowed: `at most ${mostPending}`, fix: 'wait for some to end, or cancel them' });
}

export function unknownJob(id: string): DewarError {
  return new DewarError({ code: 'not_found', message: 'no such job', got: id, fix: '`dewar jobs` lists yours' });
}
