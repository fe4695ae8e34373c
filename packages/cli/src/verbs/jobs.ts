// `dewar jobs`: the newest jobs in a table.
import { specDefaults } from '@dewar/protocol';
import { minute } from '../job-text.ts';
import { table } from '../line.ts';
import { example, wholeNumber, type Verb } from '../verb.ts';

/** Jobs that are looked through for a tag; the broker gives no more at once. */
const looked = 500;

export const jobs: Verb = (program, run) => {
  program.command('jobs')
    .description('list jobs, newest first')
    .option('--limit <n>', 'how many', wholeNumber(1, 200), 20)
    .option('--tag <text>', 'only those that were submitted with this tag, of the newest 500')
    .addHelpText('after', example('dewar jobs --limit 5'))
    .action((options: { limit: number; tag?: string }) => run(async ({ jobs: client, output, signal }) => {
      const { limit, tag } = options;
      const list = tag === undefined ? await client.jobs(limit, { signal }) : (await client.jobs(looked, { signal })).filter(({ spec }) => spec.tags?.includes(tag) === true).slice(0, limit);
      const rows = list.map((job) => [
        job.job_id, job.queue === undefined ? job.status : `${job.status} ${job.queue.position} of ${job.queue.of}`, job.device.name, String((job.spec.shots ?? specDefaults.shots) * (job.points ?? 1)), minute(job.created), job.session, job.spec.job_name,
      ]);
      output.answer({ jobs: list }, () => (rows.length === 0 ? ['no jobs yet'] : table(['job', 'status', 'device', 'shots', 'created', 'session', 'name'], rows, output.tableColumns)));
    }));
};
