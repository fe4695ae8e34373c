// The tour's throwaway home with a broker and an agent in it, and the promise that nothing of it outlives the tour.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { StatusView } from '@dewar/protocol';
import { startBroker } from '../broker-process.ts';
import { contextOf, type Context } from '../context.ts';
import { pin, readTrust, type Trust } from '../trust.ts';
import { AgentProcess } from './agent-process.ts';
import { project } from './places.ts';

/** What `npm run clean` reads: `{ pid, home }`. */
const recordFile = join(project, '.cache', 'tour.json');
/** Milliseconds that the broker has to end in good order. */
const stopMs = 5000;

export class Throwaway {
  readonly home: string;
  readonly context: Context;
  #broker: ChildProcess | undefined;
  #agent: AgentProcess | undefined;
  #closed = false;

  constructor(base: Pick<Context, 'output' | 'env' | 'signal'>) {
    removeLeftover();
    this.home = mkdtempSync(join(tmpdir(), 'dewar-tour-'));
    const { DEWAR_SOCKET: _, ...env } = base.env;
    this.context = contextOf({ ...base, env: { ...env, DEWAR_HOME: this.home } });
    // For an end that nothing foresaw: an uncaught error still passes here.
    process.once('exit', () => this.#wipe());
  }

  /** Starts the broker, tied to this process by a pipe, and pins its keys. */
  async start(): Promise<{ readonly status: StatusView; readonly trust: Trust }> {
    const { context } = this;
    const { status } = await startBroker(context, 'tied', (child) => {
      this.#broker = child;
      keepRecord({ pid: child.pid, home: this.home });
    });
    await pin(context.home, await context.control.keys({ signal: context.signal }), new Date());
    const trust = await readTrust(context.home);
    if (trust === undefined) throw new Error('the keys were pinned and are not there');
    return { status, trust };
  }

  agent(socket: string): AgentProcess {
    this.#agent = new AgentProcess(socket, this.context.signal);
    return this.#agent;
  }

  /** Makes `close` quicker: a second Ctrl-C. */
  hurry(): void {
    this.#broker?.kill('SIGKILL');
  }

  /** Ends agent and broker, the runs that the broker began with it, and removes the home. */
  async close(): Promise<void> {
    this.#agent?.stop();
    const broker = this.#broker;
    if (broker !== undefined && broker.exitCode === null && broker.signalCode === null) {
      const gone = once(broker, 'exit');
      const timer = setTimeout(() => broker.kill('SIGKILL'), stopMs);
      broker.kill('SIGTERM');
      await gone;
      clearTimeout(timer);
    }
    this.#wipe();
  }

  #wipe(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#agent?.stop();
    this.#broker?.kill('SIGKILL');
    // The sockets are elsewhere where the home's path is too long for them.
    for (const folder of [this.home, this.context.home.run]) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    if (readRecord()?.home === this.home) rmSync(recordFile, { force: true });
  }
}

interface TourRecord {
  readonly pid: number | undefined;
  readonly home: string;
}

/** Another tour that still runs keeps its record; and where the project is not ours to write, there is none. */
function keepRecord(record: TourRecord): void {
  const other = readRecord();
  if (other !== undefined && other.home !== record.home && isBroker(other.pid)) return;
  try {
    mkdirSync(dirname(recordFile), { recursive: true });
    writeFileSync(recordFile, `${JSON.stringify(record)}\n`);
  } catch {
    // `npm run clean` then knows of no home, and this tour removes its own all the same.
  }
}

function readRecord(): TourRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(recordFile, 'utf8'));
    if (typeof value !== 'object' || value === null || !('home' in value) || typeof value.home !== 'string') return undefined;
    return { home: value.home, pid: 'pid' in value && typeof value.pid === 'number' ? value.pid : undefined };
  } catch {
    return undefined;
  }
}

/** A tour that was killed left its home: its broker ended by itself. */
function removeLeftover(): void {
  const record = readRecord();
  if (record === undefined || isBroker(record.pid) || !isThrowaway(record.home)) return;
  rmSync(record.home, { recursive: true, force: true, maxRetries: 5 });
}

/** Only a folder named as a tour names it, right under the temporary folder, and ours. */
function isThrowaway(home: string): boolean {
  if (!/^dewar-tour-\w+$/.test(basename(home)) || dirname(home) !== tmpdir()) return false;
  try {
    const about = lstatSync(home);
    return about.isDirectory() && about.uid === process.getuid?.();
  } catch {
    return false;
  }
}

function isBroker(pid: number | undefined): boolean {
  if (pid === undefined) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/broker/src/main.ts');
  } catch {
    return false;
  }
}
