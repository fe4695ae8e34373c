// `dewar cancel`: stop a job that has not ended.
import { resolveJob } from '../job-ref.ts';
import { headLine } from '../job-text.ts';
import { example, jobArgument, type Verb } from '../verb.ts';

export const cancel: Verb = (program, run) => {
  program.command('cancel')
    .description('stop a job that has not ended')
    .argument(...jobArgument)
    .addHelpText('after', example('dewar cancel last'))
    .action((ref: string) => run(async ({ jobs, output, signal }) => {
      const job = await jobs.cancel(await resolveJob(ref, (limit) => jobs.jobs(limit, { signal })), { signal });
      output.answer({ job }, () => [headLine(job)]);
    }));
};
