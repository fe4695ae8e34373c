// Runs the real command as a child process, away from the person's own home.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { fakeBroker, type Answers, type FakeBroker } from '@dewar/client/test/fake-broker';

export const mainFile = fileURLToPath(new URL('../src/main.ts', import.meta.url));

const made: string[] = [];
process.once('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

function newFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  made.push(folder);
  return folder;
}

/** Each start costs less when Node keeps what it compiled. */
const compiled = newFolder('dewar-cli-compiled-');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly home: string;
  readonly env?: Record<string, string>;
  readonly nodeArgs?: readonly string[];
  readonly cwd?: string;
  /** Given the means to send a signal later. */
  readonly onSpawn?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Called with all of stderr so far, to send a signal at the right moment. */
  readonly onStderr?: (soFar: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export async function runCli(args: readonly string[], { home, env = {}, nodeArgs = [], cwd, onSpawn, onStderr }: CliOptions): Promise<Ended> {
  const child = spawn(process.execPath, [...nodeArgs, mainFile, ...args], { env: { PATH: process.env['PATH'] ?? '', HOME: home, DEWAR_HOME: home, NODE_COMPILE_CACHE: compiled, ...env }, ...(cwd !== undefined && { cwd }), stdio: ['ignore', 'pipe', 'pipe'] });
  onSpawn?.((signal) => child.kill(signal));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    onStderr?.(stderr, (signal) => child.kill(signal));
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

export function newHome(): string {
  return newFolder('dewar-cli-');
}

export interface Fakes {
  readonly home: string;
  readonly control: FakeBroker;
  readonly session: FakeBroker;
}

/** A home whose control socket and default session answer as told. */
export async function withFakes(answers: { readonly control?: Answers; readonly session?: Answers }, use: (fakes: Fakes) => Promise<void>): Promise<void> {
  const home = newHome();
  const control = await fakeBroker(answers.control ?? {}, join(home, 'run', 'control.sock'));
  const session = await fakeBroker(answers.session ?? {}, join(home, 'run', 's', 'default', 'api.sock'));
  try {
    await use({ home, control, session });
  } finally {
    await control.close();
    await session.close();
  }
}

/** Compares with a file under test/golden; `UPDATE_GOLDEN=1` writes it instead. */
export function assertGolden(name: string, text: string): void {
  const file = new URL(`./golden/${name}`, import.meta.url);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}
