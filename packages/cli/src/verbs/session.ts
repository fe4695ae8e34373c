// `dewar session`: the doors through which agents come, one socket each.
import { realpath } from 'node:fs/promises';
import { sessionNamePattern, shown, type SessionView } from '@dewar/protocol';
import { usage } from '../exit.ts';
import { many } from '../job-text.ts';
import { row, table, type Line } from '../line.ts';
import { collect, example, type Verb } from '../verb.ts';
import { environmentLines } from './tcp.ts';

export const session: Verb = (program, run) => {
  const group = program.command('session').description('the doors through which agents come');
  group.command('create')
    .description('make a session with a socket of its own')
    .argument('<name>', 'lowercase letters, digits and -')
    .option('--read <dir>', "a directory whose files a spec's data may name; may be repeated", collect)
    .option('--user <name>', "whose work it is, for budgets and policies (default: the broker's owner)")
    .option('--project <name>', 'the project it is for (default: none)')
    .addHelpText('after', example('dewar session create agent --read ~/experiments', 'dewar session create agent --project alpha'))
    .action((name: string, { read: folders = [], ...whose }: { read?: readonly string[]; user?: string; project?: string }) => run(async ({ control, output, signal }) => {
      if (!sessionNamePattern.test(name)) throw notAName(name);
      const read = await Promise.all(folders.map(whole));
      const made = await control.createSession({ name, read, ...whose }, { signal });
      output.answer({ session: made }, () => [`${made.name}  ${made.socket}`, ...whoseLines(made, output.columns), ...made.read.flatMap((path) => row('reads', path, output.columns))]);
      output.note(`give it to an agent: DEWAR_SOCKET=${made.socket}`);
    }));
  group.command('set')
    .description('change whose work a session is, from its next job on')
    .argument('<name>', 'the session')
    .option('--user <name>', 'a user, for budgets and policies')
    .option('--no-user', "the broker's owner again")
    .option('--project <name>', 'a project')
    .option('--no-project', 'no project')
    .addHelpText('after', example('dewar session set agent --project alpha', 'dewar session set agent --no-project'))
    .action((name: string, { user, project }: { user?: string | false; project?: string | false }) => run(async ({ control, output, signal }) => {
      if (!sessionNamePattern.test(name)) throw notAName(name);
      if (user === undefined && project === undefined) throw usage('nothing to change', { allowed: '--user, --no-user, --project, --no-project', fix: 'dewar session set --help' });
      const changed = await control.changeSession(name, { ...(user !== undefined && { user: user === false ? null : user }), ...(project !== undefined && { project: project === false ? null : project }) }, { signal });
      output.answer({ session: changed }, () => [changed.name, ...whoseLines(changed, output.columns)]);
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
      const rows = sessions.map((each) => [each.name, each.containment, each.user ?? '(owner)', each.project ?? '-', each.created, each.socket]);
      output.answer({ sessions }, () => table(['session', 'containment', 'user', 'project', 'created', 'socket'], rows, output.tableColumns));
    }));
};

function whoseLines({ user, project }: SessionView, columns: number): Line[] {
  return [...(user === undefined ? [] : row('user', user, columns)), ...(project === undefined ? [] : row('project', project, columns))];
}

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
