// Runs one command in a private world (own home, temporary folder, process group, no DEWAR_* of the user's but DEWAR_PYTHON_*) and says what it left behind.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';

export interface PrivateRun {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly timeoutSeconds: number;
  /** Called with the private folder before the start; what it returns is added to the arguments. */
  readonly extraArguments?: (folder: string) => readonly string[];
}

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** The end of stdout and stderr together. */
  readonly output: string;
  /** Processes and sockets that outlived the command; killed and removed by now. */
  readonly left: readonly string[];
  readonly seconds: number;
}

const live = new Map<number, string>();

/** The environment of a test: the caller's, without what is the user's own or npm's. DEWAR_PYTHON_* say where the Python tests' environments are. */
export function privateEnvironment(folder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(DEWAR_(?!PYTHON_)|npm_|XDG_|NODE_OPTIONS$|NODE_TEST_CONTEXT$|NODE_V8_COVERAGE$|FORCE_COLOR$|TMP$|TEMP$|INIT_CWD$)/.test(name));
  return { ...Object.fromEntries(kept), HOME: join(folder, 'home'), TMPDIR: folder, NO_COLOR: '1' };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // already gone
  }
}

/** Ends every command that still runs and removes its folder: for a Ctrl-C. */
export function stopAll(): void {
  for (const [pid, folder] of live) {
    killGroup(pid);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Processes (Linux only) of the command's session, or with its private folder in their environment: proc(5). */
function processesOf(leader: number, folder: string): Map<number, string> {
  const found = new Map<number, string>();
  if (process.platform !== 'linux') return found;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') continue;
      const ours = Number(group) === leader || Number(session) === leader || readFileSync(`/proc/${name}/environ`, 'utf8').includes(folder);
      if (ours) found.set(pid, readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim().slice(0, 160));
    } catch {
      // gone meanwhile, or not ours to read
    }
  }
  return found;
}

function socketsUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

/** Waits a moment for what is ending by itself; the rest is named, and killed. */
async function leftBehind(leader: number, folder: string): Promise<string[]> {
  let found = processesOf(leader, folder);
  for (let waited = 0; found.size > 0 && waited < 20; waited += 1) {
    await sleep(100);
    found = processesOf(leader, folder);
  }
  for (const pid of found.keys()) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone meanwhile
    }
  }
  return [...[...found].map(([pid, command]) => `process ${pid} (${command})`), ...socketsUnder(folder).map((path) => `socket ${path}`)];
}

/** Runs to the end or the timeout. `read` sees the private folder before it is removed. */
export async function runPrivately<T>(run: PrivateRun, read: (folder: string) => T): Promise<Outcome & { readonly found: T }> {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-t-'));
  try {
    mkdirSync(join(folder, 'home'), { mode: 0o700 });
    const log = openSync(join(folder, 'output'), 'a');
    const [command = '', ...first] = run.argv;
    const started = performance.now();
    const child = spawn(command, [...first, ...(run.extraArguments?.(folder) ?? [])], { cwd: run.cwd, env: privateEnvironment(folder), stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    const leader = child.pid;
    if (leader === undefined) throw new Error(`${command} does not start`);
    live.set(leader, folder);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(leader);
    }, run.timeoutSeconds * 1000);
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      child.once('exit', (...ended) => resolve(ended));
    });
    clearTimeout(timer);
    const seconds = (performance.now() - started) / 1000;
    const left = await leftBehind(leader, folder);
    live.delete(leader);
    return { code, signal, timedOut, left, seconds, output: stripVTControlCharacters(readFileSync(join(folder, 'output'), 'utf8')).slice(-8000), found: read(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
