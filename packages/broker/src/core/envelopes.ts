// Envelopes: asks for a bounded family of jobs, answers for a person, and says whether a job is inside (invariant 3).
import {
  DewarError, formatMoney, hex, makeId, microsFrom, parseEnvelopeRequest, parseJson, limits, specDefaults, termsDigest, usedUp,
  type Decision, type Digest, type EnvelopeId, type EnvelopeRequest, type EnvelopeTerms, type EnvelopeUse, type JobSpec, type Money, type ParameterValue, type Ranges, type Reason,
} from '@dewar/protocol';
import { assess, resolveData, type Assessment, type Sized } from './assess.ts';
import { approvedBy, askedFor, closedBy, deniedBecause, whyOutside, type Envelope, type EnvelopeMove, type WaitingEnvelope } from './envelope.ts';
import { sessionRef, type Under } from './job.ts';
import type { Changes } from './line.ts';
import type { CorridorParts } from './parts.ts';
import type { StoredSession, Transaction, View } from './ports.ts';
import { decideNow, keepInput, underOnePolicy } from './recheck.ts';
import type { SubmitRates } from './submit-rates.ts';

/** Envelopes of one session that wait for a person. */
const mostWaiting = 10;
/** How long a person may take to answer, milliseconds: of an envelope as of a job. */
export const askFor = 24 * 3600_000;

/** What an envelope says of one job: the yes it lends, with what was used before; or why the job is outside. */
export type Cover = { readonly under: Under; readonly used: EnvelopeUse } | { readonly outside: string; readonly fix: string };

/** A job that names an envelope, and what the policy says of it now. */
export interface Candidate {
  readonly spec: JobSpec;
  readonly assessed: Assessment;
  readonly session: StoredSession;
  readonly decision: Decision;
  readonly now: number;
}

export class Envelopes {
  readonly #parts: CorridorParts;
  readonly #changes: Changes;
  readonly #rates: SubmitRates;

  constructor(parts: CorridorParts, changes: Changes, rates: SubmitRates) {
    this.#parts = parts;
    this.#changes = changes;
    this.#rates = rates;
  }

  /** The request's policy decision is that on the largest job inside. Throws `envelope_needless` where no person would be asked. */
  async request(bytes: Uint8Array, session: StoredSession): Promise<Envelope> {
    this.#rates.take(session.name);
    const request = parseEnvelopeRequest(parseJson(bytes, { bytes: limits.spec_bytes, depth: 16 }));
    const { artifacts, dataFiles } = this.#parts;
    this.#rates.weigh(session.name, (await artifacts.get(request.code_blob)).length);
    const data = await resolveData(largestJob(request), session, artifacts, dataFiles);
    return underOnePolicy(() => this.#request(request, data, session));
  }

  async #request(request: EnvelopeRequest, data: readonly Sized[], session: StoredSession): Promise<Envelope> {
    const { store, clock, random, sha256 } = this.#parts;
    const spec = largestJob(request);
    const assessed = await assess(spec, data, this.#parts, store.view, endsOf(request.parameters ?? {}));
    return this.#commit(async (tx) => {
      const waiting = await tx.envelopes({ session: session.name, waitingAt: new Date(clock.now()).toISOString() });
      if (waiting.length >= mostWaiting) throw new DewarError({ code: 'too_many_pending', message: 'too many envelopes of this session wait for a person', allowed: `at most ${mostWaiting}`, fix: 'wait for an answer, or close some' });
      const now = clock.now();
      const terms = termsOf(request, assessed, now);
      const answer = await decideNow(this.#parts, { spec, assessed, session, own: null, now, terms }, tx);
      const { decision } = answer;
      if (decision.effect === 'allow') throw new DewarError({ code: 'envelope_needless', message: 'the policy allows such jobs without a person', fix: 'submit the jobs themselves, without an envelope' });
      await keepInput(tx, answer, sha256);
      return {
        before: null,
        move: askedFor({
          id: makeId('env', now, random.bytes(7)), session: sessionRef(session), created: new Date(now).toISOString(), name: request.name,
          terms, terms_digest: termsDigest(terms, sha256), decision: decision.effect === 'ask' ? { ...decision, reasons: [...decision.reasons, termsReason(terms)] } : decision, facts: assessed.facts,
          ...(request.tags !== undefined && { tags: request.tags }), ...(request.agent !== undefined && { agent: request.agent }),
        }, hex(random.bytes(16)), new Date(Math.min(now + askFor, Date.parse(terms.until))).toISOString()),
      };
    });
  }

  /** A person's yes. It must repeat what was shown: the digest of the terms and the nonce. */
  async approve(id: EnvelopeId, shown: { readonly terms_digest: Digest; readonly nonce: string }): Promise<Envelope> {
    const { clock, random } = this.#parts;
    return this.#commit(async (tx) => {
      const waiting = await this.#waiting(tx, id);
      if (await tx.flag('frozen')) throw new DewarError({ code: 'frozen', message: 'the brake is on: nothing can be approved', fix: '`dewar thaw` first' });
      const now = clock.now();
      if (now >= Date.parse(waiting.expires)) throw new DewarError({ code: 'approval_expired', message: `the question expired at ${waiting.expires}`, fix: 'the agent asks for it again' });
      if (shown.terms_digest !== waiting.terms_digest || shown.nonce !== waiting.nonce) {
        throw new DewarError({ code: 'approval_stale', message: 'the yes does not repeat the digest and nonce of what waits', fix: `look again: dewar pending, then dewar approve ${id}` });
      }
      if (waiting.terms.policy !== this.#parts.policy.digest) {
        throw new DewarError({ code: 'approval_stale', message: 'the policy has changed since this was asked: no job would be inside', fix: `dewar deny ${id} --reason "another policy"; the agent asks again` });
      }
      return { before: waiting, move: approvedBy(waiting, { id: makeId('apr', now, random.bytes(7)), at: new Date(now).toISOString(), terms_digest: waiting.terms_digest }) };
    });
  }

  async deny(id: EnvelopeId, why: string): Promise<Envelope> {
    return this.#commit(async (tx) => {
      const waiting = await this.#waiting(tx, id);
      return { before: waiting, move: deniedBecause(waiting, why) };
    });
  }

  /** Nothing more is granted under it; what a device has goes on. */
  async close(id: EnvelopeId, by: 'session' | 'person'): Promise<Envelope> {
    return this.#commit(async (tx) => {
      const found = await tx.envelope(id);
      if (!found) throw unknownEnvelope(id);
      if (found.phase === 'ended') throw new DewarError({ code: 'already_ended', message: `envelope ${id} has ended`, got: found.end.kind });
      return { before: found, move: closedBy(found, by) };
    });
  }

  /** Whether the envelope that a spec names lends its yes to this job. Throws `not_found` for one that is not this session's. */
  async cover({ spec, assessed, session, decision, now }: Candidate, view: View): Promise<Cover | null> {
    if (spec.envelope === undefined) return null;
    const envelope = await view.envelope(spec.envelope);
    if (!envelope || envelope.session.id !== session.id) throw unknownEnvelope(spec.envelope, '/envelope');
    const used = await view.envelopeUse(envelope.id);
    const outside = whyOutside(envelope, { spec, resolved: assessed.resolved, quote: assessed.quote, decision }, now) ?? usedUp(envelope.terms, used, assessed.resolved);
    if (outside !== null || envelope.phase !== 'live') return { outside: `outside envelope ${envelope.id}: ${outside ?? 'it is not live'}`, fix: wayInside(envelope, now) };
    return { under: { envelope: envelope.id, terms: envelope.terms_digest, approval: { id: envelope.approval.id, at: envelope.approval.at } }, used };
  }

  async #waiting(view: View, id: EnvelopeId): Promise<WaitingEnvelope> {
    const envelope = await view.envelope(id);
    if (!envelope) throw unknownEnvelope(id);
    if (envelope.phase !== 'waiting') throw new DewarError({ code: 'not_waiting', message: `envelope ${id} does not wait for a person`, got: envelope.phase, fix: '`dewar pending` lists what does' });
    return envelope;
  }

  async #commit(work: (tx: Transaction) => Promise<{ readonly before: Envelope | null; readonly move: EnvelopeMove }>): Promise<Envelope> {
    return this.#parts.store.commit(async (tx) => {
      const { before, move } = await work(tx);
      await tx.putEnvelope(before, move.after, move.event);
      tx.afterCommit(() => this.#changes.tell(move.after.id));
      return move.after;
    });
  }
}

/** What an agent reads when its job is asked for after all. */
export function outsideReason({ outside, fix }: Extract<Cover, { readonly outside: string }>): Reason {
  return { rule: 'envelope.outside', effect: 'ask', message: outside, fix };
}

function wayInside(envelope: Envelope, now: number): string {
  if (envelope.phase === 'waiting') return `submit under it when a person has said yes: GET /v1/envelopes/${envelope.id}/wait`;
  return envelope.phase === 'live' && now < Date.parse(envelope.terms.until) ? 'stay inside its terms, or wait for the person' : 'ask for another envelope, or wait for the person';
}

/** The policy speaks of the largest job; what is asked for is all of them. */
function termsReason({ max_jobs, max_shots, max_amount, until }: EnvelopeTerms): Reason {
  const money = max_amount === null ? '' : `, together at most ${formatMoney(max_amount)}`;
  return { rule: 'envelope.terms', effect: 'ask', message: `up to ${max_jobs} such jobs, ${max_shots} shots in all${money}, until ${until}: one yes for them all`, fix: null };
}

export function coverReason({ under, used }: Extract<Cover, { readonly under: Under }>): Reason {
  return { rule: 'envelope.covers', effect: 'ask', message: `a person said yes to envelope ${under.envelope} at ${under.approval.at}: this is its job ${used.jobs + 1}`, fix: null };
}

export function unknownEnvelope(id: string, path?: string): DewarError {
  return new DewarError({ code: 'not_found', message: 'no such envelope', got: id, fix: 'GET /v1/envelopes lists yours', ...(path !== undefined && { path }) });
}

/** The job that asks the most: all its shots at one point. */
function largestJob({ name, code_blob, backend, shots, image, packages, data, time_limit_s }: EnvelopeRequest): JobSpec {
  return {
    job_name: name, code_blob, backend, shots,
    ...(image !== undefined && { image }), ...(packages !== undefined && { packages }), ...(data !== undefined && { data }), ...(time_limit_s !== undefined && { time_limit_s }),
  };
}

function endsOf(ranges: Ranges): Readonly<Record<string, readonly ParameterValue[]>> {
  return Object.fromEntries(Object.entries(ranges).map(([name, range]) => [name, typeof range === 'object' ? [range.min, range.max] : [range]]));
}

function termsOf(request: EnvelopeRequest, { resolved, quote }: Assessment, now: number): EnvelopeTerms {
  const { shots, max_jobs, parameters = {}, image = null, packages = [], time_limit_s = specDefaults.time_limit_s } = request;
  return {
    version: 1, code: resolved.code, parameters, data: resolved.data, image, packages, backend: request.backend, device: resolved.device, account: resolved.account,
    shots, time_limit_s, max_jobs, max_shots: request.max_shots ?? Math.min(shots * max_jobs, limits.shots), max_amount: mostMoney(request, resolved.amount), job_amount: resolved.amount,
    prices_dated: quote.kind === 'priced' ? quote.prices_dated : null, until: new Date(now + request.expires_in_s * 1000).toISOString(), policy: resolved.policy, analyser: resolved.analyser,
  };
}

function mostMoney({ max_cost }: EnvelopeRequest, amount: Money | null): Money | null {
  if (amount === null) return null;
  if (max_cost === undefined) throw new DewarError({ code: 'request_invalid', message: 'this backend has a price, so the envelope needs the most that all jobs may cost', path: '/max_cost', got: 'nothing', allowed: `a number, in ${amount.currency}`, fix: 'add max_cost' });
  return { currency: amount.currency, micros: microsFrom(String(max_cost)) };
}
