// The policy as the control socket tells of it: what is in force, what it decided, and on which inputs.
import type { Decision } from './decision.ts';
import type { Digest } from './digest.ts';
import type { ErrorBody } from './error.ts';
import type { JobId } from './ids.ts';
import type { Json } from './json.ts';

export interface PolicyView {
  /** Of its bundle: what decisions name. */
  readonly digest: Digest;
  /** When it came into force, RFC 3339. */
  readonly since: string;
  /** The user whose files it was made from; null for the one that Dewar ships. */
  readonly by: string | null;
  /** Where a person's own policy lies, or would. */
  readonly folder: string;
  /** The Rego files by name. */
  readonly modules: Readonly<Record<string, string>>;
  readonly data: { readonly [key: string]: Json };
  /** Why the files as they are now are not in force; null when they are, or when there are none. */
  readonly problem: ErrorBody | null;
  /** Why saves are not noticed by themselves; null when they are. */
  readonly blind: ErrorBody | null;
}

/** A decision on a submit, with the input it is on: what another policy decides again. */
export interface PastDecision {
  readonly job_id: JobId;
  readonly at: string;
  /** As the job's record has it: an envelope's reasons are among them. */
  readonly decision: Decision;
  /** Null where the release that decided did not keep it. */
  readonly input: Json | null;
}

export interface PastDecisionsAnswer {
  /** Newest first. */
  readonly decisions: readonly PastDecision[];
  /** The `before` that goes on from here; null at the end. */
  readonly next: JobId | null;
}

/** One job's decision with all it was made from, and what the same policy says of the same input today. */
export interface ExplainAnswer extends PastDecision {
  /** Null where the release that decided did not keep it. */
  readonly policy: Pick<PolicyView, 'digest' | 'modules' | 'data'> | null;
  /** Null where input or policy was not kept. */
  readonly again: Decision | null;
}
