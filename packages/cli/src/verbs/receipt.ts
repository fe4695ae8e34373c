// `dewar receipt`: a job's signed receipt, as it was signed.
import { resolveJob } from '../job-ref.ts';
import { writeWhole } from '../durable-file.ts';
import { example, jobArgument, type Verb } from '../verb.ts';

export const receipt: Verb = (program, run) => {
  program.command('receipt')
    .description("fetch a job's signed receipt (a Sigstore bundle)")
    .argument(...jobArgument)
    .option('-o, --output <file>', 'write it to a file instead of stdout')
    .addHelpText('after', example('dewar receipt last -o receipt.json'))
    .action((ref: string, options: { output?: string }) => run(async ({ jobs, output, signal }) => {
      const id = await resolveJob(ref, (limit) => jobs.jobs(limit, { signal }));
      const bytes = await jobs.receipt(id, { signal });
      const file = options.output;
      if (file === undefined) {
        output.jsonText(new TextDecoder().decode(bytes));
        return;
      }
      await writeWhole(file, bytes, { mode: 0o644 });
      output.answer({ job_id: id, file }, () => [`${id}  receipt written to ${file}`]);
      output.note(`check it: dewar verify ${file}`);
    }));
};
