// The `dewar` command: reads the line, runs one verb, and ends with a code that means something.
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { answerCompletion, completeWord } from './completion/answer.ts';
import { contextOf } from './context.ts';
import { exitOfError, exits, Interrupted, type ExitCode } from './exit.ts';
import { Output } from './output.ts';
import { programOf, usageOf } from './program.ts';
import type { Run } from './verb.ts';

async function main(args: readonly string[]): Promise<ExitCode> {
  const signal = interruptSignal();
  const { env, stdout, stderr } = process;
  const output = new Output({ stdout, stderr, env, json: wantsJson(args) });
  let code: ExitCode = exits.ok;
  const run: Run = async (action) => {
    code = (await action(contextOf({ output, env, signal }))) ?? exits.ok;
  };
  const program = programOf({ output, run, version: version() });
  // Not a verb of commander's: it takes any words, help and options among them, and must not be told of in help.
  if (args[0] === completeWord) {
    await answerCompletion(program, args.slice(1), output, () => contextOf({ output, env, signal }));
    return code;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    const told = error instanceof CommanderError ? usageOf(error, program.commands.map((command) => command.name()).join(', ')) : error;
    if (told === undefined) return exits.ok;
    if (!(told instanceof Interrupted)) output.failure(told);
    return exitOfError(told);
  }
}

function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

/** The first Ctrl-C ends the work in good order; the second ends the process. */
function interruptSignal(): AbortSignal {
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(exits.interrupted);
    stop.abort(new Interrupted());
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return stop.signal;
}

function version(): string {
  const about: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof about === 'object' && about !== null && 'version' in about ? String(about.version) : '';
}

// A reader that has seen enough (`dewar jobs | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exits.ok : exits.failure));
process.exitCode = await main(process.argv.slice(2));
