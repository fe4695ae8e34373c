// The command as a whole: every verb in its group, and the help that ends in the exit codes.
import { Command, type CommanderError } from 'commander';
import { environment, firstExample } from './about.ts';
import { exitMeanings, usage } from './exit.ts';
import type { Output } from './output.ts';
import type { Run, Verb } from './verb.ts';
import { approve } from './verbs/approve.ts';
import { backends } from './verbs/backends.ts';
import { budget } from './verbs/budget.ts';
import { cancel } from './verbs/cancel.ts';
import { completion } from './verbs/completion.ts';
import { deny } from './verbs/deny.ts';
import { doctor } from './verbs/doctor.ts';
import { down } from './verbs/down.ts';
import { envelope } from './verbs/envelope.ts';
import { freeze } from './verbs/freeze.ts';
import { jobs } from './verbs/jobs.ts';
import { journal } from './verbs/journal.ts';
import { logs } from './verbs/logs.ts';
import { man } from './verbs/man.ts';
import { mcp } from './verbs/mcp.ts';
import { pending } from './verbs/pending.ts';
import { policy } from './verbs/policy.ts';
import { prices } from './verbs/prices.ts';
import { queue } from './verbs/queue.ts';
import { quote } from './verbs/quote.ts';
import { receipt } from './verbs/receipt.ts';
import { results } from './verbs/results.ts';
import { run } from './verbs/run.ts';
import { session } from './verbs/session.ts';
import { show } from './verbs/show.ts';
import { status } from './verbs/status.ts';
import { submit } from './verbs/submit.ts';
import { tcp } from './verbs/tcp.ts';
import { thaw } from './verbs/thaw.ts';
import { up } from './verbs/up.ts';
import { verify } from './verbs/verify.ts';
import { wait } from './verbs/wait.ts';

export const verbGroups: readonly (readonly [string, readonly Verb[]])[] = [
  ['Broker:', [up, down, status, doctor, session, mcp, tcp]],
  ['Jobs:', [run, submit, jobs, queue, show, wait, results, logs, cancel]],
  ['Approval:', [pending, approve, deny, envelope, freeze, thaw, policy]],
  ['Money and devices:', [backends, quote, prices, budget]],
  ['Evidence:', [receipt, verify, journal]],
  ['Shell:', [completion, man]],
];

export interface ProgramParts {
  readonly output: Output;
  readonly run: Run;
  readonly version: string;
}

export function programOf({ output, run: go, version }: ProgramParts): Command {
  const program = new Command('dewar');
  program
    .description('Dewar lets AI agents run quantum experiments on your machine without holding keys, files or budget.')
    .version(version, '-V, --version', 'show the version')
    .option('--json', 'one JSON document on stdout; errors as {"error"} on stderr')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [verb]', 'show help for a verb')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => output.help(text, false), writeErr: () => {}, getOutHelpWidth: () => 80, getErrHelpWidth: () => 80 })
    .exitOverride()
    .addHelpText('after', epilogue());
  for (const [heading, verbs] of verbGroups) {
    program.commandsGroup(heading);
    for (const verb of verbs) verb(program, go);
  }
  return program;
}

function epilogue(): string {
  const codes = exitMeanings.map(([code, meaning]) => `  ${String(code).padEnd(4)} ${meaning}`);
  const variables = environment.map(([name, meaning]) => `  ${name.padEnd(13)} ${meaning}`);
  return ['', 'Exit codes:', ...codes, '', 'Environment:', ...variables, '', 'Example:', `  $ ${firstExample}`].join('\n');
}

/** What commander threw, as an error of ours; undefined when it was help or version that was asked for. */
export function usageOf(error: CommanderError, verbs: string): Error | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === 'commander.help') return usage('a verb is needed', { allowed: verbs, fix: 'dewar help' });
  return usage(error.message.replace(/^error: /, '').replace(/\n/g, ' '), { fix: 'dewar help, or dewar VERB --help' });
}
