// Runs the tour as a person does, in a folder, home and temporary folder of its own, and says what it left behind.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const project = dirname(dirname(import.meta.dirname));
export const startScript = join(project, 'scripts/start.mjs');
const script = '/usr/bin/script';

export interface World {
  /** Where the tour is started: `dewar-tour` appears here. */
  readonly work: string;
  readonly tmp: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @param under a folder name in the temporary folder's path, to make it long */
export function world(under = ''): World {
  const top = mkdtempSync(join(tmpdir(), 't-'));
  const [work, tmp, home] = [join(top, 'work'), join(top, under), join(top, 'home')];
  for (const folder of [work, home, tmp]) mkdirSync(folder, { recursive: true });
  return { work, tmp, env: { PATH: process.env['PATH'] ?? '', HOME: home, XDG_CACHE_HOME: compiled, TMPDIR: tmp, TERM: 'xterm' } };
}

/** Each start costs less when Node keeps what it compiled. */
const compiled = mkdtempSync(join(tmpdir(), 'compiled-'));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** stdout and stderr as they came. */
  readonly text: string;
  /** Processes and files that outlived the tour. */
  readonly left: readonly string[];
  /** Every process that belonged to it. */
  readonly seen: readonly string[];
}

/** When the text so far holds `after` (beyond the last such place), `act` is called once. */
export interface Cue {
  readonly after: string;
  readonly act: (child: ChildProcess) => void;
}

export const type = (keys: string): Cue['act'] => (child) => child.stdin?.write(keys);
export const send = (signal: NodeJS.Signals): Cue['act'] => (child) => child.kill(signal);

export async function runTour(where: World, args: readonly string[], cues: readonly Cue[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [startScript, ...args], { cwd: where.work, env: { ...where.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  return watch(where, child, cues);
}

export const hasPty = existsSync(script);

/** The same on a terminal of 80 columns; then the terminal's own settings are printed. */
export async function runOnTerminal(where: World, args: readonly string[], cues: readonly Cue[]): Promise<Ended> {
  const tour = [process.execPath, startScript, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn(script, ['-qec', `stty cols 80 rows 50; trap : INT; ${tour}; code=$?; stty -a; exit $code`, '/dev/null'], { cwd: where.work, env: { ...where.env, SHELL: '/bin/sh' }, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  return watch(where, child, cues);
}

async function watch(where: World, child: ChildProcess, cues: readonly Cue[]): Promise<Ended> {
  let text = '';
  let from = 0;
  const open = [...cues];
  const hear = (piece: string): void => {
    text += piece;
    for (let cue = open[0]; cue !== undefined && text.includes(cue.after, from); cue = open[0]) {
      from = text.indexOf(cue.after, from) + cue.after.length;
      open.shift();
      cue.act(child);
    }
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', hear);
  const family = new Map<string, string>();
  while (child.exitCode === null && child.signalCode === null) {
    descendants(child.pid ?? 0, family);
    await sleep(25);
  }
  // What was written last may still be in the pipe; a survivor that holds the pipe open must not hold the test.
  for (let tries = 0; tries < 20 && [child.stdout, child.stderr].some((stream) => stream?.closed === false); tries += 1) await sleep(50);
  const left = [...(await survivors(family)), ...leftIn(where.tmp)];
  return { code: child.exitCode, signal: child.signalCode, text, left: open.length > 0 ? [...left, `never seen: ${open[0]?.after}`] : left, seen: [...family.values()] };
}

interface Process {
  readonly parent: number;
  readonly group: number;
  /** pid and start time, which no later process shares: proc_pid_stat(5). */
  readonly key: string;
}

function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] !== 'Z') found.set(Number(name), { parent: Number(fields[1]), group: Number(fields[2]), key: `${name} ${fields[19]}` });
    } catch {
      // gone meanwhile
    }
  }
  return found;
}

/** Adds every process below `root`, with its command line. A process that lost its parent stays known. */
function descendants(root: number, family: Map<string, string>): void {
  const all = processes();
  const inside = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [pid, { parent, key }] of all) {
      if (inside.has(pid) || !(inside.has(parent) || family.has(key))) continue;
      inside.add(pid);
      grown = true;
    }
  }
  for (const pid of inside) {
    const one = all.get(pid);
    if (one === undefined) continue;
    // Read at each look: between fork and exec a process still bears its parent's command line, or none.
    const command = commandOf(pid);
    if (command !== null) family.set(one.key, command);
    else if (!family.has(one.key)) family.set(one.key, String(pid));
  }
}

/** Null where it has none: it is gone, or ending. */
function commandOf(pid: number): string | null {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return line === '' ? null : `${pid} ${line}`;
  } catch {
    return null;
  }
}

/** A killed process may take a moment to be gone from the table. */
async function survivors(family: ReadonlyMap<string, string>): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const keys = new Set([...processes().values()].map(({ key }) => key));
    const alive = [...family].filter(([key]) => keys.has(key)).map(([, command]) => `process ${command}`);
    if (alive.length === 0 || tries === 40) return alive;
    await sleep(50);
  }
}

function leftIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('dewar-')).map((name) => `folder ${name}`);
}
