// Python environments for tests: one a locked requirements file, kept between runs by its digest, and the package built as a wheel.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const project = resolve(import.meta.dirname, '../..');
export const packageFolder = join(project, 'python');

/** Debian's own: others on PATH may not be readable for everyone. */
const system = '/usr/bin/python3';
const cache = process.env['DEWAR_PYTHON_CACHE'] ?? join(project, '.cache/python');
/** Seconds for a download of an SDK, and for anything else that is run here. */
const installSeconds = 600;
const runSeconds = 120;

/** `http` holds the tools of the HTTP tests: requests, schemathesis, a validator. */
export const environmentNames = ['core', 'http', 'qiskit', 'cirq', 'pennylane'] as const;
export type EnvironmentName = (typeof environmentNames)[number];

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Why a test cannot run here; its text is the skip's. */
export class Missing extends Error {}

/** Runs to the end; killed, with all it started, after `seconds`. */
export function run(command: string, args: readonly string[], { cwd = tmpdir(), env = {}, seconds = runSeconds, onLine }: { cwd?: string; env?: NodeJS.ProcessEnv; seconds?: number; onLine?: (line: string) => void } = {}): Promise<Ended> {
  return new Promise((settle) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let [out, err, rest] = ['', '', ''];
    const timer = setTimeout(() => {
      err += `\nkilled after ${seconds} s`;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, seconds * 1000);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine?.(line);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.once('error', (error) => {
      err += String(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      settle({ code, out, err });
    });
  });
}

export const requirementsOf = (name: EnvironmentName): string => (name === 'http' ? join(import.meta.dirname, 'http-requirements.txt') : join(packageFolder, 'requirements', `${name}.txt`));

/** The SDKs are some hundred megabytes: they are fetched only where they were asked for. */
export function whyNot(name: EnvironmentName): string | false {
  if (!existsSync(system)) return `no ${system}`;
  if (name !== 'core' && name !== 'http' && process.env['DEWAR_PYTHON_SDKS'] !== '1') return `real ${name} is not asked for: DEWAR_PYTHON_SDKS=1 downloads it once into ${cache}`;
  return false;
}

/** The environment's python, or why there is none: the reason of a skip. */
export async function pythonOrWhyNot(name: EnvironmentName): Promise<{ readonly python: string; readonly skip: string | false }> {
  const why = whyNot(name);
  if (why !== false) return { python: '', skip: why };
  try {
    return { python: await pythonOf(name), skip: false };
  } catch (error) {
    if (error instanceof Missing) return { python: '', skip: error.message };
    throw error;
  }
}

/** The environment's python, made first where it is not there whole. Throws `Missing` where venv, pip or the network is. */
export async function pythonOf(name: EnvironmentName): Promise<string> {
  const requirements = requirementsOf(name);
  const version = (await run(system, ['-c', 'import sys, platform; print(sys.version, platform.machine())'])).out.trim();
  const digest = createHash('sha256').update(readFileSync(requirements)).update(version).digest('hex');
  const folder = join(cache, `${name}-${digest.slice(0, 16)}`);
  const python = join(folder, 'bin/python');
  if (isWhole(folder, digest)) return python;
  mkdirSync(cache, { recursive: true });
  sweepUnfinished();
  const made = mkdtempSync(join(cache, '.making-'));
  try {
    await fill(made, name, requirements);
    writeFileSync(join(made, 'digest'), digest);
    // For all users: in CI root fills what another user reads.
    chmodSync(made, 0o755);
    // Another run may have been faster, and use it by now.
    if (!isWhole(folder, digest)) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(made, folder);
    }
  } catch (error) {
    if (error instanceof Missing || !isWhole(folder, digest)) throw error;
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  for (const old of readdirSync(cache)) if (old.startsWith(`${name}-`) && join(cache, old) !== folder) rmSync(join(cache, old), { recursive: true, force: true });
  return python;
}

/** What runs that were killed had half made, some hundred megabytes each; nobody is at it any more after the time that making takes. */
function sweepUnfinished(): void {
  const before = Date.now() - 3 * installSeconds * 1000;
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name);
    if (name.startsWith('.making-') && (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < before) rmSync(folder, { recursive: true, force: true });
  }
}

/** The digest is written last, so what has it was filled to the end, from this very file with these hashes. */
function isWhole(folder: string, digest: string): boolean {
  try {
    return readFileSync(join(folder, 'digest'), 'utf8') === digest && existsSync(join(folder, 'bin/python'));
  } catch {
    return false;
  }
}

async function fill(folder: string, name: EnvironmentName, requirements: string): Promise<void> {
  const venv = await run(system, ['-m', 'venv', folder]);
  if (venv.code !== 0) throw new Missing(`${system} -m venv fails (Debian: apt-get install python3-venv): ${lastLine(venv)}`);
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--no-input', '--no-deps', '--only-binary', ':all:', '--require-hashes', '--requirement', requirements];
  const installed = await run(join(folder, 'bin/python'), pip, { seconds: installSeconds });
  if (installed.code !== 0) throw new Missing(`${name} cannot be installed: ${lastLine(installed)}`);
  // An SDK's import costs three times as much from source.
  await run(join(folder, 'bin/python'), ['-m', 'compileall', '-q', join(folder, 'lib')], { seconds: installSeconds });
}

function lastLine({ out, err }: Ended): string {
  return (err.trim() || out.trim()).split('\n').at(-1)?.slice(0, 300) ?? '';
}

/** Builds the wheel, with no network, from the project's folder into `folder`, and gives its path. */
export async function buildWheel(folder: string): Promise<string> {
  const python = await pythonOf('core');
  const built = await run(python, ['-m', 'pip', '--disable-pip-version-check', 'wheel', '--quiet', '--no-deps', '--no-index', '--no-build-isolation', '--no-cache-dir', '--wheel-dir', folder, packageFolder], { env: { SOURCE_DATE_EPOCH: '1764201600' } });
  const name = existsSync(folder) ? readdirSync(folder).find((file) => file.endsWith('.whl')) : undefined;
  if (built.code !== 0 || name === undefined) throw new Error(`the wheel does not build: ${built.err}${built.out}`);
  return join(folder, name);
}

export interface Installed {
  readonly python: string;
  /** For PYTHONPATH: the wheel, installed beside the kept environment, which stays as it is locked. */
  readonly site: string;
}

/** The wheel in an environment of its SDK. */
export async function install(name: EnvironmentName, folder: string): Promise<Installed> {
  const python = await pythonOf(name);
  const site = join(folder, 'site');
  const wheel = await buildWheel(join(folder, 'wheel'));
  const installed = await run(python, ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--no-deps', '--no-index', '--no-cache-dir', '--target', site, wheel]);
  if (installed.code !== 0) throw new Error(`the wheel does not install: ${installed.err}`);
  return { python, site };
}

// `node test/python/environment.ts` fills the cache beforehand, such as for a user who may only read it.
if (import.meta.main) {
  for (const name of environmentNames) console.log(await pythonOf(name));
}
