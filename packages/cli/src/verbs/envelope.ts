// `dewar envelope`: bounded families of jobs under one yes; approve and deny answer them as they answer jobs.
import { DewarError, isId, limits, longestEnvelope, mostEnvelopeJobs, shown, type EnvelopeId, type EnvelopeRequest, type EnvelopeView } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { envelopeHead, envelopeLines, envelopeTable } from '../envelope-text.ts';
import { exits, Interrupted, usage, type ExitCode } from '../exit.ts';
import { nameOf, readNamed } from '../files.ts';
import { rangesFrom } from '../parameters.ts';
import { amount, collect, example, wholeNumber, type Verb } from '../verb.ts';

interface RequestOptions {
  readonly backend: string;
  readonly shots: number;
  readonly jobs: number;
  readonly maxShots?: number;
  readonly maxCost?: string;
  readonly expires: number;
  readonly param?: readonly string[];
  readonly timeLimit?: number;
  readonly name?: string;
  readonly wait: boolean;
}

export const envelope: Verb = (program, run) => {
  const group = program.command('envelope').description('many bounded jobs under one yes: sweeps and variational loops');
  group.command('request')
    .description('ask a person for a bounded family of jobs')
    .argument('<circuit>', 'an OpenQASM 2 or 3 file')
    .requiredOption('--backend <name>', 'where to run: dewar backends')
    .requiredOption('--shots <n>', 'most shots one job may take', wholeNumber(1, limits.shots))
    .requiredOption('--jobs <n>', 'most jobs', wholeNumber(1, mostEnvelopeJobs))
    .option('--max-shots <n>', 'most shots of all jobs together (default: shots times jobs)', wholeNumber(1, limits.shots))
    .option('--max-cost <amount>', "most that all jobs together may cost, in the backend's currency", amount)
    .option('--expires <seconds>', 'how long it lasts', wholeNumber(60, longestEnvelope), 3600)
    .option('--param <name=range>', 'what an input may be: NAME=0.5 or NAME=MIN..MAX; may be repeated', collect)
    .option('--time-limit <seconds>', 'most seconds one job may run (default: 60)', wholeNumber(1, limits.time_limit_s))
    .option('--name <text>', "the envelope's name (default: the file's)")
    .option('--no-wait', 'return as soon as it is asked for')
    .addHelpText('after', example('dewar envelope request vqe.qasm --backend ibmq_qpu_1 --shots 1000 --jobs 40 --max-cost 20 --param theta=-3.15..3.15'))
    .action((circuit: string, options: RequestOptions) => run(async (context) => {
      const call = { signal: context.signal };
      const parameters = rangesFrom(options.param ?? []);
      const { digest } = await context.session.putArtifact(await readNamed(circuit, limits.program_bytes), call);
      const request: EnvelopeRequest = {
        name: options.name ?? nameOf(circuit), code_blob: digest, backend: options.backend, shots: options.shots, max_jobs: options.jobs, expires_in_s: options.expires,
        ...(Object.keys(parameters).length > 0 && { parameters }),
        ...(options.maxShots !== undefined && { max_shots: options.maxShots }),
        ...(options.maxCost !== undefined && { max_cost: Number(options.maxCost) }),
        ...(options.timeLimit !== undefined && { time_limit_s: options.timeLimit }),
      };
      const made = await context.session.requestEnvelope(request, call);
      if (made.status === 'waiting') context.output.note(`a person decides: dewar approve ${made.envelope_id}`);
      const answered = options.wait ? await awaited(context, made.envelope_id) : made;
      context.output.answer({ envelope: answered }, () => (answered.status === 'denied' ? envelopeLines(answered, context.output.columns) : [envelopeHead(answered)]));
      if (answered.status === 'live') context.output.note(`submit under it: dewar run ${circuit} --backend ${options.backend} --shots ${options.shots}${Object.keys(parameters).map((name) => ` --param ${name}=VALUE`).join('')} --envelope ${answered.envelope_id}`);
      // As `run --no-wait`: it was taken.
      return !options.wait && answered.status === 'waiting' ? exits.ok : exitOf(answered.status);
    }));
  group.command('list')
    .description('list envelopes, newest first')
    .option('--limit <n>', 'how many', wholeNumber(1, 200), 20)
    .addHelpText('after', example('dewar envelope list'))
    .action((options: { limit: number }) => run(async ({ jobs, output, signal }) => {
      const envelopes = await jobs.envelopes(options.limit, { signal });
      output.answer({ envelopes }, () => (envelopes.length === 0 ? ['no envelopes yet'] : envelopeTable(envelopes, output.tableColumns)));
    }));
  group.command('show')
    .description('show an envelope: its terms and what was used')
    .argument('<envelope>', 'envelope id, or last')
    .addHelpText('after', example('dewar envelope show last'))
    .action((ref: string) => run(async (context) => {
      const { jobs, output, signal } = context;
      const found = await jobs.envelope(await resolveEnvelope(ref, context), { signal });
      output.answer({ envelope: found }, () => envelopeLines(found, output.columns));
    }));
  group.command('close')
    .description('end an envelope: nothing more runs under it')
    .argument('<envelope>', 'envelope id, or last')
    .addHelpText('after', example('dewar envelope close last'))
    .action((ref: string) => run(async (context) => {
      const { jobs, output, signal } = context;
      const closed = await jobs.closeEnvelope(await resolveEnvelope(ref, context), { signal });
      output.answer({ envelope: closed }, () => [envelopeHead(closed)]);
    }));
};

async function awaited({ session, output, signal }: Context, id: EnvelopeId): Promise<EnvelopeView> {
  try {
    return await session.waitEnvelope(id, { signal });
  } catch (error) {
    if (error instanceof Interrupted) output.note(`${id} still waits without this terminal. To take it back: dewar envelope close ${id}. To see it: dewar envelope show ${id}`);
    throw error;
  }
}

function exitOf(status: string): ExitCode {
  if (status === 'denied') return exits.denied;
  return status === 'live' ? exits.ok : status === 'waiting' ? exits.waiting : exits.failure;
}

/** Throws `not_found` where `last` finds none. */
export async function resolveEnvelope(ref: string, { jobs, signal }: Context): Promise<EnvelopeId> {
  if (isId('env', ref)) return ref;
  if (ref !== 'last') throw usage('not an envelope id', { got: shown(ref), allowed: 'env_ and 20 characters, or last', fix: 'dewar envelope list' });
  const [newest] = await jobs.envelopes(1, { signal });
  if (newest === undefined) throw new DewarError({ code: 'not_found', message: 'there is no envelope yet', got: 'last', fix: 'dewar envelope request --help' });
  return newest.envelope_id;
}
