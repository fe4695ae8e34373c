// The messages of the HTTP API under /v1, on the session sockets and on the control socket.
import type { BudgetView, NeededBudget, Prevented } from './budget.ts';
import type { Decision, Quote } from './decision.ts';
import type { Digest } from './digest.ts';
import type { EnvelopeId, EnvelopeTerms, EnvelopeUse } from './envelope.ts';
import type { ErrorBody } from './error.ts';
import type { JobFacts, ProgramFacts } from './facts.ts';
import type { JobId } from './ids.ts';
import type { Money } from './money.ts';
import type { Anomaly } from './policy-input.ts';
import type { JobResults } from './results.ts';
import type { JobSpec, Lane } from './spec.ts';

/** The header-safe name of every answer's error: `{ "error": ErrorBody }`. */
export interface ErrorAnswer {
  readonly error: ErrorBody;
}

/** `waiting` is for a person; `queued` for the device; the last four are ends. */
export type JobStatus = 'waiting' | 'queued' | 'running' | 'completed' | 'failed' | 'cancelled' | 'denied';
export const endStatuses: readonly JobStatus[] = ['completed', 'failed', 'cancelled', 'denied'];

/** Who or what said no: the policy, a person, the approval's expiry, a budget, or the check at the grant. */
export type DeniedBy = 'policy' | 'person' | 'expiry' | 'budget' | 'grant';

export interface DeviceView {
  readonly name: string;
  readonly kind: 'simulator' | 'qpu';
  readonly practice: boolean;
  readonly max_qubits: number;
}

/** When a job may begin, as recent runs say; later jobs can change it. */
export interface StartEstimate {
  /** Whole seconds from now; null where nobody can know. `cautious` is for runs as long as nine in ten are at most, null where too few are known. */
  readonly start_after_s: { readonly likely: number; readonly cautious: number | null } | null;
  /** What it rests on, or why there is none. */
  readonly basis: string;
}

/** Where a job stands among those that wait for its device, all sessions' together. */
export interface QueuePlace {
  /** 1 is next. */
  readonly position: number;
  readonly of: number;
  readonly lane: Lane;
  readonly estimate: StartEstimate;
}

/** A job as its session and the person see it. Fields that are not true yet are absent. */
export interface JobView {
  readonly job_id: JobId;
  readonly status: JobStatus;
  readonly session: string;
  readonly created: string;
  readonly ended?: string;
  readonly spec: JobSpec;
  readonly spec_digest: Digest;
  readonly program_digest: Digest;
  /** The resolved job, which an approval binds: spec, artifacts, data, image, device, account, policy, analyser, amount. */
  readonly resolved_digest: Digest;
  readonly device: DeviceView;
  readonly facts: JobFacts;
  readonly quote: Quote;
  readonly decision: Decision;
  /** While `waiting`: until when (RFC 3339) a person may answer. */
  readonly expires?: string;
  /** While `waiting`: where a person may answer in a browser. No broker gives one yet. */
  readonly approval_url?: string;
  readonly approval?: { readonly id: string; readonly at: string };
  readonly grant?: { readonly id: string; readonly expires: string };
  readonly provider_job_id?: string;
  /** Of a sweep. */
  readonly points?: number;
  /** The envelope whose yes it runs under. */
  readonly envelope?: { readonly id: EnvelopeId };
  /** While `queued`, once it is in its device's line. */
  readonly queue?: QueuePlace;
  /** While `running`: shots done of all, where the device tells. */
  readonly progress?: { readonly done: number; readonly total: number };
  readonly denied?: { readonly by: DeniedBy; readonly message: string; readonly fix: string | null };
  readonly failure?: ErrorBody;
  readonly cost?: Money;
  readonly results_digest?: Digest;
  /** True when the receipt is signed and can be fetched. */
  readonly receipt: boolean;
}

/** Answer to POST /v1/jobs and, shortened to status and job_id, to POST /submit. */
export type SubmitAnswer =
  | { readonly dry_run: false; readonly job: JobView }
  | { readonly dry_run: true; readonly decision: Decision; readonly facts: JobFacts; readonly quote: Quote; readonly device: DeviceView; readonly spec_digest: Digest; readonly program_digest: Digest };

export interface ArtifactAnswer {
  readonly digest: Digest;
  readonly size: number;
}

export interface BackendView extends DeviceView {
  /** Other names of the same device, from the configuration. */
  readonly aliases: readonly string[];
  readonly description: string;
  readonly price: string;
}

/** What may still be spent: by a session, or by all. */
export interface BudgetsAnswer {
  readonly budgets: readonly BudgetView[];
}

/** What only the person sees beside it. */
export interface AllBudgetsAnswer extends BudgetsAnswer {
  readonly prevented: Prevented;
}

export interface ResultsAnswer {
  readonly job_id: JobId;
  readonly results_digest: Digest;
  readonly results: JobResults;
}

/** A line of a job's own history: the public header of a journal event with what the job's owner may read of its body. */
export interface LogLine {
  readonly seq: number;
  readonly time: string;
  readonly type: string;
  readonly text: string;
}

export interface LogsAnswer {
  readonly job_id: JobId;
  readonly events: readonly LogLine[];
  /** What the run printed, at most 64 KiB, control characters escaped. */
  readonly output: string;
}

/** `waiting` is for a person; `live` may be used; the others are ends, `spent` being that not one more job fits. */
export type EnvelopeStatus = 'waiting' | 'live' | 'denied' | 'expired' | 'closed' | 'spent';

/** An envelope as its session and the person see it. */
export interface EnvelopeView {
  readonly envelope_id: EnvelopeId;
  readonly status: EnvelopeStatus;
  readonly session: string;
  readonly created: string;
  readonly name: string;
  readonly terms: EnvelopeTerms;
  readonly terms_digest: Digest;
  /** Of the largest job inside. */
  readonly decision: Decision;
  readonly facts: JobFacts;
  readonly used: EnvelopeUse;
  readonly expires?: string;
  readonly approval?: { readonly id: string; readonly at: string };
  readonly denied?: { readonly by: 'policy' | 'person'; readonly message: string; readonly fix: string | null };
  readonly tags?: readonly string[];
  readonly agent?: Readonly<Record<string, string>>;
}

export interface DrawingAnswer {
  readonly digest: Digest;
  /** Null when it is too large, or not a straight line of gates. */
  readonly drawing: string | null;
  readonly facts: ProgramFacts;
}

// Control socket only.

/** The line of one device. */
export interface QueueView {
  readonly device: string;
  /** Jobs it works on at once. */
  readonly slots: number;
  /** The brake is on: nothing that waits begins. */
  readonly held: boolean;
  readonly running: readonly { readonly job_id: JobId; readonly session: string; readonly lane: Lane; readonly since: string }[];
  /** In the order in which they would begin as things stand. */
  readonly waiting: readonly (QueuePlace & { readonly job_id: JobId; readonly session: string; readonly since: string })[];
}

/** What a person decides on: everything the broker derived, the agent's own words labelled apart. */
export interface PendingView {
  readonly job: JobView;
  /** Bound into the approval; an answer must repeat it. */
  readonly nonce: string;
  /** The program's text, whole; in a list its first 65,536 characters. Untrusted: escape before showing. */
  readonly source: string;
  /** Why the stored program cannot be read: `source` is empty then. Null when it can. */
  readonly source_error: string | null;
  /** The circuit drawn in at most 76 columns; null when it is too large, or not a straight line of gates. */
  readonly drawing: string | null;
  /** Those that it counts in; none where it is free. Of an envelope: as if all its money were reserved now. */
  readonly budgets: readonly NeededBudget[];
  /** What is unlike the session's jobs so far. */
  readonly anomalies: readonly Anomaly[];
}

/** As `PendingView`, of an envelope. */
export interface PendingEnvelopeView extends Pick<PendingView, 'nonce' | 'source' | 'source_error' | 'drawing' | 'budgets' | 'anomalies'> {
  readonly envelope: EnvelopeView;
}

export interface ApproveEnvelopeRequest {
  readonly terms_digest: Digest;
  readonly nonce: string;
}

export interface ApproveRequest {
  readonly resolved_digest: Digest;
  readonly nonce: string;
}

export interface SessionView {
  readonly id: string;
  readonly name: string;
  readonly containment: 'sandboxed' | 'uncontained';
  readonly socket: string;
  readonly created: string;
  /** Directories whose files a spec's `data` may name. */
  readonly read: readonly string[];
  /** Whose work it is; absent: the broker's owner's. */
  readonly user?: string;
  readonly project?: string;
}

/** The TCP door while it is open. */
export interface TcpView {
  readonly port: number;
  readonly url: string;
  /** What a client must trust: it names this machine only. */
  readonly certificate_pem: string;
  readonly certificate_file: string;
  /** Of the certificate's DER, lowercase hexadecimal. */
  readonly sha256: string;
}

/** Shown once: only its hash is kept. */
export interface TokenAnswer {
  readonly token: string;
  readonly session: string;
  readonly created: string;
}

export interface StatusView {
  readonly version: string;
  readonly pid: number;
  readonly home: string;
  readonly since: string;
  readonly frozen: boolean;
  readonly sessions: number;
  readonly jobs: Readonly<Record<JobStatus, number>>;
  readonly journal: { readonly size: number; readonly root: string };
  readonly policy: Digest;
}

export interface JournalReport {
  readonly ok: boolean;
  readonly size: number;
  readonly root: string;
  /** C2SP signed note over the tree. */
  readonly checkpoint: string;
  readonly problems: readonly string[];
}

/** Public keys: PEM (SPKI) of the receipt signer, and the checkpoint signer as a C2SP verifier key. */
export interface KeysView {
  readonly receipt_pem: string;
  readonly checkpoint_vkey: string;
}
