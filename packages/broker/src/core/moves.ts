// The moves of a job, as pure values: the next variant, and the journal events that tell of it.
import { formatMoney, type Decision, type Digest, type EnvelopeUse, type ErrorBody, type JsonObject, type Json, type Money, type Reason } from '@dewar/protocol';
import {
  clearedPart, decidedPart, grantedPart, underPart,
  type Approval, type Closing, type Ended, type EventDraft, type Grant, type Job, type MovingEvent, type Outcome, type Queued, type Running, type Sending, type Under, type Waiting,
} from './job.ts';
import type { Reservation } from './ports.ts';

export interface Move<J extends Job = Job> {
  readonly after: J;
  readonly moving: EventDraft<MovingEvent>;
  readonly first?: readonly EventDraft[];
  readonly then?: readonly EventDraft[];
}

type DecidedFields = ReturnType<typeof decidedPart>;

function event<T extends EventDraft['type']>(type: T, summary: string, body: { readonly [key: string]: unknown } = {}): EventDraft<T> {
  return { type, body: { ...(body as unknown as JsonObject), summary } };
}

const submitted = (job: DecidedFields) =>
  event('job.submitted', `submitted from session ${job.session.name} for ${job.resolved.backend}`, { session: job.session, spec: job.spec, spec_digest: job.spec_digest, resolved: job.resolved, resolved_digest: job.resolved_digest });

const decided = (decision: Decision) => event('job.decided', `policy: ${decision.effect} (${decision.reasons.map((reason) => reason.rule).join(', ')})`, { decision });

/** What was put aside, if the run is not free, and the thresholds that it passed. */
export interface Reserved {
  readonly reservation: Reservation | null;
  readonly warnings: readonly EventDraft<'budget.warned'>[];
}

function reservedEvents({ reservation, warnings }: Reserved): EventDraft[] {
  if (reservation === null) return [];
  const { amount, day, payer } = reservation;
  return [event('budget.reserved', `reserved ${formatMoney(amount)}`, { amount, day, payer }), ...warnings];
}

/** A denied submit: decided and ended in one move. */
export function refused(job: DecidedFields, at: string): Move<Closing> {
  return { first: [submitted(job)], moving: decided(job.decision), after: denied(job, 'policy', job.decision.reasons.filter((reason) => reason.effect === 'deny'), at) };
}

export function asked(job: DecidedFields, nonce: string, expires: string): Move<Waiting> {
  return { first: [submitted(job)], moving: decided(job.decision), after: { ...job, phase: 'waiting', nonce, expires } };
}

export function allowed(job: DecidedFields, reserved: Reserved): Move<Queued> {
  return {
    first: [submitted(job)], moving: decided(job.decision), after: { ...job, phase: 'queued', approval: null, reserved: reserved.reservation?.amount ?? null },
    then: reservedEvents(reserved),
  };
}

export function approved(job: Waiting, approval: Approval, reserved: Reserved): Move<Queued> {
  return {
    moving: event('approval.given', 'a person said yes', { approval }),
    after: { ...decidedPart(job), phase: 'queued', approval, reserved: reserved.reservation?.amount ?? null },
    then: reservedEvents(reserved),
  };
}

/** Asked for, and covered by an envelope that a person said yes to: no one is asked again. */
export function covered(job: DecidedFields, under: Under, used: EnvelopeUse, reserved: Reserved): Move<Queued> {
  return {
    first: [submitted(job)], moving: decided(job.decision), after: { ...job, phase: 'queued', approval: null, under, reserved: reserved.reservation?.amount ?? null },
    then: [event('envelope.applied', `runs under envelope ${under.envelope}, its job ${used.jobs + 1}`, { under, used }), ...reservedEvents(reserved)],
  };
}

/** A yes that came when the budget no longer held the amount. */
export function overBudget(job: Waiting, approval: Approval, reason: Reason, at: string): Move<Closing> {
  return { moving: event('approval.given', `a person said yes, but ${reason.message}`, { approval, reason }), after: denied(decidedPart(job), 'budget', [reason], at, approval) };
}

/** A submit allowed without a person when the budget no longer held the amount. */
export function overBudgetAtOnce(job: DecidedFields, reason: Reason, at: string): Move<Closing> {
  return { first: [submitted(job)], moving: decided(job.decision), after: denied(job, 'budget', [reason], at) };
}

export function deniedByPerson(job: Waiting, why: string, at: string): Move<Closing> {
  const reason: Reason = { rule: 'person.denied', effect: 'deny', message: why, fix: null };
  return { moving: event('approval.denied', 'a person said no', { reason }), after: denied(decidedPart(job), 'person', [reason], at) };
}

export function expired(job: Waiting, at: string): Move<Closing> {
  const reason: Reason = { rule: 'approval.expired', effect: 'deny', message: `nobody answered until ${job.expires}`, fix: 'submit it again when a person is there' };
  return { moving: event('approval.expired', reason.message, { reason }), after: denied(decidedPart(job), 'expiry', [reason], at) };
}

export function cancelled(job: Waiting | Queued, by: 'session' | 'person', at: string): Move<Closing> {
  const reserved = job.phase === 'queued' ? job.reserved : null;
  return {
    moving: event('job.cancelled', `cancelled by the ${by}`, { by }),
    after: close(decidedPart(job), { kind: 'cancelled', by }, at, { ...underPart(job), approval: job.phase === 'queued' ? job.approval : null, cost: reserved && { ...reserved, micros: 0 } }),
    then: released(reserved),
  };
}

export function grantRefused(job: Queued, reasons: readonly Reason[], at: string): Move<Closing> {
  return {
    moving: event('grant.refused', `refused at the grant: ${reasons.map((reason) => reason.message).join('; ')}`, { reasons }),
    after: close(decidedPart(job), { kind: 'denied', by: 'grant', reasons }, at, { ...underPart(job), approval: job.approval, cost: job.reserved && { ...job.reserved, micros: 0 } }),
    then: released(job.reserved),
  };
}

export function sending(job: Queued, grant: Grant, decision: Decision): Move<Sending> {
  const idempotency_key = `${job.id}.1`;
  return {
    first: [event('grant.issued', `grant ${grant.id} issued: policy ${decision.effect} once more`, { grant: publicGrant(grant), decision })],
    moving: event('provider.requested', `asking ${grant.device} to run ${grant.shots} shots`, { device: grant.device, idempotency_key, shots: grant.shots }),
    after: { ...clearedPart(job), phase: 'sending', grant, idempotency_key, cancel: null },
  };
}

/** The old token was spent or died with its process; the job goes on under a new one. */
export function regranted(job: Sending | Running, grant: Grant): Move<Sending | Running> {
  return {
    first: [event('grant.revoked', `grant ${job.grant.id} ended`, { grant: job.grant.id })],
    moving: event('grant.issued', `grant ${grant.id} issued in its place`, { grant: publicGrant(grant) }),
    after: { ...job, grant },
  };
}

export function cancelAsked(job: Sending | Running, by: 'session' | 'person'): Move<Sending | Running> {
  return { moving: event('job.cancel_requested', `cancel asked for by the ${by}`, { by }), after: { ...job, cancel: by } };
}

export function answered(job: Sending, provider_job_id: string): Move<Running> {
  return {
    moving: event('provider.answered', `${job.grant.device} took it as ${provider_job_id}`, { provider_job_id }),
    after: { ...grantedPart(job), phase: 'running', provider_job_id },
  };
}

export function refusedByDevice(job: Sending, error: ErrorBody, charged: Money | 'unknown' | null, at: string): Move<Closing> {
  return {
    moving: event('provider.refused', `${job.grant.device} did not take it: ${error.message}`, { error }),
    after: close(decidedPart(job), { kind: 'failed', error }, at, { ...underPart(job), approval: job.approval, grant: job.grant, cost: charged }),
    then: [...(charged === 'unknown' ? [] : released(job.reserved)), revoked(job.grant)],
  };
}

export type Unsent = Extract<Outcome, { readonly kind: 'cancelled' }> | (Extract<Outcome, { readonly kind: 'denied' }> & { readonly by: 'grant' });

/** Granted, and by the device's proof not sent: a cancel or a refusal that came since ends it, and nothing is charged. */
export function unsent(job: Sending, outcome: Unsent, at: string): Move<Closing> {
  return {
    moving: outcome.kind === 'cancelled'
      ? event('job.cancelled', `cancelled by the ${outcome.by} before it was sent`, { by: outcome.by })
      : event('grant.refused', `refused before it was sent: ${outcome.reasons.map((reason) => reason.message).join('; ')}`, { reasons: outcome.reasons }),
    after: close(decidedPart(job), outcome, at, { ...underPart(job), approval: job.approval, grant: job.grant, cost: job.reserved && { ...job.reserved, micros: 0 } }),
    then: [...released(job.reserved), revoked(job.grant)],
  };
}

export interface RunEnd {
  readonly outcome: Outcome;
  readonly charged: Money | 'unknown' | null;
  readonly output: Digest;
  /** Every budget that the job counts in, by id: a bill above the reservation freezes them. */
  readonly budgets: readonly string[];
}

export function runEnded(job: Running, end: RunEnd, at: string): Move<Closing> {
  const { charged } = end;
  const money: EventDraft[] = [];
  if (charged !== null && charged !== 'unknown') {
    money.push(event('budget.settled', `settled ${formatMoney(charged)}`, { amount: charged, reserved: job.reserved }));
    if (job.reserved && charged.micros > job.reserved.micros) money.push(event('budget.overrun', `billed ${formatMoney(charged)} on a reservation of ${formatMoney(job.reserved)}; ${end.budgets.length === 1 ? 'its budget is' : 'its budgets are'} frozen`, { amount: charged, reserved: job.reserved, budgets: end.budgets }));
  }
  return {
    moving: event('run.ended', `the run ${end.outcome.kind}`, { outcome: end.outcome }),
    after: close(decidedPart(job), end.outcome, at, { ...underPart(job), approval: job.approval, grant: job.grant, provider_job_id: job.provider_job_id, cost: charged, output: end.output }),
    then: [...money, revoked(job.grant)],
  };
}

export function signed(job: Closing, receipt: Digest): Move<Ended> {
  return { moving: event('receipt.signed', 'receipt signed', { receipt }), after: { ...job, phase: 'ended', receipt } };
}

const revoked = (grant: Grant) => event('grant.revoked', `grant ${grant.id} ended`, { grant: grant.id });

const released = (reserved: Money | null): EventDraft[] => (reserved ? [event('budget.released', `released ${formatMoney(reserved)}: nothing was charged`, { amount: reserved })] : []);

function publicGrant(grant: Grant): Json {
  const { token_sha256: _, ...rest } = grant;
  return rest as unknown as Json;
}

function denied(job: DecidedFields, by: 'policy' | 'person' | 'expiry' | 'budget', reasons: readonly Reason[], at: string, approval: Approval | null = null): Closing {
  return close(job, { kind: 'denied', by, reasons }, at, { approval });
}

type CloseExtras = Partial<Pick<Closing, 'approval' | 'under' | 'grant' | 'provider_job_id' | 'cost' | 'output'>>;

function close(job: DecidedFields, outcome: Outcome, ended: string, extras: CloseExtras): Closing {
  return { ...job, phase: 'closing', approval: null, grant: null, provider_job_id: null, cost: null, output: null, ...extras, outcome, ended };
}
