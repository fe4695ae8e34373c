// What was decided and on what: the kept inputs, and the same policy asked once more.
import { decideOn, type Policy } from '@dewar/policy/decide';
import { parseJson, type Digest, type ExplainAnswer, type JobId, type Json, type PolicyInput, type PolicyView, type Sha256 } from '@dewar/protocol';
import { unknownJob } from './corridor.ts';
import type { Store } from './ports.ts';

/** The policy in force, and those that were. */
export interface Policies {
  readonly view: PolicyView;
  /** Throws why the files are not in force. */
  reload(): Promise<PolicyView>;
  /** Null where it was not kept. */
  past(digest: Digest): Promise<{ readonly policy: Policy; readonly bundle: Pick<PolicyView, 'modules' | 'data'> } | null>;
}

export interface ExplainParts {
  readonly store: Store;
  readonly policies: Policies;
  readonly sha256: Sha256;
}

/** Throws `not_found`. */
export async function explain({ store, policies, sha256 }: ExplainParts, id: JobId): Promise<ExplainAnswer> {
  const job = await store.view.job(id);
  if (job === undefined) throw unknownJob(id);
  const { decision } = job;
  const text = await store.view.policyInput(decision.input);
  const input: Json | null = text === null ? null : parseJson(new TextEncoder().encode(text));
  const past = await policies.past(decision.policy);
  return {
    job_id: id, at: job.created, decision, input,
    policy: past && { digest: decision.policy, modules: past.bundle.modules, data: past.bundle.data },
    // What the schema of today refuses, decideOn denies: of an input of another release that says nothing.
    again: past === null || input === null ? null : decideOn(past.policy, input as unknown as PolicyInput, sha256),
  };
}
