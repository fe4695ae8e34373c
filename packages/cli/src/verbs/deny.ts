// `dewar deny`: a person's no, with the reason that the agent will read.
import { isId } from '@dewar/protocol';
import { envelopeHead } from '../envelope-text.ts';
import { headLine } from '../job-text.ts';
import { example, type Verb } from '../verb.ts';
import { resolveWaiting } from './pending.ts';

export const deny: Verb = (program, run) => {
  program.command('deny')
    .description('refuse a waiting job or envelope')
    .argument('<job>', 'job or envelope id, the beginning of a job id, or last')
    .requiredOption('--reason <text>', 'why; the agent is told')
    .addHelpText('after', example('dewar deny last --reason "simulate it first"'))
    .action((ref: string, options: { reason: string }) => run(async ({ control, output, signal }) => {
      const id = await resolveWaiting(ref, control, signal);
      if (isId('env', id)) {
        const envelope = await control.denyEnvelope(id, options.reason, { signal });
        return output.answer({ envelope }, () => [envelopeHead(envelope)]);
      }
      const job = await control.deny(id, options.reason, { signal });
      output.answer({ job }, () => [headLine(job)]);
    }));
};
