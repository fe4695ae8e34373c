// `dewar freeze`: the brake; nothing is granted until thaw.
import { example, type Verb } from '../verb.ts';

export const freeze: Verb = (program, run) => {
  program.command('freeze')
    .description('pull the brake: no job is granted until thaw')
    .option('--reason <text>', 'why; it is kept in the journal')
    .addHelpText('after', example('dewar freeze --reason "looking into job_01k9"'))
    .action((options: { reason?: string }) => run(async ({ control, output, signal }) => {
      const frozen = await control.freeze(options.reason, { signal });
      output.answer({ frozen }, () => ['frozen: no job is granted until dewar thaw']);
    }));
};
