// `dewar run`: a circuit file made into a job spec, submitted and followed.
import { lanes, limits, type JobSpec, type Lane } from '@dewar/protocol';
import { Option } from 'commander';
import { nameOf, readNamed } from '../files.ts';
import { parametersFrom } from '../parameters.ts';
import { afterSubmit } from '../submit-flow.ts';
import { amount, collect, example, wholeNumber, type Verb } from '../verb.ts';
import { resolveEnvelope } from './envelope.ts';

interface RunOptions {
  readonly backend: string;
  readonly shots?: number;
  readonly maxCost?: string;
  readonly param?: readonly string[];
  readonly envelope?: string;
  readonly timeLimit?: number;
  readonly lane?: Lane;
  readonly name?: string;
  readonly tag?: readonly string[];
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly timeout?: number;
}

export const run: Verb = (program, go) => {
  program.command('run')
    .description('run a circuit and show its counts')
    .argument('<circuit>', 'an OpenQASM 2 or 3 file')
    .requiredOption('--backend <name>', 'where to run: dewar backends')
    .option('--shots <n>', 'how often to run it, each point of a sweep (default: 1024)', wholeNumber(1, limits.shots))
    .option('--max-cost <amount>', "most it may cost, in the backend's currency", amount)
    .option('--param <name=values>', 'set an input: NAME=0.5; NAME=0,0.5,1 or NAME=START:STOP:COUNT for a sweep; may be repeated', collect)
    .option('--envelope <envelope>', 'run under an envelope that a person has approved: its id, or last')
    .option('--time-limit <seconds>', 'most seconds it may run (default: 60)', wholeNumber(1, limits.time_limit_s))
    .addOption(new Option('--lane <lane>', 'how urgent it is (default: interactive)').choices(lanes))
    .option('--name <text>', "the job's name (default: the file's)")
    .option('--tag <text>', 'a word to find the job by; may be repeated', collect)
    .option('--dry-run', 'show facts, price and decision; submit nothing')
    .option('--no-wait', 'return as soon as the job is taken')
    .option('--timeout <seconds>', 'stop waiting after so long', wholeNumber(1, 604_800))
    .addHelpText('after', example('dewar run bell.qasm --backend simulator --shots 1000', 'dewar run ansatz.qasm --backend simulator --param theta=0:3.14:20'))
    .action((circuit: string, options: RunOptions) => go(async (context) => {
      const call = { signal: context.signal };
      const parameters = parametersFrom(options.param ?? []);
      const envelope = options.envelope === undefined ? undefined : await resolveEnvelope(options.envelope, { ...context, jobs: context.session });
      const source = await readNamed(circuit, limits.program_bytes);
      const { digest } = await context.session.putArtifact(source, call);
      const spec: JobSpec = {
        job_name: options.name ?? nameOf(circuit), code_blob: digest, backend: options.backend,
        ...(options.shots !== undefined && { shots: options.shots }),
        ...(options.maxCost !== undefined && { max_cost: Number(options.maxCost) }),
        ...(Object.keys(parameters).length > 0 && { parameters }),
        ...(envelope !== undefined && { envelope }),
        ...(options.timeLimit !== undefined && { time_limit_s: options.timeLimit }),
        ...(options.lane !== undefined && { lane: options.lane }),
        ...(options.tag !== undefined && { tags: options.tag }),
        ...(options.dryRun === true && { dry_run: true }),
      };
      return afterSubmit(context, await context.session.submit(new TextEncoder().encode(JSON.stringify(spec)), call), options);
    }));
};
