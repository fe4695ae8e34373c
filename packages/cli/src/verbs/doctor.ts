// `dewar doctor`: what is well, what is not, and the command that mends it.
import { allChecks, type Check } from '../checks.ts';
import { exits } from '../exit.ts';
import { row, type Line, type Tone } from '../line.ts';
import { example, type Verb } from '../verb.ts';

const tones: Readonly<Record<Check['state'], Tone>> = { ok: 'good', fail: 'bad', skip: 'faint' };

export const doctor: Verb = (program, run) => {
  program.command('doctor')
    .description('check this machine and the broker; say what mends each fault')
    .addHelpText('after', example('dewar doctor'))
    .action(() => run(async (context) => {
      const { output } = context;
      const checks = await allChecks(context);
      const failed = checks.some((check) => check.state === 'fail');
      output.answer({ ok: !failed, checks }, () => checks.flatMap((check): Line[] => [
        [{ text: check.state.padEnd(5), tone: tones[check.state] }, `${check.name.padEnd(14)} ${check.detail}`],
        ...(check.fix === undefined ? [] : row('     fix', check.fix, output.columns, 'strong')),
      ]));
      return failed ? exits.failure : exits.ok;
    }));
};
