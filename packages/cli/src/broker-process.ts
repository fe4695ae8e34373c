// Starting the broker as a process of its own, and watching until it answers.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DewarError, type StatusView } from '@dewar/protocol';
import type { Context } from './context.ts';

const startMs = 30_000;
const tailLines = 12;
const tailBytes = 8192;

export interface Started {
  readonly child: ChildProcess;
  readonly status: StatusView;
}

export function logPath(context: Context): string {
  return join(context.home.state, 'broker.log');
}

/**
 * Starts the broker and returns when its control socket answers. Detached, its output goes to `<state>/broker.log`; in the foreground it is ours.
 * Throws `not_running` with the end of its log when it dies first, or is too slow.
 */
export async function startBroker(context: Context, foreground: boolean): Promise<Started> {
  await mkdir(context.home.state, { recursive: true, mode: 0o700 });
  const log = foreground ? undefined : await open(logPath(context), 'a+', 0o600);
  try {
    const from = log === undefined ? 0 : (await log.stat()).size;
    const bin = fileURLToPath(import.meta.resolve('@dewar/broker/bin'));
    const child = spawn(process.execPath, ['--disable-sigusr1', bin], {
      cwd: '/', env: brokerEnvironment(context.env), detached: !foreground, stdio: log === undefined ? ['ignore', 'inherit', 'inherit'] : ['ignore', log.fd, log.fd],
    });
    let over: string | undefined;
    child.once('error', (error) => { over = error.message; });
    child.once('exit', (code, signal) => { over = signal === null ? `exit code ${code}` : signal; });
    try {
      const status = await answering(context, () => over);
      if (!foreground) child.unref();
      return { child, status };
    } catch (error) {
      child.kill('SIGTERM');
      if (!(error instanceof DewarError) || log === undefined) throw error;
      context.output.note(...(await tail(log, from)).map((line) => [{ text: '  log  ', tone: 'faint' as const }, line]));
      throw error;
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
      if (status !== undefined) return status;
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

/** Not answering yet is what is waited out; any other trouble is told. */
function silent(error: unknown): undefined {
  if (error instanceof DewarError && (error.code === 'not_running' || error.code === 'request_timeout')) return undefined;
  throw error;
}

async function tail(log: Awaited<ReturnType<typeof open>>, from: number): Promise<string[]> {
  const { size } = await log.stat();
  const start = Math.max(from, size - tailBytes);
  const buffer = Buffer.alloc(Math.max(0, size - start));
  await log.read(buffer, 0, buffer.length, start);
  return buffer.toString('utf8').trimEnd().split('\n').slice(-tailLines);
}
