// `npm start`: reads the line, gives the tour in a throwaway home, and leaves nothing running however it ends.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DewarError, limits } from '@dewar/protocol';
import { exitOfError, exits, Interrupted, usage, type ExitCode } from '../exit.ts';
import { readNamed } from '../files.ts';
import { Output } from '../output.ts';
import { ownCircuit, tourCircuit, type Circuit } from './circuit.ts';
import { Throwaway } from './throwaway.ts';
import { tour } from './tour.ts';

const help = `The tour: an agent runs quantum experiments, a person keeps the keys and the money.

Usage: npm start -- [circuit.qasm] [--yes] [--step]

  circuit.qasm  an OpenQASM 2 or 3 file (default: examples/circuits/bell.qasm)
  --yes         the tour approves by itself
  --step        waits for Enter before each step
  --help        shows this

Example:
  $ npm start -- path/to/own.qasm
`;

interface Line {
  readonly yes: boolean;
  readonly step: boolean;
  readonly help: boolean;
  readonly circuit: string | undefined;
}

function lineOf(args: readonly string[]): Line {
  try {
    const { values, positionals } = parseArgs({
      args: [...args], allowPositionals: true,
      options: { yes: { type: 'boolean', default: false }, step: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    });
    if (positionals.length > 1) throw new TypeError('one circuit at a time');
    return { ...values, circuit: positionals[0] };
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message.split('\n')[0] ?? '' : 'the line cannot be read', { fix: 'npm start -- --help' });
  }
}

/** npm changes to the project's folder and says where it was called. */
async function circuitOf(path: string | undefined): Promise<Circuit> {
  if (path === undefined) return tourCircuit();
  return ownCircuit(path, await readNamed(resolve(process.env['INIT_CWD'] ?? '', path), limits.program_bytes));
}

async function main(args: readonly string[]): Promise<ExitCode> {
  const stop = new AbortController();
  const { env, stdout, stderr } = process;
  const output = new Output({ stdout, stderr, env, json: false });
  let throwaway: Throwaway | undefined;
  const interrupt = (): void => {
    if (stop.signal.aborted) throwaway?.hurry();
    stop.abort(new Interrupted());
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  // A terminal or reader that is gone ends the tour as a Ctrl-C does.
  for (const stream of [stdout, stderr]) stream.on('error', () => stop.abort(new Interrupted()));
  try {
    const line = lineOf(args);
    if (line.help) {
      output.help(help, false);
      return exits.ok;
    }
    const circuit = await circuitOf(line.circuit);
    throwaway = new Throwaway({ output, env, signal: stop.signal });
    const code = await tour(throwaway, { circuit, yes: line.yes, step: line.step, env });
    await throwaway.close();
    output.answer({}, () => ['', 'Done. The broker is stopped and its home removed.']);
    return code;
  } catch (error) {
    // What fails because all is being ended is no fault of its own.
    const told = stop.signal.aborted ? stop.signal.reason : error;
    output.status('');
    if (told instanceof Interrupted) {
      if (throwaway !== undefined) output.note('', 'Stopping the broker and removing its home.');
    } else output.failure(told);
    return told instanceof DewarError && told.code.startsWith('program_') ? exits.usage : exitOfError(told);
  } finally {
    await throwaway?.close();
  }
}

process.exitCode = await main(process.argv.slice(2));
// Whatever is still open on a lost terminal must not hold the end.
process.exit();
