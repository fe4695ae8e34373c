// A job: one variant a phase, each holding only what is true in that phase, and the one table of arrows between them.
import type { Decision, DeniedBy, Digest, EnvelopeId, ErrorBody, Id, JobFacts, JobId, JobSpec, Json, JsonObject, Money, ProgramFormat, Quote, Reason } from '@dewar/protocol';

export interface SessionRef {
  readonly id: string;
  readonly name: string;
  readonly containment: 'sandboxed' | 'uncontained';
  /** Whose work it is; absent: the broker's owner's. */
  readonly user?: string;
  /** Whose money it spends beside the user's; absent: no project's. */
  readonly project?: string;
}

/** What an approval binds (invariant 3): nothing in it may differ between the yes and the grant. */
export interface Resolved {
  readonly version: 1;
  readonly spec: Digest;
  readonly program: { readonly format: ProgramFormat; readonly digest: Digest };
  readonly code: { readonly digest: Digest; readonly size: number };
  readonly data: readonly { readonly digest: Digest; readonly size: number }[];
  readonly image: { readonly reference: string; readonly verified: false } | null;
  readonly backend: string;
  readonly device: { readonly name: string; readonly kind: 'simulator' | 'qpu'; readonly practice: boolean };
  /** The provider account that pays; null where there is none. */
  readonly account: string | null;
  /** How often the program runs, each time with other parameters. */
  readonly points: number;
  /** Of each point. */
  readonly shots: number;
  readonly time_limit_s: number;
  readonly policy: Digest;
  readonly analyser: string;
  readonly amount: Money | null;
}

export interface Approval {
  readonly id: Id<'apr'>;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly resolved_digest: Digest;
}

/** The yes that an envelope lends to a job: which, and to what terms a person said yes. */
export interface Under {
  readonly envelope: EnvelopeId;
  readonly terms: Digest;
  readonly approval: { readonly id: Id<'apr'>; readonly at: string };
}

/** The single-job right to run. The token itself is in memory only; here is its SHA-256. */
export interface Grant {
  readonly id: Id<'grant'>;
  readonly token_sha256: string;
  readonly device: string;
  /** Provider jobs it may make. */
  readonly provider_jobs: 1;
  /** Over all points. */
  readonly shots: number;
  readonly amount: Money | null;
  readonly issued: string;
  readonly expires: string;
}

export type Outcome =
  | { readonly kind: 'completed'; readonly results: Digest }
  | { readonly kind: 'failed'; readonly error: ErrorBody }
  | { readonly kind: 'cancelled'; readonly by: 'session' | 'person' }
  | { readonly kind: 'denied'; readonly by: DeniedBy; readonly reasons: readonly Reason[] };

interface Decided {
  readonly id: JobId;
  readonly session: SessionRef;
  readonly created: string;
  readonly spec: JobSpec;
  readonly spec_digest: Digest;
  readonly program_digest: Digest;
  readonly resolved: Resolved;
  readonly resolved_digest: Digest;
  readonly facts: JobFacts;
  readonly quote: Quote;
  readonly decision: Decision;
}

interface Cleared extends Decided {
  /** Null when the policy allowed without a person, or an envelope covers the job. */
  readonly approval: Approval | null;
  /** Present when the yes is that of an envelope. */
  readonly under?: Under;
  /** Null when the run is free. */
  readonly reserved: Money | null;
}

interface Granted extends Cleared {
  readonly grant: Grant;
  /** From job id and ordinal, never from content (invariant 5). */
  readonly idempotency_key: string;
  /** Who asked to cancel; the device decides what that stops. */
  readonly cancel: 'session' | 'person' | null;
}

interface Settled extends Decided {
  readonly approval: Approval | null;
  readonly under?: Under;
  readonly grant: Grant | null;
  readonly provider_job_id: string | null;
  readonly outcome: Outcome;
  /** Null when nothing was reserved: a free run, or none; `unknown` stays reserved. */
  readonly cost: Money | 'unknown' | null;
  readonly ended: string;
  /** Digest of what the run printed. */
  readonly output: Digest | null;
}

export interface Waiting extends Decided { readonly phase: 'waiting'; readonly nonce: string; readonly expires: string }
export interface Queued extends Cleared { readonly phase: 'queued' }
/** The intent to send is on disk; whether the device has it is not known until it answers or is asked. */
export interface Sending extends Granted { readonly phase: 'sending' }
export interface Running extends Granted { readonly phase: 'running'; readonly provider_job_id: string }
/** The outcome is known and the money settled; the receipt is owed. */
export interface Closing extends Settled { readonly phase: 'closing' }
export interface Ended extends Settled { readonly phase: 'ended'; readonly receipt: Digest }

export type Job = Waiting | Queued | Sending | Running | Closing | Ended;
export type Phase = Job['phase'];

/** Every change of a job: which event moves it, from which phases, to which; `same` is the phase it came from. There is no other way. */
export const arrows = {
  'job.decided': { from: ['new'], to: ['waiting', 'queued', 'closing'] },
  'approval.given': { from: ['waiting'], to: ['queued', 'closing'] },
  'approval.denied': { from: ['waiting'], to: ['closing'] },
  'approval.expired': { from: ['waiting'], to: ['closing'] },
  'job.cancelled': { from: ['waiting', 'queued', 'sending'], to: ['closing'] },
  'grant.refused': { from: ['queued', 'sending'], to: ['closing'] },
  'provider.requested': { from: ['queued'], to: ['sending'] },
  'grant.issued': { from: ['sending', 'running'], to: 'same' },
  'job.cancel_requested': { from: ['sending', 'running'], to: 'same' },
  'provider.answered': { from: ['sending'], to: ['running'] },
  'provider.refused': { from: ['sending'], to: ['closing'] },
  'run.ended': { from: ['running'], to: ['closing'] },
  'receipt.signed': { from: ['closing'], to: ['ended'] },
} as const satisfies Record<string, { from: readonly (Phase | 'new')[]; to: readonly Phase[] | 'same' }>;
export type MovingEvent = keyof typeof arrows;

/** Events that accompany a move, or belong to no job. */
export type OtherEvent =
  | 'job.submitted' | 'envelope.applied' | 'budget.reserved' | 'budget.settled' | 'budget.released' | 'budget.overrun' | 'budget.warned' | 'budget.set' | 'budget.removed' | 'grant.revoked'
  | 'broker.started' | 'broker.stopped' | 'broker.frozen' | 'broker.thawed' | 'budget.thawed' | 'policy.loaded' | 'policy.refused' | 'session.created' | 'session.changed'
  | 'session.token_issued' | 'session.tokens_revoked' | 'tcp.opened' | 'tcp.closed'
  | EnvelopeEvent;
/** Every change of an envelope; see envelope.ts. */
export type EnvelopeEvent = 'envelope.requested' | 'envelope.approved' | 'envelope.denied' | 'envelope.closed';
export type EventType = MovingEvent | OtherEvent;

/** One journal entry to be: `summary` is the line its owner reads, the rest of the body is private. */
export interface EventDraft<T extends EventType = EventType> {
  readonly type: T;
  readonly body: JsonObject & { readonly summary: string };
}

export function mayMove(from: Phase | 'new', event: MovingEvent, to: Phase): boolean {
  const arrow: { readonly from: readonly string[]; readonly to: readonly string[] | 'same' } = arrows[event];
  return arrow.from.includes(from) && (arrow.to === 'same' ? to === from : arrow.to.includes(to));
}

/** What every phase carries, for building the next variant without the last one's leftovers. */
export function decidedPart(job: Job): Decided {
  const { id, session, created, spec, spec_digest, program_digest, resolved, resolved_digest, facts, quote, decision } = job;
  return { id, session, created, spec, spec_digest, program_digest, resolved, resolved_digest, facts, quote, decision };
}

export function grantedPart(job: Sending | Running): Granted {
  return { ...clearedPart(job), grant: job.grant, idempotency_key: job.idempotency_key, cancel: job.cancel };
}

export function clearedPart(job: Queued | Sending | Running): Cleared {
  return { ...decidedPart(job), ...underPart(job), approval: job.approval, reserved: job.reserved };
}

/** The envelope's yes, where there is one. */
export function underPart(job: Job): { readonly under?: Under } {
  return 'under' in job && job.under !== undefined ? { under: job.under } : {};
}

/** Of a session, what its jobs carry. */
export function sessionRef({ id, name, containment, user, project }: SessionRef): SessionRef {
  return { id, name, containment, ...(user !== undefined && { user }), ...(project !== undefined && { project }) };
}

/** The JSON form that is stored, and whose digest each event commits to. */
export function jobJson(job: Job): JsonObject {
  return job as unknown as Json as JsonObject;
}
