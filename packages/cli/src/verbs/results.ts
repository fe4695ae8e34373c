// `dewar results`: a job's counts as a histogram, JSON or CSV.
import { Option } from 'commander';
import { resolveJob } from '../job-ref.ts';
import { resultCsv, resultLines } from '../results-text.ts';
import { example, jobArgument, type Verb } from '../verb.ts';

export const results: Verb = (program, run) => {
  program.command('results')
    .description("show a completed job's counts")
    .argument(...jobArgument)
    .addOption(new Option('--format <format>', 'how').choices(['table', 'json', 'csv']).default('table'))
    .addHelpText('after', example('dewar results last --format csv > counts.csv'))
    .action((ref: string, options: { format: 'table' | 'json' | 'csv' }) => run(async ({ jobs, output, signal }) => {
      const answer = await jobs.results(await resolveJob(ref, (limit) => jobs.jobs(limit, { signal })), { signal });
      if (options.format === 'json') output.jsonText(JSON.stringify(answer, null, 2));
      else output.answer(answer, () => (options.format === 'csv' ? resultCsv(answer.results) : resultLines(answer.results, output.columns)));
    }));
};
