// Runs one granted job in a child process of its own, and leaves no process behind in any ending.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { DewarError, type ErrorBody, type JobResults } from '@dewar/protocol';
import { readMessage, resultsFrom } from './answer.ts';
import { CappedText, lineReader } from './lines.ts';
import { residentBytes } from './memory.ts';
import type { RunRequest } from './request.ts';
import { childBytes, childMessages, type ParentMessage } from './wire.ts';

export interface RunOptions {
  readonly token: string;
  /** Called at most once, with the token that the child gave; a rejection ends the run as failed. */
  readonly redeem: (token: string) => Promise<RunRequest>;
  /** Seconds from the start of the process. */
  readonly timeLimitS: number;
  /** Resident memory of the process and its descendants; sampled, so a short peak above it may pass. */
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
  /** Shots done of all, over all points. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly onStart?: (pid: number) => void;
}

/** `output` is what the process printed, the first 64 KiB. */
export type RunOutcome =
  | { readonly kind: 'completed'; readonly results: JobResults; readonly output: string }
  | { readonly kind: 'failed'; readonly error: ErrorBody; readonly output: string }
  | { readonly kind: 'cancelled'; readonly output: string };

type Ending = { readonly kind: 'completed'; readonly results: JobResults } | { readonly kind: 'failed'; readonly error: ErrorBody } | { readonly kind: 'cancelled' };

const outputBytes = 65_536;
const sampleMs = 75;
/** V8's heap: source, compiler output and counts; states live outside it and are held by sampling. */
const heapMiB = 512;
/** A broken pipe of a descendant outside the group must not hold the run open. */
const drainMs = 500;

/** Never rejects. The process and its group are gone when it resolves. */
export function run(options: RunOptions): Promise<RunOutcome> {
  return runScript(new URL('./child.ts', import.meta.url), options);
}

/** As `run`, with another child: for tests of hostile ones. */
export async function runScript(script: URL, options: RunOptions): Promise<RunOutcome> {
  if (options.signal.aborted) return { kind: 'cancelled', output: '' };
  if (!existsSync('/proc/self/status')) return { kind: 'failed', error: noProc, output: '' };
  const child = spawn(process.execPath, ['--disable-sigusr1', `--max-old-space-size=${heapMiB}`, fileURLToPath(script)], {
    env: {}, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const output = new CappedText(outputBytes);
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Uint8Array) => output.add(chunk));
  const ending = await supervise(child, options);
  return { ...ending, output: output.text() };
}

/** Resolves when the process has exited, its group is killed and its output is read. The first cause of an end is the one told. */
function supervise(child: ChildProcess, options: RunOptions): Promise<Ending> {
  return new Promise((resolve) => {
    let ending: Ending | null = null;
    const timers: NodeJS.Timeout[] = [];
    const end = (cause: Ending): void => {
      ending ??= cause;
      killGroup(child.pid);
    };
    const abort = (): void => end({ kind: 'cancelled' });
    const settle = (cause: Ending): void => {
      end(cause);
      timers.forEach((timer) => clearInterval(timer));
      options.signal.removeEventListener('abort', abort);
      // Undefined where not even the pipes could be made.
      (child.stdio as typeof child.stdio | undefined)?.forEach((stream) => stream?.destroy());
      resolve(ending ?? cause);
    };
    child.once('error', (error) => settle(failed('run_failed', `the run's process did not start: ${error.message}`, 'free memory or processes, then submit again')));
    child.once('exit', (code, signal) => {
      const cause = exited(code, signal);
      end(cause);
      timers.push(setTimeout(() => settle(cause), drainMs));
      child.once('close', () => settle(cause));
    });
    if (child.pid === undefined) return;
    const { pid } = child;
    options.signal.addEventListener('abort', abort, { once: true });
    timers.push(
      setTimeout(() => end(overTime(options.timeLimitS)), Math.min(options.timeLimitS * 1000, 2 ** 31 - 1)),
      setInterval(() => {
        const bytes = residentBytes(pid);
        if (bytes !== null && bytes > options.memoryBytes) end(overMemory(bytes, options.memoryBytes));
      }, sampleMs),
    );
    options.onStart?.(pid);
    converse(child.stdio[3] as Duplex, options, end, () => ending !== null);
  });
}

/** The protocol: start, redeem once, program, then progress until one answer. Anything else ends the run. */
function converse(channel: Duplex, options: RunOptions, end: (ending: Ending) => void, ended: () => boolean): void {
  const lines = lineReader(childBytes);
  let redeemed = false;
  let messages = 0;
  let request: RunRequest | null = null;
  const send = (message: ParentMessage): void => {
    channel.write(`${JSON.stringify(message)}\n`);
  };
  const wrong = (why: string): void => end(failed('run_failed', `the run's process broke its protocol: ${why}`, 'submit again; if it happens again, report it'));
  const redeem = async (token: string): Promise<void> => {
    try {
      request = await options.redeem(token);
    } catch (error) {
      return end(error instanceof DewarError ? { kind: 'failed', error: error.toBody() } : failed('run_failed', 'the grant could not be redeemed', 'submit again'));
    }
    const { source, points, shots, seed, noise, facts } = request;
    if (!ended()) send({ type: 'program', program: { source, points, shots, seed, noise, qubits: facts.qubits, measurements: facts.measurements, dynamic: facts.dynamic } });
  };
  const receive = (line: string): void => {
    messages += 1;
    if (messages > childMessages) return wrong(`more than ${childMessages} messages`);
    const message = readMessage(line);
    if (message.type === 'invalid') return wrong(message.why);
    if (message.type === 'redeem') {
      if (redeemed || message.token !== options.token) return wrong(redeemed ? 'it redeemed its token twice' : 'it redeemed a token that is not its own');
      redeemed = true;
      void redeem(message.token);
      return;
    }
    if (message.type === 'error') return end({ kind: 'failed', error: message.error });
    if (request === null) return wrong(`${message.type} before it has a program`);
    if (message.type === 'progress') {
      const total = request.shots * request.points.length;
      if (message.total !== total || message.done > total) return wrong('progress that cannot be');
      return options.onProgress?.(message.done, message.total);
    }
    const results = resultsFrom(message, request);
    return typeof results === 'string' ? wrong(results) : end({ kind: 'completed', results });
  };
  // A child that is gone shows as its exit.
  channel.on('error', () => {});
  channel.on('data', (chunk: Uint8Array) => {
    if (ended()) return;
    const complete = lines(chunk);
    if (complete === null) return wrong(`more than ${childBytes} bytes`);
    try {
      for (const line of complete) if (!ended()) receive(line);
    } catch (error) {
      // Whatever the child said to cause it: it must end this run and no more.
      wrong(error instanceof Error ? error.message : 'a message that could not be read');
    }
  });
  send({ type: 'start', token: options.token });
}

/** The child leads its own group, so this reaches what it started too. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: all of them are gone, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function failed(code: ErrorBody['code'], message: string, fix: string): Ending {
  return { kind: 'failed', error: { code, message, fix } };
}

function exited(code: number | null, signal: string | null): Ending {
  const how = signal === null ? `ended with code ${code}` : `was killed by ${signal}`;
  return { kind: 'failed', error: { code: 'run_failed', message: `the run's process ${how} before it gave results`, got: signal ?? `code ${code}`, fix: 'submit again; if it happens again, look at the machine\'s memory' } };
}

function overTime(limit: number): Ending {
  return { kind: 'failed', error: { code: 'run_time_limit', message: `the run took longer than its ${limit} s`, allowed: `${limit} s`, fix: 'raise time_limit_s, or use fewer shots, qubits or gates' } };
}

function overMemory(bytes: number, limit: number): Ending {
  const mib = (value: number): string => `${Math.ceil(value / 2 ** 20)} MiB`;
  return { kind: 'failed', error: { code: 'run_memory_limit', message: 'the run used more memory than it may', got: mib(bytes), allowed: mib(limit), fix: 'use fewer qubits: each one doubles the memory' } };
}

const noProc: ErrorBody = {
  code: 'platform_unsupported', message: 'a run\'s memory can be limited on Linux only, by /proc', got: process.platform, allowed: 'Linux with /proc', fix: 'run Dewar on Linux, or in WSL2',
};
