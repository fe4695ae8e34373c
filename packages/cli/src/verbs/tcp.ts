// `dewar tcp`: the door for clients that can only speak TCP; closed unless a person opens it.
import type { TcpView } from '@dewar/protocol';
import { row, type Line } from '../line.ts';
import { quoted } from '../shell-word.ts';
import { example, wholeNumber, type Verb } from '../verb.ts';

const usualPort = 7443;

export const tcp: Verb = (program, run) => {
  const group = program.command('tcp').description('the door for clients that can only speak TCP: TLS, this machine only');
  group.command('on')
    .description('open the TCP door; it stays open over restarts')
    .option('--port <n>', `port on 127.0.0.1; 0 is any that is free (default: ${usualPort})`, wholeNumber(0, 65_535))
    .addHelpText('after', example('dewar tcp on', 'dewar session token default'))
    .action((options: { port?: number }) => run(async ({ control, output, signal }) => {
      const view = await control.openTcp(options.port ?? usualPort, { signal });
      output.answer({ tcp: view }, () => lines(view, output.columns));
      output.note('sessions that are reached through it count as uncontained', 'next: dewar session token NAME makes the token that a client needs');
    }));
  group.command('off')
    .description('close the TCP door; tokens stay, for when it is opened again')
    .addHelpText('after', example('dewar tcp off'))
    .action(() => run(async ({ control, output, signal }) => {
      await control.closeTcp({ signal });
      output.answer({ tcp: null }, () => lines(null, output.columns));
    }));
  group.command('status')
    .description('show whether the TCP door is open, and what clients must trust')
    .addHelpText('after', example('dewar tcp status'))
    .action(() => run(async ({ control, output, signal }) => {
      const view = await control.tcp({ signal });
      output.answer({ tcp: view }, () => lines(view, output.columns));
    }));
};

function lines(view: TcpView | null, columns: number): Line[] {
  if (view === null) return ['closed'];
  return [
    [{ text: 'open', tone: 'warn' }, `  ${view.url}`],
    ...row('Trust', view.certificate_file, columns), ...row('SHA-256', view.sha256, columns),
  ];
}

/** What a person pastes where the client starts, whole lines for a shell. */
export function environmentLines(view: TcpView, token: string): Line[] {
  return [`export IBM_QISKIT_BROKER_URL=${view.url}`, `export DEWAR_TOKEN=${token}`, `export REQUESTS_CA_BUNDLE=${quoted(view.certificate_file)}`];
}
