// `dewar deny`: a person's no, with the reason that the agent will read.
import { resolveJob } from '../job-ref.ts';
import { headLine } from '../job-text.ts';
import { example, jobArgument, type Verb } from '../verb.ts';
import { waitingJobs } from './pending.ts';

export const deny: Verb = (program, run) => {
  program.command('deny')
    .description('refuse a waiting job')
    .argument(...jobArgument)
    .requiredOption('--reason <text>', 'why; the agent is told')
    .addHelpText('after', example('dewar deny last --reason "simulate it first"'))
    .action((ref: string, options: { reason: string }) => run(async ({ control, output, signal }) => {
      const id = await resolveJob(ref, () => waitingJobs(control, signal));
      const job = await control.deny(id, options.reason, { signal });
      output.answer({ job }, () => [headLine(job)]);
    }));
};
