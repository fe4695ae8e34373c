// `dewar man`: the manual page, for man(1) to show.
import { manPage } from '../man-page.ts';
import { example, type Verb } from '../verb.ts';

export const man: Verb = (program, run) => {
  program.command('man')
    .description('print the manual page')
    .addHelpText('after', example('dewar man | man -l -'))
    .action(() => run(async ({ output }) => {
      const page = manPage(program);
      if (output.json) output.answer({ page }, () => []);
      else output.help(page, false);
    }));
};
