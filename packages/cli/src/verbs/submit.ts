// `dewar submit`: a job spec as it stands, through the session's door.
import { limits } from '@dewar/protocol';
import { readNamed } from '../files.ts';
import { afterSubmit } from '../submit-flow.ts';
import { example, wholeNumber, type Verb } from '../verb.ts';

export const submit: Verb = (program, run) => {
  program.command('submit')
    .description('submit a job spec')
    .requiredOption('--spec <file>', 'the job spec, JSON; the bytes are sent as they are')
    .option('--wait', 'follow the job to its end and show the results', false)
    .option('--timeout <seconds>', 'stop waiting after so long', wholeNumber(1, 604_800))
    .addHelpText('after', example('dewar submit --spec job.json --wait'))
    .action((options: { spec: string; wait: boolean; timeout?: number }) => run(async (context) => {
      const spec = await readNamed(options.spec, limits.spec_bytes);
      return afterSubmit(context, await context.session.submit(spec, { signal: context.signal }), options);
    }));
};
