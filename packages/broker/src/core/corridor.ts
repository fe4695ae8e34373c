// The corridor: the one way from submitted bytes to a signed receipt. Here: what sessions and people ask for; the rest of the way is drive.ts.
import { DewarError, hex, limits as specLimits, makeId, parseJson, parseSpec, type Decision, type Digest, type JobId, type JobSpec, type Money, type Reason } from '@dewar/protocol';
import { assess, resolveData, type Assessment } from './assess.ts';
import { dayOf, reserveRefusal } from './budget.ts';
import { Drive } from './drive.ts';
import type { Job, Waiting } from './job.ts';
import type { Changes } from './line.ts';
import * as moves from './moves.ts';
import type { Move } from './moves.ts';
import type { CorridorParts } from './parts.ts';
import type { StoredSession, Transaction, View } from './ports.ts';
import { askFor, coverReason, Envelopes, outsideReason, type Cover } from './envelopes.ts';
import { decideNow } from './recheck.ts';

/** Jobs of one session that have not ended. */
const mostPending = 20;

export class Corridor {
  readonly envelopes: Envelopes;
  readonly #parts: CorridorParts;
  readonly #drive: Drive;

  constructor(parts: CorridorParts) {
    this.#parts = parts;
    this.#drive = new Drive(parts);
    this.envelopes = new Envelopes(parts, this.#drive.changes);
  }

  /** Tells of jobs that changed. */
  get changes(): Changes {
    return this.#drive.changes;
  }

  /** Drives every job that has not ended. Called once, before the doors open. */
  recover(): Promise<void> {
    return this.#drive.recover();
  }

  stop(): void {
    this.#drive.stop();
  }

  progressOf(id: JobId): { done: number; total: number } | undefined {
    return this.#drive.progressOf(id);
  }

  /** bytes → parse → resolve → facts → quote → decide, and the decision is on disk when this resolves. */
  async submit(bytes: Uint8Array, session: StoredSession): Promise<{ job: Job } | { dryRun: Assessment; decision: Decision }> {
    const spec = parseSpec(parseJson(bytes, { bytes: specLimits.spec_bytes, depth: 16 }));
    const { store, artifacts, dataFiles } = this.#parts;
    const data = await resolveData(spec, session, artifacts, dataFiles);
    const assessed = await assess(spec, data, this.#parts, store.view);
    if (spec.dry_run === true) return { dryRun: assessed, decision: (await this.#decide(spec, assessed, session, store.view)).decision };

    const job = await store.commit(async (tx) => {
      if ((await tx.openJobs(session.name)) >= mostPending) throw tooMany();
      return this.#drive.move(tx, null, await this.#enter(tx, spec, assessed, session, await this.#decide(spec, assessed, session, tx)));
    });
    this.#drive.start(job.id);
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
      return this.#drive.move(tx, waiting, reason ? moves.overBudget(waiting, approval, reason, at) : moves.approved(waiting, approval, amount, dayOf(at)));
    });
    this.#drive.start(id);
    return job;
  }

  async deny(id: JobId, why: string): Promise<Job> {
    const job = await this.#parts.store.commit(async (tx) => {
      const waiting = await this.#waiting(tx, id);
      return this.#drive.move(tx, waiting, moves.deniedByPerson(waiting, why, this.#now()));
    });
    this.#drive.start(id);
    return job;
  }

  async cancel(id: JobId, by: 'session' | 'person'): Promise<Job> {
    const job = await this.#parts.store.commit(async (tx) => {
      const found = await tx.job(id);
      if (!found) throw unknownJob(id);
      if (found.phase === 'waiting' || found.phase === 'queued') {
        if (found.phase === 'queued' && found.reserved) await tx.settle(id, { ...found.reserved, micros: 0 });
        return this.#drive.move(tx, found, moves.cancelled(found, by, this.#now()));
      }
      if (found.phase !== 'sending' && found.phase !== 'running') throw new DewarError({ code: 'already_ended', message: `job ${id} has ended`, got: found.outcome.kind });
      return found.cancel === null ? this.#drive.move(tx, found, moves.cancelAsked(found, by)) : found;
    });
    this.#drive.abandon(job);
    this.#drive.start(id);
    return job;
  }

  /** The brake: nothing new is granted until it is released; what runs goes on. */
  async freeze(frozen: boolean, why: string): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      if ((await tx.flag('frozen')) === frozen) return;
      await tx.setFlag('frozen', frozen);
      await tx.append({ type: frozen ? 'broker.frozen' : 'broker.thawed', body: { summary: why } });
    });
    this.#drive.hold(frozen);
  }

  /** After an overrun a person has looked: money may be reserved again. */
  async thawBudget(why: string): Promise<void> {
    await this.#parts.store.commit(async (tx) => {
      if (!(await tx.flag('budget_frozen'))) return;
      await tx.setFlag('budget_frozen', false);
      await tx.append({ type: 'budget.thawed', body: { summary: why } });
    });
  }

  /** The policy's decision; where it asks and the spec names an envelope, with what that says. */
  async #decide(spec: JobSpec, assessed: Assessment, session: StoredSession, view: View): Promise<Decided> {
    const now = this.#parts.clock.now();
    const decision = await decideNow(this.#parts, { spec, assessed, session, own: null }, view);
    const cover = await this.envelopes.cover({ spec, assessed, session, decision, now }, view);
    if (cover === null || decision.effect !== 'ask') return { decision, cover: null, now };
    const reason = 'under' in cover ? coverReason(cover) : outsideReason(cover);
    return { decision: { ...decision, reasons: [...decision.reasons, reason] }, cover, now };
  }

  async #enter(tx: Transaction, spec: JobSpec, assessed: Assessment, session: StoredSession, { decision, cover, now }: Decided): Promise<Move> {
    const { random } = this.#parts;
    const at = new Date(now).toISOString();
    const { facts, quote, resolved, resolved_digest, spec_digest, program_digest } = assessed;
    const job = {
      id: makeId('job', now, random.bytes(7)), session: { id: session.id, name: session.name, containment: session.containment }, created: at,
      spec, spec_digest, program_digest, resolved, resolved_digest, facts, quote, decision,
    };
    if (decision.effect === 'deny') return moves.refused(job, at);
    const under = cover !== null && 'under' in cover ? cover : null;
    if (decision.effect === 'ask' && under === null) return moves.asked(job, hex(random.bytes(16)), new Date(now + askFor).toISOString());
    const reason = await this.#reserve(tx, job.id, resolved.amount, at);
    if (reason) return moves.overBudgetAtOnce(job, reason, at);
    return under === null ? moves.allowed(job, resolved.amount, dayOf(at)) : moves.covered(job, under.under, under.used, resolved.amount, dayOf(at));
  }

  /** Reserves the whole amount, or says why not (invariant 4). Nothing is reserved for a free run. */
  async #reserve(tx: Transaction, id: JobId, amount: Money | null, at: string): Promise<Reason | null> {
    if (!amount) return null;
    const { budget } = this.#parts;
    const reason = reserveRefusal(amount, budget, await tx.dayTotals(dayOf(at), budget.currency), await tx.flag('budget_frozen'));
    if (!reason) await tx.reserve(id, dayOf(at), amount);
    return reason;
  }

  async #waiting(view: View, id: JobId): Promise<Waiting> {
    const job = await view.job(id);
    if (!job) throw unknownJob(id);
    if (job.phase !== 'waiting') throw new DewarError({ code: 'not_waiting', message: `job ${id} does not wait for a person`, got: job.phase, fix: '`dewar pending` lists those that do' });
    return job;
  }

  #now(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}

interface Decided {
  readonly decision: Decision;
  /** Null where the policy does not ask, or no envelope was named. */
  readonly cover: Cover | null;
  /** When it was looked at, and the job's `created`: one reading, or an envelope could end between the two. */
  readonly now: number;
}

function tooMany(): DewarError {
  return new DewarError({ code: 'too_many_pending', message: 'too many jobs of this session have not ended', allowed: `at most ${mostPending}`, fix: 'wait for some to end, or cancel them' });
}

export function unknownJob(id: string): DewarError {
  return new DewarError({ code: 'not_found', message: 'no such job', got: id, fix: 'GET /v1/jobs lists yours, and so does dewar jobs' });
}
