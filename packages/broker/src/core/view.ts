// A job as its session and the person see it.
import { isSweep, pointCount, type JobStatus, type JobView, type QueuePlace } from '@dewar/protocol';
import type { Job } from './job.ts';
import type { Device } from './ports.ts';

export function statusOf(job: Job): JobStatus {
  switch (job.phase) {
    case 'waiting':
    case 'queued':
      return job.phase;
    case 'sending':
    case 'running':
      return 'running';
    default:
      return job.outcome.kind;
  }
}

/** True when nothing more will change: its receipt is signed. */
export function isOver(job: Job): boolean {
  return job.phase === 'ended';
}

/** What is true of it now and stands in no journal. */
export interface Moment {
  readonly progress?: { readonly done: number; readonly total: number } | undefined;
  readonly queue?: QueuePlace | undefined;
}

export function jobView(job: Job, device: Device['view'] | undefined, { progress, queue }: Moment = {}): JobView {
  const base: JobView = {
    job_id: job.id, status: statusOf(job), session: job.session.name, created: job.created, spec: job.spec,
    spec_digest: job.spec_digest, program_digest: job.program_digest, resolved_digest: job.resolved_digest,
    device: { ...job.resolved.device, max_qubits: device?.max_qubits ?? 0 },
    facts: job.facts, quote: job.quote, decision: job.decision, receipt: job.phase === 'ended',
    ...(isSweep(job.spec.parameters) && { points: pointCount(job.spec.parameters) }), ...('under' in job && job.under !== undefined && { envelope: { id: job.under.envelope } }),
  };
  if (job.phase === 'waiting') return { ...base, expires: job.expires };
  const approval = job.approval && { approval: { id: job.approval.id, at: job.approval.at } };
  if (job.phase === 'queued') return { ...base, ...approval, ...(queue && { queue }) };
  const grant = job.grant && { grant: { id: job.grant.id, expires: job.grant.expires } };
  if (job.phase === 'sending') return { ...base, ...approval, ...grant };
  const sent = { ...base, ...approval, ...grant, ...(job.provider_job_id !== null && { provider_job_id: job.provider_job_id }) };
  if (job.phase === 'running') return { ...sent, ...(progress && { progress }) };
  const { outcome } = job;
  const [reason] = outcome.kind === 'denied' ? outcome.reasons : [];
  return {
    ...sent, ended: job.ended,
    ...(outcome.kind === 'denied' && { denied: { by: outcome.by, message: reason?.message ?? 'denied', fix: reason?.fix ?? null } }),
    ...(outcome.kind === 'failed' && { failure: outcome.error }),
    ...(outcome.kind === 'completed' && { results_digest: outcome.results }),
    ...(job.cost !== null && job.cost !== 'unknown' && { cost: job.cost }),
  };
}

