// A verified receipt in a few lines: asked, decided, approved, run, paid.
import { isSweep, pointCount } from '@dewar/protocol';
import type { VerifiedReceipt } from '@dewar/receipt';
import { escape } from './escape.ts';
import { deviceWord, many, moneyText, quoteText, shortDigest, shotsText } from './job-text.ts';
import { row, type Line } from './line.ts';

/** `given`: the key was named on the command line and is not the home's. */
export function receiptLines({ predicate, spec, key }: VerifiedReceipt, columns: number, given = false): Line[] {
  const { approval, cost, decision, device, envelope, grant, outcome, session, times } = predicate;
  const line = (label: string, text: string): Line[] => row(label, text, columns);
  const where = device.name === spec.backend ? '' : ` (asked for as ${spec.backend})`;
  const run = times.started === null ? 'never started' : `from ${times.started} to ${times.ended}, ${many(grant?.shots ?? 0, 'shot')}, device job ${predicate.provider_job_id ?? 'none'}`;
  const paid = cost === 'unknown' ? 'not known yet; the reservation stands' : cost === null ? 'nothing' : moneyText(cost);
  return [
    [{ text: 'verified', tone: 'good' }, `  ${predicate.job_id}, signed by ${given ? 'the key given with --key,' : 'the pinned key'} ${key.hint.slice(0, 12)}…`],
    ...line('Asked', `by session ${session.name} (${session.containment}) at ${times.submitted}: ${shotsText({ spec, ...(isSweep(spec.parameters) && { points: pointCount(spec.parameters) }) })} on ${deviceWord({ ...device, max_qubits: 0 })} ${device.name}${where}`),
    ...line('Price', quoteText(predicate.quote)),
    ...line('Decided', `${decision.effect}: ${decision.reasons.slice(0, 3).map((reason) => `${reason.rule} (${escape(reason.message, 120)})`).join('; ')}`),
    ...line('Approved', approval === null ? (envelope === undefined ? 'by nobody; none was needed or given' : `by envelope ${envelope.id}: a yes at ${envelope.approval.at} through the control socket, bound to terms ${shortDigest(envelope.terms_digest)}, which cover this job`) : `at ${approval.at} through the control socket, bound to ${shortDigest(approval.resolved_digest)}`),
    ...line('Run', run),
    ...line('Outcome', outcomeText(outcome)),
    ...line('Paid', `${paid}${predicate.overrun ? ' (an OVERRUN of what was granted)' : ''}`),
    ...line('Journal', `${many(predicate.events.length, 'event')} of this job, before head ${predicate.journal.size} of ${predicate.journal.origin}`),
    ...line('Digests', `resolved ${shortDigest(predicate.resolved_digest)} · program ${shortDigest(predicate.program_digest)} · spec ${shortDigest(predicate.spec_digest)}`),
  ];
}

function outcomeText(outcome: VerifiedReceipt['predicate']['outcome']): string {
  switch (outcome.kind) {
    case 'completed': return `completed, results ${shortDigest(outcome.results)}`;
    case 'failed': return `failed: ${escape(outcome.error.message, 200)} (${outcome.error.code})`;
    case 'cancelled': return `cancelled by the ${outcome.by}`;
    case 'denied': return `denied by ${outcome.by}: ${outcome.reasons.slice(0, 3).map((reason) => `${reason.rule} (${escape(reason.message, 120)})`).join('; ')}`;
  }
}
