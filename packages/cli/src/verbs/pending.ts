// `dewar pending`: the jobs that wait for a person, or the approval card of one.
import { formatMoney, specDefaults } from '@dewar/protocol';
import { card } from '../card.ts';
import { deviceKind, minute } from '../job-text.ts';
import { resolveJob } from '../job-ref.ts';
import { table } from '../line.ts';
import { example, type Verb } from '../verb.ts';

export const pending: Verb = (program, run) => {
  program.command('pending')
    .description('list the jobs that wait for a person, or show the card of one')
    .argument('[job]', 'job id, its beginning, or last')
    .addHelpText('after', example('dewar pending', 'dewar pending last'))
    .action((ref: string | undefined) => run(async ({ control, output, signal }) => {
      if (ref !== undefined) {
        const one = await control.pending(await resolveJob(ref, async () => waitingJobs(await control.pendings({ signal }))), { signal });
        output.answer({ pending: one }, () => card(one, { now: new Date(), columns: output.columns }));
        return;
      }
      const list = await control.pendings({ signal });
      const rows = list.map(({ job }) => [
        job.job_id, `${deviceKind(job.device)} ${job.device.name}`, String(job.spec.shots ?? specDefaults.shots), job.quote.kind === 'free' ? 'free' : formatMoney(job.quote.amount), minute(job.expires ?? ''), job.session,
      ]);
      output.answer({ pending: list }, () => (rows.length === 0 ? ['nothing waits'] : table(['job', 'device', 'shots', 'at most', 'expires', 'session'], rows, output.tableColumns)));
      if (rows.length > 0) output.note('decide with: dewar approve JOB, or dewar deny JOB --reason TEXT');
    }));
};

/** Newest first, as `last` needs them. */
export function waitingJobs<T extends { readonly job_id: string }>(list: readonly { readonly job: T }[]): T[] {
  return list.map(({ job }) => job).sort((a, b) => (a.job_id < b.job_id ? 1 : -1));
}
