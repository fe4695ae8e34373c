// An envelope: one variant a phase, its changes as pure values, and what a person and its session see of it.
import { outsideTerms, plainText, type Decision, type Digest, type EnvelopeId, type EnvelopeStatus, type EnvelopeTerms, type EnvelopeUse, type EnvelopeView, type Id, type JobFacts, type Json, type JsonObject, type Reason } from '@dewar/protocol';
import type { EnvelopeEvent, EventDraft, Job, Resolved, SessionRef } from './job.ts';

interface Requested {
  readonly id: EnvelopeId;
  readonly session: SessionRef;
  readonly created: string;
  readonly name: string;
  readonly terms: EnvelopeTerms;
  readonly terms_digest: Digest;
  /** On the largest job inside. */
  readonly decision: Decision;
  readonly facts: JobFacts;
  readonly tags?: readonly string[];
  readonly agent?: Readonly<Record<string, string>>;
}

/** A person's yes to the terms. */
export interface EnvelopeApproval {
  readonly id: Id<'apr'>;
  readonly at: string;
  readonly terms_digest: Digest;
}

export type EnvelopeEnd =
  | { readonly kind: 'denied'; readonly by: 'policy' | 'person'; readonly reasons: readonly Reason[] }
  | { readonly kind: 'closed'; readonly by: 'session' | 'person' };

export interface WaitingEnvelope extends Requested { readonly phase: 'waiting'; readonly nonce: string; readonly expires: string }
export interface LiveEnvelope extends Requested { readonly phase: 'live'; readonly approval: EnvelopeApproval }
export interface EndedEnvelope extends Requested { readonly phase: 'ended'; readonly approval: EnvelopeApproval | null; readonly end: EnvelopeEnd }
/** Time ends one without an event: its terms say when. */
export type Envelope = WaitingEnvelope | LiveEnvelope | EndedEnvelope;

/** Every change of an envelope; there is no other way. */
export const envelopeArrows = {
  'envelope.requested': { from: ['new'], to: ['waiting', 'ended'] },
  'envelope.approved': { from: ['waiting'], to: ['live'] },
  'envelope.denied': { from: ['waiting'], to: ['ended'] },
  'envelope.closed': { from: ['waiting', 'live'], to: ['ended'] },
} as const satisfies Record<EnvelopeEvent, { from: readonly (Envelope['phase'] | 'new')[]; to: readonly Envelope['phase'][] }>;

export interface EnvelopeMove {
  readonly after: Envelope;
  readonly event: EventDraft<EnvelopeEvent>;
}

export function requestedPart({ id, session, created, name, terms, terms_digest, decision, facts, tags, agent }: Envelope): Requested {
  return { id, session, created, name, terms, terms_digest, decision, facts, ...(tags !== undefined && { tags }), ...(agent !== undefined && { agent }) };
}

export function askedFor(requested: Requested, nonce: string, expires: string): EnvelopeMove {
  const { decision } = requested;
  const event = draft('envelope.requested', requested, `envelope asked for from session ${requested.session.name}: policy ${decision.effect}`, { terms: requested.terms, decision });
  if (decision.effect !== 'deny') return { after: { ...requested, phase: 'waiting', nonce, expires }, event };
  return { after: { ...requested, phase: 'ended', approval: null, end: { kind: 'denied', by: 'policy', reasons: decision.reasons.filter(({ effect }) => effect === 'deny') } }, event };
}

export function approvedBy(envelope: WaitingEnvelope, approval: EnvelopeApproval): EnvelopeMove {
  return { after: { ...requestedPart(envelope), phase: 'live', approval }, event: draft('envelope.approved', envelope, `a person said yes to envelope ${envelope.id}`, { approval }) };
}

export function deniedBecause(envelope: WaitingEnvelope, why: string): EnvelopeMove {
  const reason: Reason = { rule: 'person.denied', effect: 'deny', message: why, fix: null };
  return { after: { ...requestedPart(envelope), phase: 'ended', approval: null, end: { kind: 'denied', by: 'person', reasons: [reason] } }, event: draft('envelope.denied', envelope, `a person said no to envelope ${envelope.id}`, { reason }) };
}

export function closedBy(envelope: WaitingEnvelope | LiveEnvelope, by: 'session' | 'person'): EnvelopeMove {
  return {
    after: { ...requestedPart(envelope), phase: 'ended', approval: envelope.phase === 'live' ? envelope.approval : null, end: { kind: 'closed', by } },
    event: draft('envelope.closed', envelope, `envelope ${envelope.id} closed by the ${by}`, { by }),
  };
}

function draft(type: EnvelopeEvent, { id }: Pick<Envelope, 'id'>, summary: string, body: { readonly [key: string]: unknown }): EventDraft<EnvelopeEvent> {
  return { type, body: { ...(body as unknown as JsonObject), envelope: id, summary } };
}

/** Why nothing runs under it now, or null while it is live. */
function notLive(envelope: Envelope, now: number): string | null {
  if (envelope.phase === 'waiting') return 'nobody has said yes to it yet';
  if (envelope.phase === 'ended') return envelope.end.kind === 'denied' ? 'it was denied' : `it was closed by the ${envelope.end.by}`;
  return now < Date.parse(envelope.terms.until) ? null : `it ended at ${envelope.terms.until}`;
}

/** Why this job is not inside a live envelope, whatever was used of it; asked at the submit and again at the grant. `decision` is the policy's on the job. */
export function whyOutside(envelope: Envelope, { spec, resolved, quote, decision }: Pick<Job, 'spec' | 'quote' | 'decision'> & { readonly resolved: Resolved }, now: number): string | null {
  return notLive(envelope, now) ?? outsideTerms(envelope.terms, { spec, resolved, prices_dated: quote.kind === 'priced' ? quote.prices_dated : null }) ?? unshown(envelope, decision);
}

/** The person said yes to what the policy asked of the largest job; what it asks of this one alone nobody has seen. */
function unshown(envelope: Envelope, { reasons }: Decision): string | null {
  const shown = new Set(envelope.decision.reasons.map(({ rule }) => rule));
  const other = reasons.find(({ effect, rule }) => effect === 'ask' && !shown.has(rule));
  return other === undefined ? null : `the policy asks about it by ${other.rule}, and did not when it was approved`;
}

export function envelopeStatus(envelope: Envelope, used: EnvelopeUse, now: number): EnvelopeStatus {
  if (envelope.phase === 'ended') return envelope.end.kind;
  if (envelope.phase === 'waiting') return now < Date.parse(envelope.expires) ? 'waiting' : 'expired';
  if (now >= Date.parse(envelope.terms.until)) return 'expired';
  return used.jobs >= envelope.terms.max_jobs || used.shots >= envelope.terms.max_shots ? 'spent' : 'live';
}

export function envelopeView(envelope: Envelope, used: EnvelopeUse, now: number): EnvelopeView {
  const { id, session, ...rest } = requestedPart(envelope);
  const [reason] = envelope.phase === 'ended' && envelope.end.kind === 'denied' ? envelope.end.reasons : [];
  return {
    envelope_id: id, status: envelopeStatus(envelope, used, now), session: session.name, ...rest, used,
    ...(envelope.phase === 'waiting' && { expires: envelope.expires }),
    ...(envelope.phase !== 'waiting' && envelope.approval !== null && { approval: { id: envelope.approval.id, at: envelope.approval.at } }),
    ...(reason && envelope.phase === 'ended' && envelope.end.kind === 'denied' && { denied: { by: envelope.end.by, message: plainText(reason.message, { max: 500 }), fix: reason.fix } }),
  };
}

/** The JSON form that is stored, and whose digest each of its events commits to. */
export function envelopeJson(envelope: Envelope): JsonObject {
  return envelope as unknown as Json as JsonObject;
}
