// `dewar mcp` as a process, driven by the official client, or by raw lines where a client would never send such a thing.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { TestHome } from './broker-process.ts';

export const dewar = fileURLToPath(new URL('../../bin/dewar.mjs', import.meta.url));

export interface Told {
  readonly isError?: boolean;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly uri?: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

export interface Agent {
  readonly client: Client;
  readonly pid: number;
  readonly stderr: () => string;
  /** The tool's answer; fails the test where it is an error. */
  call(name: string, given?: Record<string, unknown>, more?: Parameters<Client['callTool']>[1]): Promise<Told>;
  /** The error in a tool's answer; fails the test where it is none. */
  refused(name: string, given?: Record<string, unknown>): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

const environment = (home: TestHome, env: Readonly<Record<string, string>>): Record<string, string> => ({ PATH: process.env['PATH'] ?? '', HOME: home.folder, DEWAR_HOME: home.folder, ...env });

/** An agent's client on a server process of its own. @param args after `dewar mcp` */
export async function agentOn(home: TestHome, { args = [], env = {}, ...options }: ClientOptions & { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {}): Promise<Agent> {
  const client = new Client({ name: 'test-agent', version: '1.0.0' }, options);
  const transport = new StdioClientTransport({ command: process.execPath, args: [dewar, 'mcp', ...args], env: environment(home, env), stderr: 'pipe' });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  await client.connect(transport);
  // With the list at hand the client checks every answer against its tool's output schema.
  await client.listTools();
  const told = async (name: string, given: Record<string, unknown> = {}, more: Parameters<Client['callTool']>[1] = {}): Promise<Told> => (await client.callTool({ name, arguments: given }, more)) as Told;
  return {
    client, pid: transport.pid ?? 0, stderr: () => stderr,
    call: async (name, given, more) => {
      const answer = await told(name, given, more);
      assert.notEqual(answer.isError, true, `${name}: ${answer.content[0]?.text ?? ''}`);
      return answer;
    },
    refused: async (name, given) => {
      const answer = await told(name, given);
      assert.equal(answer.isError, true, `${name}: ${answer.content[0]?.text ?? ''}`);
      const { error }: { error: Record<string, string> } = JSON.parse(answer.content[0]?.text ?? '');
      return error;
    },
    close: () => client.close(),
  };
}

interface Message {
  readonly jsonrpc?: string;
  readonly id?: number | string;
  readonly result?: Told & Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly data?: { readonly code: string } };
}

export class RawMcp {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  #out = '';
  stderr = '';

  constructor(home: TestHome, env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [dewar, 'mcp'], { stdio: 'pipe', env: environment(home, env) });
    this.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#out += chunk;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr += chunk;
    });
    this.child.stdin?.on('error', () => undefined);
    this.exited = new Promise((resolve) => this.child.once('close', (code) => resolve(code)));
  }

  write(text: string | Uint8Array): void {
    this.child.stdin?.write(text);
  }

  send(message: object): void {
    this.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** Every line of stdout so far; fails where one is no JSON-RPC message. */
  messages(): Message[] {
    return this.#out.split('\n').slice(0, -1).map((line) => {
      const message: Message = JSON.parse(line);
      assert.equal(message.jsonrpc, '2.0', line);
      return message;
    });
  }

  async until(found: (messages: readonly Message[]) => boolean, what: string): Promise<void> {
    for (let tries = 0; tries < 400; tries += 1) {
      if (found(this.messages())) return;
      await sleep(50);
    }
    assert.fail(`no ${what} in time: ${this.#out.slice(-2000)} ${this.stderr.slice(-2000)}`);
  }

  async answer(id: number | string): Promise<Message> {
    await this.until((all) => all.some((one) => one.id === id), `answer to ${id}`);
    const found = this.messages().find((one) => one.id === id);
    assert.ok(found);
    return found;
  }

  async initialize(): Promise<void> {
    this.send({ id: 'init', method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } } });
    assert.equal((await this.answer('init')).result?.['protocolVersion'], '2025-06-18');
    this.send({ method: 'notifications/initialized' });
  }

  /** Ends it, and fails where what it wrote last is no whole message. */
  async stop(): Promise<void> {
    this.child.stdin?.end();
    await this.exited;
    assert.equal(this.#out.slice(this.#out.lastIndexOf('\n') + 1), '');
    this.messages();
  }
}
