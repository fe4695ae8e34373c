// `dewar cancel`: stop a job that has not ended.
import { hasEnded } from '@dewar/client';
import { resolveJob } from '../job-ref.ts';
import { headLine } from '../job-text.ts';
import { example, jobArgument, type Verb } from '../verb.ts';

/** Newest jobs that are looked through for those that have not ended. */
const looked = 500;

export const cancel: Verb = (program, run) => {
  program.command('cancel')
    .description('stop a job that has not ended')
    .argument(...jobArgument)
    .addHelpText('after', example('dewar cancel last'))
    .action((ref: string) => run(async ({ jobs, output, signal }) => {
      const open = async () => (await jobs.jobs(looked, { signal })).filter(({ status }) => !hasEnded(status));
      const job = await jobs.cancel(await resolveJob(ref, open, 'no job is under way'), { signal });
      output.answer({ job }, () => [headLine(job)]);
    }));
};
