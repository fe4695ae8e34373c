// What a receipt says of a job, in the fields of docs/spec/receipt.md.
import { canonicalJson, type Json, type JsonObject } from '@dewar/protocol';
import type { ReceiptOutcome, ReceiptPredicate } from '@dewar/receipt/statement';
import type { Envelope } from './envelope.ts';
import type { Closing, Outcome } from './job.ts';
import type { JournalHead, StoredEvent } from './ports.ts';

export interface Around {
  /** The journal before this receipt was signed. */
  readonly head: JournalHead;
  /** The job's own events so far, in order. */
  readonly events: readonly StoredEvent[];
  readonly version: string;
  /** The envelope whose yes the job ran under, if any. */
  readonly envelope: Envelope | undefined;
}

/** Everything comes from the job and its events: nothing is worked out anew, so the receipt can say nothing that was not recorded. */
export function receiptPredicate(job: Closing, { head, events, version, envelope }: Around): ReceiptPredicate {
  const { grant, approval, cost, under } = job;
  return {
    job_id: job.id,
    session: { id: job.session.id as ReceiptPredicate['session']['id'], name: job.session.name, containment: job.session.containment },
    spec: canonicalJson(job.spec as unknown as Json), spec_digest: job.spec_digest, program_digest: job.program_digest,
    resolved: job.resolved as unknown as JsonObject, resolved_digest: job.resolved_digest,
    facts: job.facts, quote: job.quote, decision: job.decision,
    approval: approval && { ...approval, by: 'control-socket' },
    ...(under && envelope && { envelope: { id: under.envelope, terms: envelope.terms, terms_digest: under.terms, approval: { ...under.approval, by: 'control-socket' as const } } }),
    grant: grant && { id: grant.id, shots: grant.shots, amount: grant.amount, issued: grant.issued, expires: grant.expires },
    device: job.resolved.device, provider_job_id: job.provider_job_id,
    outcome: receiptOutcome(job.outcome), cost,
    overrun: cost !== null && cost !== 'unknown' && cost.micros > (grant?.amount?.micros ?? Number.POSITIVE_INFINITY),
    times: { submitted: job.created, decided: job.created, started: events.find(({ type }) => type === 'provider.answered')?.time ?? null, ended: job.ended },
    image: job.resolved.image,
    broker: { version }, journal: { origin: head.origin, size: head.size, root: head.root },
    events: events.map(({ seq, leaf }) => ({ index: seq, leaf })),
  };
}

function receiptOutcome(outcome: Outcome): ReceiptOutcome {
  if (outcome.kind !== 'failed') return outcome;
  return { kind: 'failed', error: { code: outcome.error.code, message: outcome.error.message } };
}
