// `dewar up`: start the broker, and pin its public keys the first time.
import { once } from 'node:events';
import { DewarError, type StatusView } from '@dewar/protocol';
import { logPath, ofThisHome, startBroker } from '../broker-process.ts';
import type { Context } from '../context.ts';
import { exits, type ExitCode } from '../exit.ts';
import { row } from '../line.ts';
import { pin, trustPath, type Pinned } from '../trust.ts';
import { example, type Verb } from '../verb.ts';

export const up: Verb = (program, run) => {
  program.command('up')
    .description('start the broker')
    .option('--foreground', 'stay attached, for systemd and the like')
    .addHelpText('after', example('dewar up'))
    .action((options: { foreground?: boolean }) => run(async (context) => {
      const running = await runningBroker(context);
      if (running !== undefined) {
        if (options.foreground === true) throw new DewarError({ code: 'already_running', message: 'a broker of this home runs already', got: `process ${running.pid}`, fix: 'dewar down' });
        return told(context, running, await pinned(context), 'already up');
      }
      return options.foreground === true ? inForeground(context) : inBackground(context);
    }));
};

async function runningBroker(context: Context): Promise<StatusView | undefined> {
  const status = await context.control.status({ signal: context.signal }).catch((error: unknown) => {
    if (error instanceof DewarError && error.code === 'not_running') return undefined;
    throw error;
  });
  return status && ofThisHome(context, status);
}

async function inBackground(context: Context): Promise<ExitCode> {
  const { child, status } = await startBroker(context, 'detached');
  try {
    return told(context, status, await pinned(context), 'up');
  } catch (error) {
    // A broker whose keys are not the pinned ones is not left running.
    child.kill('SIGTERM');
    throw error;
  }
}

async function inForeground(context: Context): Promise<ExitCode> {
  const { child } = await startBroker(context, 'foreground');
  const stop = (): boolean => child.kill('SIGTERM');
  context.signal.addEventListener('abort', stop);
  const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  try {
    await pinned(context);
  } catch (error) {
    stop();
    await exited;
    throw error;
  }
  await exited;
  return child.exitCode === 0 || context.signal.aborted ? exits.ok : exits.failure;
}

async function pinned(context: Context): Promise<Pinned> {
  return pin(context.home, await context.control.keys({ signal: context.signal }), new Date());
}

function told(context: Context, status: StatusView, keys: Pinned, word: string): ExitCode {
  const { output, home, session } = context;
  output.answer({ status, keys, session_socket: session.socketPath }, () => [
    [{ text: word, tone: 'good' }, `  process ${status.pid}, version ${status.version}`],
    ...row('Home', status.home, output.columns), ...row('Session', session.socketPath, output.columns), ...row('Log', logPath(context), output.columns),
    ...(keys === 'pinned now' ? row('Keys', `public keys pinned in ${trustPath(home)}`, output.columns) : []),
  ]);
  return exits.ok;
}
