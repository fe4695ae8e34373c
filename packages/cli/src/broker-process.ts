// Starting the broker as a process of its own, and watching until it answers.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { errorIn } from '@dewar/client';
import { DewarError, shown, type StatusView } from '@dewar/protocol';
import type { Context } from './context.ts';
import type { Line } from './line.ts';

const startMs = 30_000;
const tailLines = 12;
const tailBytes = 8192;

export interface Started {
  readonly child: ChildProcess;
  readonly status: StatusView;
}

/** `detached` outlives us; `foreground` shares our terminal; `tied` ends when we do, however we do. */
export type Tie = 'detached' | 'foreground' | 'tied';

export function logPath(context: Context): string {
  return join(context.home.state, 'broker.log');
}

/**
 * Starts the broker and returns when its control socket answers. In the foreground its output is ours, else it goes to `<state>/broker.log`.
 * `onSpawn` is told of the process at once. Throws `home_invalid` when the broker of another home answers there; the broker's own error when it dies of one; else, when it dies or is too slow, `not_running`, and shows the end of its log.
 */
export async function startBroker(context: Context, tie: Tie, onSpawn: (child: ChildProcess) => void = () => {}): Promise<Started> {
  await mkdir(context.home.state, { recursive: true, mode: 0o700 });
  const log = tie === 'foreground' ? undefined : await open(logPath(context), 'a+', 0o600);
  try {
    const from = log === undefined ? 0 : (await log.stat()).size;
    const bin = fileURLToPath(import.meta.resolve('@dewar/broker/bin'));
    const child = spawn(process.execPath, ['--disable-sigusr1', bin, ...(tie === 'tied' ? ['--until-stdin-ends'] : [])], {
      cwd: '/', env: brokerEnvironment(context.env), detached: tie !== 'foreground',
      stdio: log === undefined ? ['ignore', 'inherit', 'inherit'] : [tie === 'tied' ? 'pipe' : 'ignore', log.fd, log.fd],
    });
    onSpawn(child);
    let over: string | undefined;
    child.once('error', (error) => { over = error.message; });
    child.once('exit', (code, signal) => { over = signal === null ? `exit code ${code}` : signal; });
    try {
      const status = await answering(context, () => over);
      if (tie === 'detached') child.unref();
      return { child, status };
    } catch (error) {
      child.kill('SIGTERM');
      if (!(error instanceof DewarError) || log === undefined) throw error;
      throw await ownWords(context, log, from, error);
    }
  } finally {
    await log?.close();
  }
}

/** Nothing that could change how Node runs, and no secret that happens to be in the person's shell. */
function brokerEnvironment(env: Context['env']): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => ['DEWAR_HOME', 'HOME', 'PATH', 'LANG', 'TZ'].includes(name) || name.startsWith('XDG_'));
  return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

async function answering(context: Context, over: () => string | undefined): Promise<StatusView> {
  const { control, output, signal } = context;
  const started = performance.now();
  try {
    for (;;) {
      const status = await control.status({ signal, timeoutMs: 5000 }).catch(silent);
      if (status !== undefined) return ofThisHome(context, status);
      const end = over();
      if (end !== undefined) throw new DewarError({ code: 'not_running', message: 'the broker ended before it answered', got: end, fix: `read ${logPath(context)}; then dewar doctor` });
      const waited = performance.now() - started;
      if (waited > startMs) throw new DewarError({ code: 'not_running', message: 'the broker does not answer', got: `nothing for ${startMs / 1000} s`, fix: `read ${logPath(context)}; then dewar doctor` });
      output.status(`starting the broker · ${Math.floor(waited / 1000)} s`);
      await sleep(50, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  } finally {
    output.status('');
  }
}

/** Two homes may be set to share a folder for sockets: another home's broker is not ours to use, nor are its keys to be pinned. Throws `home_invalid`. */
export function ofThisHome({ home }: Context, status: StatusView): StatusView {
  if (status.home === home.state) return status;
  throw new DewarError({
    code: 'home_invalid', message: 'the broker that answers is that of another home', got: shown(status.home), allowed: shown(home.state),
    fix: 'give each home its own XDG_RUNTIME_DIR, or a DEWAR_HOME; or stop the other broker: dewar down',
  });
}

/** Not answering yet is what is waited out; any other trouble is told. */
function silent(error: unknown): undefined {
  if (error instanceof DewarError && (error.code === 'not_running' || error.code === 'request_timeout')) return undefined;
  throw error;
}

/** The broker's last words are a typed error, which is then ours; any other end of its log is shown. */
async function ownWords(context: Context, log: FileHandle, from: number, error: DewarError): Promise<DewarError> {
  const lines = await tail(log, from);
  const typed = lines.map((line) => errorIn(new TextEncoder().encode(line.slice(line.indexOf('{'))))).findLast((found) => found !== undefined);
  if (typed !== undefined) return typed;
  context.output.note(...lines.map((line): Line => [{ text: '  log  ', tone: 'faint' }, line]));
  return error;
}

async function tail(log: FileHandle, from: number): Promise<string[]> {
  const { size } = await log.stat();
  const start = Math.max(from, size - tailBytes);
  const buffer = Buffer.alloc(Math.max(0, size - start));
  await log.read(buffer, 0, buffer.length, start);
  return buffer.toString('utf8').trimEnd().split('\n').slice(-tailLines);
}
