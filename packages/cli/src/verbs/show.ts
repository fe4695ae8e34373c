// `dewar show`: everything about one job.
import { resolveJob } from '../job-ref.ts';
import { jobLines } from '../job-text.ts';
import { example, jobArgument, type Verb } from '../verb.ts';

export const show: Verb = (program, run) => {
  program.command('show')
    .description('show a job: facts, price, decision, outcome')
    .argument(...jobArgument)
    .addHelpText('after', example('dewar show last'))
    .action((ref: string) => run(async ({ jobs, output, signal }) => {
      const job = await jobs.job(await resolveJob(ref, (limit) => jobs.jobs(limit, { signal })), { signal });
      output.answer({ job }, () => jobLines(job, output.columns));
    }));
};
