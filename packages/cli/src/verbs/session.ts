// `dewar session`: the doors through which agents come, one socket each.
import { realpath } from 'node:fs/promises';
import { sessionNamePattern, shown } from '@dewar/protocol';
import { usage } from '../exit.ts';
import { many } from '../job-text.ts';
import { row, table } from '../line.ts';
import { collect, example, type Verb } from '../verb.ts';
import { environmentLines } from './tcp.ts';

export const session: Verb = (program, run) => {
  const group = program.command('session').description('the doors through which agents come');
  group.command('create')
    .description('make a session with a socket of its own')
    .argument('<name>', 'lowercase letters, digits and -')
    .option('--read <dir>', "a directory whose files a spec's data may name; may be repeated", collect)
    .addHelpText('after', example('dewar session create agent --read ~/experiments'))
    .action((name: string, options: { read?: readonly string[] }) => run(async ({ control, output, signal }) => {
      if (!sessionNamePattern.test(name)) throw notAName(name);
      const read = await Promise.all((options.read ?? []).map(whole));
      const made = await control.createSession(name, read, { signal });
      output.answer({ session: made }, () => [`${made.name}  ${made.socket}`, ...made.read.flatMap((path) => row('reads', path, output.columns))]);
      output.note(`give it to an agent: DEWAR_SOCKET=${made.socket}`);
    }));
  group.command('token')
    .description('make a token for the TCP door, shown once; or take all of a session\'s back')
    .argument('<name>', 'the session')
    .option('--revoke', 'take back every token of the session, and end its connections')
    .addHelpText('after', example('dewar session token default', 'dewar session token default --revoke'))
    .action((name: string, options: { revoke?: boolean }) => run(async ({ control, output, signal }) => {
      if (!sessionNamePattern.test(name)) throw notAName(name);
      if (options.revoke === true) {
        const revoked = await control.revokeTokens(name, { signal });
        return output.answer({ session: name, revoked }, () => [`${many(revoked, 'token')} of session ${name} taken back`]);
      }
      const issued = await control.issueToken(name, { signal });
      output.answer(issued, () => [issued.token]);
      const view = await control.tcp({ signal });
      if (view === null) output.note('it is shown this once. The TCP door is closed: dewar tcp on');
      else output.note('it is shown this once. For a client:', ...environmentLines(view, issued.token));
    }));
  group.command('list')
    .description('list the sessions')
    .addHelpText('after', example('dewar session list'))
    .action(() => run(async ({ control, output, signal }) => {
      const sessions = await control.sessions({ signal });
      const rows = sessions.map((each) => [each.name, each.containment, each.created, each.socket]);
      output.answer({ sessions }, () => table(['session', 'containment', 'created', 'socket'], rows, output.tableColumns));
    }));
};

function notAName(name: string): Error {
  return usage('not a session name', { got: shown(name), allowed: 'a-z, 0-9 and -, at most 32, beginning with a letter or digit' });
}

async function whole(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    throw usage('the directory cannot be read', { got: shown(path), fix: 'check the path' });
  }
}
