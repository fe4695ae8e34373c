// `dewar thaw`: let go of the brake.
import { example, type Verb } from '../verb.ts';

export const thaw: Verb = (program, run) => {
  program.command('thaw')
    .description('let go of the brake')
    .addHelpText('after', example('dewar thaw'))
    .action(() => run(async ({ control, output, signal }) => {
      const frozen = await control.thaw({ signal });
      output.answer({ frozen }, () => ['thawed: jobs are granted again']);
    }));
};
