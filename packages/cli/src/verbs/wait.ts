// `dewar wait`: until a job has ended.
import { exitOfJob } from '../exit.ts';
import { follow } from '../follow.ts';
import { resolveJob } from '../job-ref.ts';
import { shortLines } from '../submit-flow.ts';
import { example, jobArgument, wholeNumber, type Verb } from '../verb.ts';

export const wait: Verb = (program, run) => {
  program.command('wait')
    .description('wait until a job has ended')
    .argument(...jobArgument)
    .option('--timeout <seconds>', 'stop waiting after so long', wholeNumber(1, 604_800))
    .addHelpText('after', example('dewar wait last --timeout 600'))
    .action((ref: string, options: { timeout?: number }) => run(async (context) => {
      const { jobs, output, signal } = context;
      const job = await follow(context, jobs, await resolveJob(ref, (limit) => jobs.jobs(limit, { signal })), options.timeout);
      output.answer({ job }, () => shortLines(job, output.columns));
      return exitOfJob(job);
    }));
};
