// `dewar approve`: the card, then a person's yes to exactly what it showed.
import { stdin } from 'node:process';
import { DewarError, isId, type EnvelopeId } from '@dewar/protocol';
import { ask } from '../ask.ts';
import { card } from '../card.ts';
import type { Context } from '../context.ts';
import { envelopeCard, envelopeHead } from '../envelope-text.ts';
import { exits, usage, type ExitCode } from '../exit.ts';
import { endLines, headLine } from '../job-text.ts';
import { example, type Verb } from '../verb.ts';
import { resolveWaiting } from './pending.ts';

export const approve: Verb = (program, run) => {
  program.command('approve')
    .description('show the card of a waiting job or envelope and say yes to it')
    .argument('<job>', 'job or envelope id, the beginning of a job id, or last')
    .option('--yes', 'do not ask; the id must be whole')
    .addHelpText('after', example('dewar approve last'))
    .action((ref: string, options: { yes?: boolean }) => run(async (context) => {
      const { control, output, signal } = context;
      refuseUnclear(ref, options.yes === true, output.json);
      const id = await resolveWaiting(ref, control, signal);
      if (isId('env', id)) return approveEnvelope(context, id, options.yes === true);
      const pending = await control.pending(id, { signal });
      output.note(...card(pending, { now: new Date(), columns: output.columns }));
      if (pending.source_error !== null) throw unreadable(pending.source_error, id);
      if (options.yes !== true && !(await saysYes(context))) {
        output.note('not approved; the job still waits');
        return exits.waiting;
      }
      const job = await control.approve(id, { resolved_digest: pending.job.resolved_digest, nonce: pending.nonce }, { signal });
      if (job.status === 'denied') {
        output.answer({ job }, () => [['not run  ', ...asParts(headLine(job))], ...endLines(job, output.columns)]);
        return exits.denied;
      }
      output.answer({ job }, () => [['approved  ', ...asParts(headLine(job))]]);
      return exits.ok;
    }));
};

async function approveEnvelope(context: Context, id: EnvelopeId, yes: boolean): Promise<ExitCode> {
  const { control, output, signal } = context;
  const pending = await control.pendingEnvelope(id, { signal });
  output.note(...envelopeCard(pending, { now: new Date(), columns: output.columns }));
  if (pending.source_error !== null) throw unreadable(pending.source_error, id);
  if (!yes && !(await saysYes(context))) {
    output.note('not approved; the envelope still waits');
    return exits.waiting;
  }
  const envelope = await control.approveEnvelope(id, { terms_digest: pending.envelope.terms_digest, nonce: pending.nonce }, { signal });
  output.answer({ envelope }, () => [['approved  ', ...asParts(envelopeHead(envelope))]]);
  return exits.ok;
}

/** Without a person at a terminal only `--yes` approves, and only a job that was named in full: `last` may have become another one. */
function refuseUnclear(ref: string, yes: boolean, json: boolean): void {
  if (yes && !isId('job', ref) && !isId('env', ref)) throw usage('--yes needs the whole id', { got: ref, fix: 'dewar pending' });
  if (!yes && (json || stdin.isTTY !== true)) throw usage('a yes is asked for on a terminal', { got: json ? '--json' : 'no terminal', fix: 'run it in a terminal, or give --yes with the whole id' });
}

/** Nobody can say yes to what nobody can see. */
function unreadable(why: string, id: string): DewarError {
  return new DewarError({ code: 'approval_stale', message: 'the stored program cannot be read, so it is not approved', got: why, fix: `dewar deny ${id} --reason TEXT; find out who wrote to the store` });
}

async function saysYes({ output, signal }: Context): Promise<boolean> {
  return (await ask(stdin, output, 'Approve? Type yes: ', signal)).trim() === 'yes';
}

function asParts<T>(line: string | readonly T[]): readonly (string | T)[] {
  return typeof line === 'string' ? [line] : line;
}
