// `dewar completion`: the script that completes `dewar` in a shell.
import { Argument } from 'commander';
import { completionScript, installs, shells, type Shell } from '../completion/scripts.ts';
import { example, type Verb } from '../verb.ts';

export const completion: Verb = (program, run) => {
  program.command('completion')
    .description('print the script that completes dewar in a shell')
    .addArgument(new Argument('<shell>', 'which').choices(shells))
    .addHelpText('after', `\nInstall:\n${shells.map((shell) => `  ${shell.padEnd(5)} ${installs[shell]}`).join('\n')}`)
    .addHelpText('after', example('dewar completion bash'))
    .action((shell: Shell) => run(async ({ output }) => {
      const script = completionScript(shell);
      if (output.json) output.answer({ shell, script }, () => []);
      else output.help(script, false);
    }));
};
