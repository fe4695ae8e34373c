// `dewar status`: whether the broker runs, and what it holds.
import { endStatuses, type JobStatus } from '@dewar/protocol';
import { troubledText } from '../budget-text.ts';
import { many, shortDigest } from '../job-text.ts';
import { row, type Line } from '../line.ts';
import { example, type Verb } from '../verb.ts';

const open: readonly JobStatus[] = ['waiting', 'queued', 'running'];

export const status: Verb = (program, run) => {
  program.command('status')
    .description('show whether the broker runs, and what it holds')
    .addHelpText('after', example('dewar status'))
    .action(() => run(async ({ control, output, signal }) => {
      const view = await control.status({ signal });
      const tcp = await control.tcp({ signal });
      const { budgets } = await control.budgets({ signal });
      const { problem } = await control.policy({ signal });
      const line = (label: string, text: string): Line[] => row(label, text, output.columns);
      const counts = (statuses: readonly JobStatus[]): string => statuses.map((each) => `${view.jobs[each]} ${each}`).join(' · ');
      output.answer({ status: view, tcp, budgets, policy_problem: problem }, () => [
        [{ text: view.frozen ? 'up, FROZEN' : 'up', tone: view.frozen ? 'warn' : 'good' }, `  process ${view.pid}, version ${view.version}, since ${view.since}`],
        ...line('Home', view.home), ...line('Sessions', String(view.sessions)), ...line('Jobs', counts(open)), ...line('', counts(endStatuses)),
        ...line('Journal', `${many(view.journal.size, 'event')}, root ${view.journal.root}`), ...row('Policy', `${shortDigest(view.policy)}${problem === null ? '' : '; YOUR FILES AS THEY ARE NOW ARE NOT IN FORCE: dewar policy show'}`, output.columns, problem === null ? undefined : 'bad'),
        ...row('Budgets', troubledText(budgets).join(' · ') || many(budgets.length, 'budget'), output.columns, budgets.some(({ frozen }) => frozen) ? 'bad' : troubledText(budgets).length > 0 ? 'warn' : undefined),
        ...(tcp === null ? [] : line('TCP door', `open on ${tcp.url}`)),
      ]);
    }));
};
