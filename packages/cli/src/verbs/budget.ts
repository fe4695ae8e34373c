// `dewar budget`: what may still be spent today.
import { formatMoney } from '@dewar/protocol';
import { moneyText } from '../job-text.ts';
import { row, type Line } from '../line.ts';
import { example, type Verb } from '../verb.ts';

export const budget: Verb = (program, run) => {
  program.command('budget')
    .description('show what may still be spent')
    .addHelpText('after', example('dewar budget --json'))
    .action(() => run(async ({ session, output, signal }) => {
      const view = await session.budget({ signal });
      const line = (label: string, text: string): Line[] => row(label, text, output.columns);
      output.answer({ budget: view }, () => [
        ...line('Left', `${moneyText(view.day_remaining)} of ${formatMoney(view.day_limit)} on ${view.day} (UTC)`),
        ...line('Reserved', formatMoney(view.day_reserved)), ...line('Settled', formatMoney(view.day_settled)), ...line('A job', `at most ${formatMoney(view.job_limit)}`),
        ...(view.frozen ? row('Frozen', 'nothing is spent until it is thawed', output.columns, 'bad') : []),
      ]);
    }));
};
