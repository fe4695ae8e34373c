// The corridor: the one way from submitted bytes to a signed receipt. Here: what sessions and people ask for; the rest of the way is drive.ts.
import { DewarError, hex, limits as specLimits, makeId, parseJson, parseSpec, type Decision, type Digest, type JobId, type JobSpec, type QueuePlace, type QueueView, type Reason } from '@dewar/protocol';
import { assess, resolveData, type Assessment, type Sized } from './assess.ts';
import { dayOf, payerOf, reserveRefusal, warningsOf } from './budget.ts';
import { Budgets } from './budgets.ts';
import { Drive } from './drive.ts';
import { sessionRef, type Job, type Waiting } from './job.ts';
import type { Changes } from './line.ts';
import * as moves from './moves.ts';
import type { Move } from './moves.ts';
import type { CorridorParts } from './parts.ts';
import { SubmitRates } from './submit-rates.ts';
import type { StoredSession, Transaction, View } from './ports.ts';
import { askFor, coverReason, Envelopes, outsideReason, type Cover } from './envelopes.ts';
import { decideNow, keepInput, standingsFor, underOnePolicy, type Answer } from './recheck.ts';

/** Jobs of one session that have not ended. */
const mostPending = 20;

export class Corridor {
  readonly envelopes: Envelopes;
  readonly budgets: Budgets;
  readonly #parts: CorridorParts;
  readonly #drive: Drive;
  readonly #rates: SubmitRates;

  constructor(parts: CorridorParts) {
    this.#parts = parts;
    this.#drive = new Drive(parts);
    this.#rates = new SubmitRates(parts.queue.submits, parts.clock);
    this.envelopes = new Envelopes(parts, this.#drive.changes, this.#rates);
    this.budgets = new Budgets(parts);
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

  placeOf(job: Job): QueuePlace | undefined {
    return this.#drive.placeOf(job);
  }

  /** The line of each device. */
  queue(): QueueView[] {
    return this.#drive.queue();
  }

  /** bytes → parse → resolve → facts → quote → decide, and the decision is on disk when this resolves. */
  async submit(bytes: Uint8Array, session: StoredSession): Promise<{ job: Job } | { dryRun: Assessment; decision: Decision }> {
    this.#rates.take(session.name);
    const spec = parseSpec(parseJson(bytes, { bytes: specLimits.spec_bytes, depth: 16 }));
    await this.#weigh(session.name, spec.code_blob);
    const { artifacts, dataFiles } = this.#parts;
    const data = await resolveData(spec, session, artifacts, dataFiles);
    return underOnePolicy(() => this.#submit(spec, data, session));
  }

  async #submit(spec: JobSpec, data: readonly Sized[], session: StoredSession): Promise<{ job: Job } | { dryRun: Assessment; decision: Decision }> {
    const { store } = this.#parts;
    const assessed = await assess(spec, data, this.#parts, store.view);
    if (spec.dry_run === true) return { dryRun: assessed, decision: (await this.#decide(spec, assessed, session, store.view)).decision };

    const job = await store.commit(async (tx) => {
      if ((await tx.openJobs(session.name)) >= mostPending) throw tooMany();
      const decided = await this.#decide(spec, assessed, session, tx);
      await keepInput(tx, decided.answer, this.#parts.sha256);
      return this.#drive.move(tx, null, await this.#enter(tx, spec, assessed, session, decided));
    });
    this.#drive.start(job.id);
    return { job };
  }

  /** Before a program is read for a session that only asks about it. Throws `rate_limited`. */
  async pace(session: string, code: Digest): Promise<void> {
    this.#rates.take(session);
    await this.#weigh(session, code);
  }

  async #weigh(session: string, code: Digest): Promise<void> {
    this.#rates.weigh(session, (await this.#parts.artifacts.get(code)).length);
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
      if (waiting.resolved.policy !== this.#parts.policy.digest) {
        throw new DewarError({ code: 'approval_stale', message: 'the policy has changed since this was asked: a yes would be refused at the grant', fix: `dewar deny ${id} --reason "another policy"; the agent submits it again` });
      }
      const at = new Date(now).toISOString();
      const approval = { id: makeId('apr', now, random.bytes(7)), at, resolved_digest: waiting.resolved_digest };
      const reserved = await this.#reserve(tx, waiting, at);
      return this.#drive.move(tx, waiting, 'refused' in reserved ? moves.overBudget(waiting, approval, reserved.refused, at) : moves.approved(waiting, approval, reserved));
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
      return found.cancel === null ? this.#drive.move(tx, found, moves.cancelAsked(found, by)) : null;
    });
    // Asked for again: a device that is being waited for is not asked any sooner by it.
    if (job === null) return (await this.#parts.store.view.job(id)) ?? Promise.reject(unknownJob(id));
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

  /** The policy's decision; where it asks and the spec names an envelope, with what that says. */
  async #decide(spec: JobSpec, assessed: Assessment, session: StoredSession, view: View): Promise<Decided> {
    const now = this.#parts.clock.now();
    const answer = await decideNow(this.#parts, { spec, assessed, session, own: null, now }, view);
    const { decision } = answer;
    const cover = await this.envelopes.cover({ spec, assessed, session, decision, now }, view);
    if (cover === null || decision.effect !== 'ask') return { answer, decision, cover: null, now };
    const reason = 'under' in cover ? coverReason(cover) : outsideReason(cover);
    return { answer, decision: { ...decision, reasons: [...decision.reasons, reason] }, cover, now };
  }

  async #enter(tx: Transaction, spec: JobSpec, assessed: Assessment, session: StoredSession, { decision, cover, now }: Decided): Promise<Move> {
    const { random } = this.#parts;
    const at = new Date(now).toISOString();
    const { facts, quote, resolved, resolved_digest, spec_digest, program_digest } = assessed;
    const job = {
      id: makeId('job', now, random.bytes(7)), session: sessionRef(session), created: at,
      spec, spec_digest, program_digest, resolved, resolved_digest, facts, quote, decision,
    };
    if (decision.effect === 'deny') return moves.refused(job, at);
    const under = cover !== null && 'under' in cover ? cover : null;
    if (decision.effect === 'ask' && under === null) return moves.asked(job, hex(random.bytes(16)), new Date(now + askFor).toISOString());
    const reserved = await this.#reserve(tx, job, at);
    if ('refused' in reserved) return moves.overBudgetAtOnce(job, reserved.refused, at);
    return under === null ? moves.allowed(job, reserved) : moves.covered(job, under.under, under.used, reserved);
  }

  /** Reserves the whole amount, or says why not (invariant 4). Nothing is reserved for a free run. */
  async #reserve(tx: Transaction, { id, session, resolved }: Pick<Job, 'id' | 'session' | 'resolved'>, at: string): Promise<moves.Reserved | { readonly refused: Reason }> {
    const { amount, device } = resolved;
    if (amount === null) return { reservation: null, warnings: [] };
    const exchange = this.#parts.exchangeOn(dayOf(at));
    const standings = await standingsFor(this.#parts, resolved, session, tx, dayOf(at));
    const refused = reserveRefusal(amount, standings, exchange);
    if (refused) return { refused };
    const reservation = { day: dayOf(at), amount, payer: payerOf(session, device.name, this.#parts.owner) };
    await tx.reserve(id, reservation);
    return { reservation, warnings: warningsOf(amount, standings, exchange) };
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
  /** As the policy gave it. */
  readonly answer: Answer;
  /** With what an envelope says. */
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
