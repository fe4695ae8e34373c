// The Python environment that the HTTP tests' clients live in: made from the locked requirements once, kept by their digest.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const project = resolve(import.meta.dirname, '../..');
const requirements = join(import.meta.dirname, 'requirements.txt');
/** Debian's own: others on PATH may not be readable for everyone. */
const system = '/usr/bin/python3';
const cache = join(project, '.cache/python');
const installMs = 600_000;

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end; killed after `ms`. */
export function run(command: string, args: readonly string[], { cwd, env = {}, ms = 120_000 }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly ms?: number } = {}): Promise<Ended> {
  return new Promise((settle) => {
    const child = spawn(command, args, { ...(cwd !== undefined && { cwd }), env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
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

/** Its python, or why there is none: the reason of a skip. The other programs in it know the folder that they were made in, so they are run as modules. */
export async function environment(): Promise<{ readonly python: string } | { readonly missing: string }> {
  const version = spawnSync(system, ['-c', 'import sys, platform; print(sys.version, platform.machine())'], { encoding: 'utf8' });
  if (version.status !== 0) return { missing: `no ${system}` };
  const digest = createHash('sha256').update(readFileSync(requirements)).update(version.stdout).digest('hex');
  const folder = join(cache, `openapi-${digest.slice(0, 16)}`);
  if (existsSync(folder)) return { python: join(folder, 'bin/python') };
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, '.making-'));
  try {
    const venv = await run(system, ['-m', 'venv', made]);
    if (venv.code !== 0) return { missing: `${system} -m venv fails (Debian: apt-get install python3-venv): ${lastLine(venv)}` };
    const installed = await run(join(made, 'bin/python'), ['-m', 'pip', '--disable-pip-version-check', 'install', '--quiet', '--no-input', '--no-deps', '--only-binary', ':all:', '--require-hashes', '--requirement', requirements], { ms: installMs });
    if (installed.code !== 0) return { missing: `the Python clients cannot be installed: ${lastLine(installed)}` };
    // The name is there only once it is whole; another run may have been faster.
    if (!existsSync(folder)) renameSync(made, folder);
    return { python: join(folder, 'bin/python') };
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

function lastLine({ out, err }: Ended): string {
  return (err.trim() || out.trim()).split('\n').at(-1)?.slice(0, 300) ?? '';
}
