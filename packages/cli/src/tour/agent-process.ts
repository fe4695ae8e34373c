// The tour's side of its agent: starts it with nothing but a socket, gives it orders, and reads what it tells as the untrusted text it is.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DewarError, errorCodes, isId, type ErrorCode, type JobId } from '@dewar/protocol';

/** What it told of one order, so far. */
interface Told {
  readonly submitted: PromiseWithResolvers<JobId>;
  readonly ended: PromiseWithResolvers<void>;
}

/** Milliseconds that a submit may take; the broker answers in a few. */
const submitMs = 30_000;

export class AgentProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #told = new Map<number, Told>();
  readonly #signal: AbortSignal;

  /** Its whole environment is the one socket; a process group of its own keeps the terminal's Ctrl-C for the tour. */
  constructor(socket: string, signal: AbortSignal) {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./agent.ts', import.meta.url))], {
      cwd: '/', env: { DEWAR_SOCKET: socket }, detached: true, stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child = child;
    this.#signal = signal;
    this.pid = child.pid ?? 0;
    child.once('error', (error) => this.#gone(error.message));
    child.once('exit', (code) => this.#gone(`exit code ${code}`));
    child.stdin.on('error', () => {});
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
  }

  /** Uploads the circuit and submits the spec, both files. Throws what the broker answered the agent. */
  async submit(circuit: string, spec: string): Promise<{ readonly id: JobId; readonly ended: Promise<void> }> {
    const n = this.#told.size + 1;
    const told: Told = { submitted: Promise.withResolvers(), ended: Promise.withResolvers() };
    this.#told.set(n, told);
    for (const { promise } of [told.submitted, told.ended]) promise.catch(() => {});
    this.#child.stdin?.write(`${JSON.stringify({ n, circuit, spec })}\n`);
    return { id: await this.#soon(told.submitted), ended: told.ended.promise };
  }

  /** Also when it is gone already. */
  stop(): void {
    this.#child.kill('SIGKILL');
  }

  async #soon(wanted: PromiseWithResolvers<JobId>): Promise<JobId> {
    const interrupt = (): void => wanted.reject(this.#signal.reason);
    const timer = setTimeout(() => wanted.reject(broken(`nothing for ${submitMs / 1000} s`)), submitMs);
    this.#signal.addEventListener('abort', interrupt, { once: true });
    try {
      return await wanted.promise;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', interrupt);
    }
  }

  #hear(line: string): void {
    const said = record(line);
    const told = typeof said['n'] === 'number' ? this.#told.get(said['n']) : undefined;
    if (told === undefined) return;
    const id = said['job_id'];
    if (typeof id === 'string' && isId('job', id)) told.submitted.resolve(id);
    else if (typeof said['end'] === 'string') told.ended.resolve();
    else {
      const error = errorOf(said['error']);
      told.submitted.reject(error);
      told.ended.reject(error);
    }
  }

  #gone(how: string): void {
    for (const { submitted, ended } of this.#told.values()) {
      submitted.reject(broken(how));
      ended.reject(broken(how));
    }
  }
}

function record(line: string): Readonly<Record<string, unknown>> {
  try {
    return entries(JSON.parse(line));
  } catch {
    return {};
  }
}

function entries(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function errorOf(value: unknown): DewarError {
  const said = entries(value);
  const code = errorCodes.find((known): known is ErrorCode => known === said['code']);
  if (code === undefined || typeof said['message'] !== 'string') return broken('a line that tells nothing');
  const texts = ['path', 'got', 'allowed', 'fix'].flatMap((name) => (typeof said[name] === 'string' ? [[name, said[name]]] : []));
  return new DewarError({ code, message: said['message'], ...Object.fromEntries(texts) });
}

function broken(got: string): DewarError {
  return new DewarError({ code: 'internal', message: "the tour's agent does not do its part", got, fix: 'run the tour again; if it happens again, report it' });
}
