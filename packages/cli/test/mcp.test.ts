// `dewar mcp --print`: what is pasted is what each client reads, with this installation's own paths, and says what is not protected.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clients, configurationFor } from '../src/mcp-configuration.ts';
import { newHome, runCli } from './run-cli.ts';

interface Server {
  readonly type?: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Enough TOML for one table of strings, lists of strings, one inline table and numbers. */
function fromToml(text: string): { readonly table: string; readonly server: Server & { readonly tool_timeout_sec: number } } {
  const [head = '', ...lines] = text.trim().split('\n');
  const pairs = lines.map((line) => /^(\w+) = (.+)$/.exec(line)?.slice(1) ?? []);
  const json = pairs.map(([name, value = '']) => `${JSON.stringify(name)}:${value.replace(/^\{ (\w+) = (.*) \}$/, '{"$1":$2}')}`);
  return { table: head, server: JSON.parse(`{${json.join(',')}}`) };
}

function serverIn(client: (typeof clients)[number], text: string): Server {
  if (client === 'codex') {
    const { table, server } = fromToml(text);
    assert.equal(table, '[mcp_servers.dewar]');
    assert.ok(server.tool_timeout_sec > 600);
    return server;
  }
  const parsed: Record<string, { dewar: Server }> = JSON.parse(text);
  assert.deepEqual(Object.keys(parsed), [client === 'vscode' ? 'servers' : 'mcpServers']);
  const server = parsed[client === 'vscode' ? 'servers' : 'mcpServers']?.dewar;
  assert.ok(server);
  assert.equal(server.type, 'stdio');
  return server;
}

for (const client of clients) {
  test(`--print ${client}: the configuration alone on stdout; where it goes and what is not protected on stderr`, async () => {
    const home = newHome();
    const { code, stdout, stderr } = await runCli(['mcp', '--print', client], { home });
    assert.equal(code, 0);
    const server = serverIn(client, stdout);
    assert.ok(existsSync(server.command) && server.args[0] !== undefined && existsSync(server.args[0]), stdout);
    assert.deepEqual([server.args.slice(1), Object.keys(server.env)], [['mcp'], ['DEWAR_SOCKET']]);
    assert.ok(server.env['DEWAR_SOCKET']?.endsWith(join('s', 'default', 'api.sock')));
    assert.match(stderr, /NOT PROTECTED: an agent started this way runs as you\. .*could type `dewar approve` itself/);
    assert.match(stderr, /Put it into /);
  });
}

test('the command that is printed starts a server that ends with its input', async () => {
  const { stdout } = await runCli(['mcp', '--print', 'generic'], { home: newHome() });
  const { command, args, env } = serverIn('generic', stdout);
  const message = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } } })}\n`;
  const ended = spawnSync(command, args, { env: { HOME: newHome(), ...env }, input: message, encoding: 'utf8' });
  assert.deepEqual([ended.status, ended.stderr], [0, '']);
});

test('--session names the socket, and a name that cannot be one is refused', async () => {
  const home = newHome();
  const { stdout } = await runCli(['mcp', '--print', 'cursor', '--session', 'agent-1'], { home });
  assert.ok(serverIn('cursor', stdout).env['DEWAR_SOCKET']?.endsWith(join('s', 'agent-1', 'api.sock')));
  for (const name of ['../default', 'A', '', 'x'.repeat(33)]) assert.equal((await runCli(['mcp', '--print', 'cursor', '--session', name], { home })).code, 2, name);
});

test('--json gives the same in one document', async () => {
  const { stdout, stderr } = await runCli(['mcp', '--print', 'codex', '--json'], { home: newHome() });
  const told: { client: string; file: string; command: string; args: string[]; configuration: string; notes: string[] } = JSON.parse(stdout);
  assert.deepEqual([stderr, told.client, told.file], ['', 'codex', '~/.codex/config.toml']);
  assert.equal(fromToml(told.configuration).server.command, told.command);
  assert.ok(told.notes.some((note) => note.startsWith('NOT PROTECTED')));
});

test('an unknown client, and --json where stdout is for the protocol, are usage errors that print nothing', async () => {
  for (const args of [['mcp', '--print', 'emacs'], ['mcp', '--json']]) {
    const { code, stdout } = await runCli(args, { home: newHome() });
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
  }
});

test('paths with quotes, backslashes and spaces come through every format', () => {
  const launch = { command: '/o\'clock/"n o\\de', args: ['/b in\'/dewar.mjs', 'mcp'], env: { DEWAR_SOCKET: '/tmp/a "b"' } };
  for (const client of clients) {
    const { text, notes } = configurationFor(client, launch);
    assert.deepEqual((({ command, args, env }) => ({ command, args, env }))(serverIn(client, text)), launch);
    const shell = notes.map((note) => /claude mcp add-json dewar (.*)$/.exec(note)?.[1]).find((found) => found !== undefined);
    if (shell !== undefined) assert.deepEqual(JSON.parse(spawnSync('/bin/sh', ['-c', `printf %s ${shell}`], { encoding: 'utf8' }).stdout), { type: 'stdio', ...launch });
  }
});
