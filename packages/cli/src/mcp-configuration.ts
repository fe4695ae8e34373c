// What each agent's configuration file must say to start `dewar mcp`, and what that does not protect.
import { quoted } from './shell-word.ts';

export const clients = ['claude', 'codex', 'cursor', 'vscode', 'generic'] as const;
export type Client = (typeof clients)[number];

export function isClient(text: string | undefined): text is Client {
  return clients.some((client) => client === text);
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Configuration {
  /** Where it goes. */
  readonly file: string;
  /** What to paste there. */
  readonly text: string;
  readonly notes: readonly string[];
}

export function configurationFor(client: Client, launch: Launch): Configuration {
  const { file, text, more } = shapes[client](launch);
  return { file, text, notes: [`Put it into ${file}${client === 'codex' ? '' : '; where that file exists, add the entry "dewar" to it'}.`, ...more, ...unprotected(launch)] };
}

interface Shape {
  readonly file: string;
  readonly text: string;
  readonly more: readonly string[];
}

const shapes: Readonly<Record<Client, (launch: Launch) => Shape>> = {
  claude: (launch) => ({
    file: '.mcp.json in the project', text: json('mcpServers', launch),
    more: [`Or, for you alone: claude mcp add-json dewar ${quoted(JSON.stringify(stdio(launch)))}`],
  }),
  codex: (launch) => ({ file: '~/.codex/config.toml', text: toml(launch), more: ['tool_timeout_sec lets wait_for_job wait as long as it may: 600 s.'] }),
  cursor: (launch) => ({ file: '.cursor/mcp.json in the project, or ~/.cursor/mcp.json', text: json('mcpServers', launch), more: [] }),
  vscode: (launch) => ({ file: '.vscode/mcp.json in the project', text: json('servers', launch), more: [] }),
  generic: (launch) => ({ file: "your client's MCP configuration", text: json('mcpServers', launch), more: ['A client that names things otherwise needs the same three: command, arguments, environment.'] }),
};

function stdio({ command, args, env }: Launch): object {
  return { type: 'stdio', command, args, env };
}

function json(key: string, launch: Launch): string {
  return JSON.stringify({ [key]: { dewar: stdio(launch) } }, null, 2);
}

/** A TOML basic string (TOML 1.0 §string) is a JSON string. */
function toml({ command, args, env }: Launch): string {
  const pairs = Object.entries(env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return ['[mcp_servers.dewar]', `command = ${JSON.stringify(command)}`, `args = [${args.map((arg) => JSON.stringify(arg)).join(', ')}]`, `env = { ${pairs.join(', ')} }`, 'tool_timeout_sec = 660'].join('\n');
}

function unprotected({ env }: Launch): readonly string[] {
  return [
    'The broker must be up: dewar up. The agent cannot start it.',
    'NOT PROTECTED: an agent started this way runs as you. Whatever it is told, it can read the broker\'s files and keys, and could type `dewar approve` itself.',
    `Only a sandbox that shares nothing of this machine but ${env['DEWAR_SOCKET'] ?? 'the socket'} keeps it from that. SECURITY.md says who is stopped by what.`,
  ];
}
