// A broker in a process of its own, on a home of its own, and plain HTTP calls to its sockets: what every test from outside stands on.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { controlSocket, homeOf, sessionSocket, type ErrorBody, type Home, type Json } from '@dewar/protocol';

export const brokerMain = fileURLToPath(new URL('../../packages/broker/src/main.ts', import.meta.url));
const uid = process.getuid?.() ?? 0;
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

export const digestText = (bytes: string | Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The parsed body; null where there is none. */
  readonly json: Json;
}

/** A time zone where it is about noon now: what is asked for at night is told on cards. */
export function daytime(): string {
  const ahead = 12 - new Date().getUTCHours();
  // In these names the sign is that of time to be added to reach UTC.
  return ahead === 0 ? 'UTC' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}

/** The broker went away before it answered. */
export class Gone extends Error {}

export interface Start {
  readonly entry?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Put before node's own path, such as strace and its arguments. */
  readonly wrap?: readonly string[];
  readonly nodeFlags?: readonly string[];
  readonly uid?: number;
}

export interface BrokerProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly log: () => string;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export class TestHome {
  readonly folder: string;
  readonly home: Home;
  readonly #running = new Set<BrokerProcess>();

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'h-'));
    this.home = homeOf({ env: { DEWAR_HOME: this.folder }, uid, userHome: this.folder, tmp: tmpdir(), sha256 });
  }

  /** Before the start: hundreds of requests are to be read, not turned away for their number. */
  takesAnyNumber(): void {
    mkdirSync(this.home.config, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.home.config, 'queue.json'), JSON.stringify({ lanes: { interactive: 4, batch: 1 }, session: { running: null, submits_per_minute: 100_000, burst: 100_000 } }));
  }

  get control(): string {
    return controlSocket(this.home);
  }

  session(name = 'default'): string {
    return sessionSocket(this.home, name);
  }

  get journal(): string {
    return join(this.home.state, 'journal.db');
  }

  artifact(digest: string): string {
    const name = digest.slice('sha256:'.length);
    return join(this.home.state, 'artifacts', name.slice(0, 2), name);
  }

  /** Resolves when the broker says that it is ready; rejects with its log when it ends before. */
  async start(how: Start = {}): Promise<BrokerProcess> {
    const started = this.launch(how);
    const first = await Promise.race([started.ready, started.process.exited]);
    if (first !== 'ready') throw new Error(`the broker ended (${String(first.code ?? first.signal)}): ${started.process.log()}`);
    return started.process;
  }

  launch({ entry = brokerMain, args = [], env = {}, wrap = [], nodeFlags = ['--disable-sigusr1'], uid: asUid }: Start = {}): { readonly process: BrokerProcess; readonly ready: Promise<'ready'> } {
    const [command = '', ...rest] = [...wrap, process.execPath, ...nodeFlags, entry, ...args];
    const child = spawn(command, rest, {
      cwd: '/', stdio: ['ignore', 'ignore', 'pipe'], ...(asUid !== undefined && { uid: asUid, gid: asUid }),
      env: { PATH: process.env['PATH'] ?? '', DEWAR_HOME: this.folder, NODE_COMPILE_CACHE: join(tmpdir(), 'compile-cache'), ...env },
    });
    let text = '';
    let tell = (): void => undefined;
    const ready = new Promise<'ready'>((resolve) => {
      tell = () => resolve('ready');
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (/ ready in /.test(text)) tell();
    });
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.once('error', (error) => {
        text += String(error);
        resolve({ code: 127, signal: null });
      });
      child.once('close', (code, signal) => resolve({ code, signal }));
    });
    const running: BrokerProcess = {
      child, pid: child.pid ?? 0, exited, log: () => text,
      stop: async () => {
        child.kill('SIGTERM');
        await exited;
      },
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
      },
    };
    this.#running.add(running);
    void exited.then(() => this.#running.delete(running));
    return { process: running, ready };
  }

  async close(): Promise<void> {
    for (const running of this.#running) await running.kill();
    rmSync(this.folder, { recursive: true, force: true });
    if (!this.home.run.startsWith(this.folder)) rmSync(this.home.run, { recursive: true, force: true });
  }
}

/** One exchange. Throws `Gone` when there is no whole answer. */
export function call(socketPath: string, method: string, path: string, body?: string | Uint8Array | Json, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const bytes = body === undefined ? undefined : typeof body === 'string' ? Buffer.from(body) : body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
  const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
  return new Promise((resolve, reject) => {
    const gone = (error: Error): void => reject(new Gone(`${method} ${path}: ${error.message}`));
    const sent = request({ socketPath, method, path, agent: false, headers: { host: 'dewar', ...(bytes && { 'content-type': type, 'content-length': String(bytes.length) }), ...headers } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', gone);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: answer.statusCode ?? 0, text, json: parsed(text) });
      });
    });
    sent.on('error', gone);
    sent.end(bytes);
  });
}

/** Null for what is no JSON. */
export function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** A value inside an answer; undefined when the way there is not. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  let current: Json | undefined = value;
  for (const key of path) current = typeof current === 'object' && current !== null ? (current as { readonly [key: string]: Json })[String(key)] : undefined;
  return current;
}

/** The text inside an answer; empty where there is none. */
export function textAt(value: Json | undefined, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : '';
}

export function errorOf(answer: Answer): Partial<ErrorBody> {
  return (at(answer.json, 'error') ?? {}) as Partial<ErrorBody>;
}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export const bell = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n';
