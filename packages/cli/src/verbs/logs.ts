// `dewar logs`: a job's history from the journal, and what its run printed.
import { resolveJob } from '../job-ref.ts';
import { table, type Line } from '../line.ts';
import { example, jobArgument, type Verb } from '../verb.ts';

export const logs: Verb = (program, run) => {
  program.command('logs')
    .description("show a job's journal events and what its run printed")
    .argument(...jobArgument)
    .addHelpText('after', example('dewar logs last'))
    .action((ref: string) => run(async ({ jobs, output, signal }) => {
      const answer = await jobs.logs(await resolveJob(ref, (limit) => jobs.jobs(limit, { signal })), { signal });
      output.answer(answer, () => {
        const events = answer.events.map((event) => [String(event.seq), event.time, event.type, event.text]);
        const printed: Line[] = answer.output === '' ? [] : [[{ text: 'The run printed (untrusted)', tone: 'faint' }], ...answer.output.replace(/\n$/, '').split('\n')];
        return [...table(['seq', 'time', 'event', ''], events, output.tableColumns), ...printed];
      });
    }));
};
