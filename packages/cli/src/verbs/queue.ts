// `dewar queue`: the line before each device, and when each job in it is likely to begin.
import { startText } from '@dewar/protocol';
import { minute } from '../job-text.ts';
import { table } from '../line.ts';
import { example, type Verb } from '../verb.ts';

export const queue: Verb = (program, run) => {
  program.command('queue')
    .description('list what waits for each device, in the order in which it would begin')
    .addHelpText('after', example('dewar queue'))
    .action(() => run(async ({ control, output, signal }) => {
      const lines = await control.queue({ signal });
      const rows = lines.flatMap(({ device, running, waiting }) => [
        ...running.map((one) => [device, 'runs', one.job_id, one.session, one.lane, minute(one.since), '']),
        ...waiting.map((one) => [device, String(one.position), one.job_id, one.session, one.lane, minute(one.since), startText(one.estimate)]),
      ]);
      output.answer({ queue: lines }, () => (rows.length === 0 ? ['nothing runs, and nothing waits for a device'] : table(['device', 'place', 'job', 'session', 'lane', 'since', ''], rows, output.tableColumns)));
    }));
};
