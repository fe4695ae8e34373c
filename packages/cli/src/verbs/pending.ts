// `dewar pending`: the jobs that wait for a person, or the approval card of one.
import type { ControlClient } from '@dewar/client';
import { DewarError, formatMoney, isId, specDefaults, type EnvelopeId, type EnvelopeView, type JobId, type JobView } from '@dewar/protocol';
import { card, sourceLines } from '../card.ts';
import { envelopeCard } from '../envelope-text.ts';
import { usage } from '../exit.ts';
import { deviceKind, minute } from '../job-text.ts';
import { resolveJob } from '../job-ref.ts';
import { table } from '../line.ts';
import { example, type Verb } from '../verb.ts';

export const pending: Verb = (program, run) => {
  program.command('pending')
    .description('list the jobs and envelopes that wait for a person, or show the card of one')
    .argument('[job]', 'job or envelope id, the beginning of a job id, or last')
    .option('--source', 'show the whole program of a job, with line numbers')
    .addHelpText('after', example('dewar pending', 'dewar pending last', 'dewar pending last --source'))
    .action((ref: string | undefined, options: { source?: boolean }) => run(async ({ control, output, signal }) => {
      const seen = { now: new Date(), columns: output.columns };
      const id = ref === undefined ? undefined : await resolveWaiting(ref, control, signal);
      if (id !== undefined && isId('env', id)) {
        const one = await control.pendingEnvelope(id, { signal });
        output.answer({ envelope_pending: one }, () => (options.source === true ? sourceLines(one, output.columns) : envelopeCard(one, seen)));
        return;
      }
      if (id !== undefined) {
        const one = await control.pending(id, { signal });
        output.answer({ pending: one }, () => (options.source === true ? sourceLines(one, output.columns) : card(one, seen)));
        return;
      }
      if (options.source === true) throw usage('--source needs a job', { fix: 'dewar pending JOB --source' });
      const { pending: list, envelopes } = await control.pendings({ signal });
      const rows = list.map(({ job }) => [
        job.job_id, `${deviceKind(job.device)} ${job.device.name}`, String((job.spec.shots ?? specDefaults.shots) * (job.points ?? 1)), job.quote.kind === 'free' ? 'free' : formatMoney(job.quote.amount), minute(job.expires ?? ''), job.session,
      ]);
      for (const { envelope: { envelope_id, terms, expires, session } } of envelopes) rows.push([envelope_id, `${deviceKind({ ...terms.device, max_qubits: 0 })} ${terms.device.name}`, String(terms.max_shots), terms.max_amount === null ? 'free' : formatMoney(terms.max_amount), minute(expires ?? ''), session]);
      output.answer({ pending: list, envelopes }, () => (rows.length === 0 ? ['nothing waits'] : table(['job', 'device', 'shots', 'at most', 'expires', 'session'], rows, output.tableColumns)));
      if (rows.length > 0) output.note('decide with: dewar approve JOB, or dewar deny JOB --reason TEXT');
    }));
};

/** What a person may answer: a whole id of a job or an envelope, the beginning of a job's, or the newest of all that waits. */
export async function resolveWaiting(ref: string, control: ControlClient, signal: AbortSignal): Promise<JobId | EnvelopeId> {
  if (isId('env', ref)) return ref;
  if (ref !== 'last') return resolveJob(ref, () => waitingJobs(control, signal));
  const [newest] = await allWaiting(control, signal);
  if (newest !== undefined) return idOf(newest);
  throw new DewarError({ code: 'not_found', message: 'nothing waits for a person', got: 'last', fix: 'dewar pending, dewar jobs' });
}

/** Jobs that are looked through for those that wait; the broker gives no more at once. */
const looked = 500;

/** Jobs and envelopes that a person may answer, newest first, as `last` needs them. From the lists, which no damaged program can spoil. */
export async function allWaiting(control: ControlClient, signal: AbortSignal): Promise<readonly (JobView | EnvelopeView)[]> {
  const envelopes = (await control.envelopes(looked, { signal })).filter(({ status }) => status === 'waiting');
  // Ids sort by time, whatever their kind.
  const time = (one: JobView | EnvelopeView): string => idOf(one).replace(/^[a-z]+_/, '');
  return [...(await waitingJobs(control, signal)), ...envelopes].toSorted((a, b) => (time(a) < time(b) ? 1 : -1));
}

export function idOf(one: JobView | EnvelopeView): JobId | EnvelopeId {
  return 'job_id' in one ? one.job_id : one.envelope_id;
}

async function waitingJobs(control: ControlClient, signal: AbortSignal): Promise<readonly JobView[]> {
  return (await control.jobs(looked, { signal })).filter(({ status }) => status === 'waiting');
}
