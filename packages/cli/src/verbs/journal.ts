// `dewar journal`: the append-only log, checked from its first leaf.
import { exits } from '../exit.ts';
import { many } from '../job-text.ts';
import { row } from '../line.ts';
import { example, type Verb } from '../verb.ts';

export const journal: Verb = (program, run) => {
  const group = program.command('journal').description('the append-only journal of every event');
  group.command('verify')
    .description('hash every event again and compare with the signed checkpoint')
    .addHelpText('after', example('dewar journal verify'))
    .action(() => run(async ({ control, output, signal }) => {
      const report = await control.verifyJournal({ signal });
      output.answer(report, () => [
        [{ text: report.ok ? 'the journal verifies' : 'the journal does NOT verify', tone: report.ok ? 'good' : 'bad' }],
        ...row('Events', many(report.size, 'event'), output.columns), ...row('Root', report.root, output.columns),
        ...report.problems.slice(0, 20).flatMap((problem) => row('Problem', problem, output.columns, 'bad')),
      ]);
      return report.ok ? exits.ok : exits.failure;
    }));
};
