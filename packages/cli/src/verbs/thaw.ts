// `dewar thaw`: let go of the brake.
import { example, type Verb } from '../verb.ts';

export const thaw: Verb = (program, run) => {
  program.command('thaw')
    .description('let go of the brake')
    .option('--budget', 'let go of the budget that a bill above its reservation froze')
    .addHelpText('after', example('dewar thaw'))
    .action(({ budget = false }: { budget?: boolean }) => run(async ({ control, output, signal }) => {
      const frozen = await control.thaw({ budget, signal });
      output.answer({ frozen }, () => [budget ? 'the budget is thawed: money may be reserved again' : 'thawed: jobs are granted again']);
    }));
};
