// `dewar mcp`: become the MCP server of a session, or print what an agent's configuration needs to start it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { controlSocket, DewarError, sessionNamePattern, sessionSocket } from '@dewar/protocol';
import { Option } from 'commander';
import type { Context } from '../context.ts';
import { exits, usage, type ExitCode } from '../exit.ts';
import { clients, configurationFor, isClient, type Launch } from '../mcp-configuration.ts';
import { example, type Verb } from '../verb.ts';

export const mcp: Verb = (program, run) => {
  program.command('mcp')
    .description("serve a session to an agent over MCP, on stdin and stdout")
    .option('--session <name>', 'which session (default: $DEWAR_SOCKET, else `default`)')
    .addOption(new Option('--print <client>', 'print the configuration to paste, and start nothing').choices(clients))
    .addHelpText('after', example('dewar mcp --print claude', 'dewar mcp --session agent --print codex'))
    .action((options: { session?: string; print?: string }) => run(async (context) => {
      const socket = socketOf(context, options.session);
      if (isClient(options.print)) return print(context, options.print, socket);
      if (context.output.json) throw usage('--json goes with --print: stdout is for the protocol', { fix: 'dewar mcp --print generic --json' });
      return become(context, socket);
    }));
};

function socketOf({ home, session }: Context, name: string | undefined): string {
  // A client starts the server elsewhere.
  if (name === undefined) return resolve(session.socketPath);
  if (sessionNamePattern.test(name)) {
    const socket = sessionSocket(home, name);
    // Where a broker runs, a session without a socket is none; where none runs, nobody can tell.
    if (existsSync(controlSocket(home)) && !existsSync(socket)) throw new DewarError({ code: 'not_found', message: 'there is no session of that name', got: name, fix: `dewar session create ${name}` });
    return socket;
  }
  throw usage('not a name of a session', { got: name, allowed: 'a-z, 0-9, -, at most 32', fix: 'dewar session list' });
}

function print({ output }: Context, client: (typeof clients)[number], socket: string): ExitCode {
  const launch: Launch = { command: process.execPath, args: [fileURLToPath(new URL('../../../../bin/dewar.mjs', import.meta.url)), 'mcp'], env: { DEWAR_SOCKET: socket } };
  const { text, notes, ...about } = configurationFor(client, launch);
  if (output.json) output.answer({ client, ...about, ...launch, configuration: text, notes }, () => []);
  else output.jsonText(text);
  output.note(...notes);
  return exits.ok;
}

/** Compiled code that only this server runs again, in a folder of its own in ours: halves its start. */
function ownCache(): string | undefined {
  const ours = getCompileCacheDir();
  if (ours === undefined) return undefined;
  const folder = join(ours, 'mcp');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    return undefined;
  }
}

/** What an agent sends is read by this process: whatever is wrong in it, it starts no program, loads no native code, and writes nothing but that cache. */
function permissions(cache: string | undefined): string[] {
  const net = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];
  return ['--permission', '--allow-fs-read=*', ...(cache === undefined ? [] : [`--allow-fs-write=${cache}`]), ...net];
}

/** The server takes this process over, with the same stdin and stdout, and nothing of the environment but what it needs. */
async function become({ env, output, signal }: Context, socket: string): Promise<ExitCode> {
  if (process.stdin.isTTY) output.note('This speaks MCP, line by line. What an agent needs to start it: dewar mcp --print generic');
  const bin = fileURLToPath(import.meta.resolve('@dewar/mcp/bin'));
  const cache = ownCache();
  const args = [process.execPath, '--disable-sigusr1', ...permissions(cache), bin];
  const kept = Object.entries(env).flatMap(([name, value]): [string, string][] => (value !== undefined && ['HOME', 'PATH', 'LANG', 'TZ'].includes(name) ? [[name, value]] : []));
  const own = { ...Object.fromEntries(kept), DEWAR_SOCKET: socket, ...(cache !== undefined && { NODE_COMPILE_CACHE: cache }) };
  if (process.platform === 'linux' && typeof process.execve === 'function') {
    // It says on stderr that it is new; a client shows that as a fault.
    process.emitWarning = () => undefined;
    process.execve(process.execPath, args, own);
  }
  const child = spawn(process.execPath, args.slice(1), { stdio: 'inherit', env: own });
  signal.addEventListener('abort', () => child.kill('SIGTERM'));
  await once(child, 'exit');
  return child.exitCode === 0 || signal.aborted ? exits.ok : exits.failure;
}
