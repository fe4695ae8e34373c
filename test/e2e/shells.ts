// Real shells for the completion tests: what a script offers, and a terminal to press Tab in.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../bin/dewar.mjs', import.meta.url));

/** Why a test that needs this program is skipped; false when it is there. */
export function missing(program: string): string | false {
  const found = spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
  return found ? false : `${program} is not installed`;
}

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with `dewar` on its PATH, a home, and files to complete; everything a shell is run with. */
export class ShellPlace {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(dewarHome: string) {
    this.folder = mkdtempSync(join(tmpdir(), 'dewar-shells-'));
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'dewar'), `#!/bin/sh\nexec '${process.execPath}' '${command}' "$@"\n`);
    chmodSync(join(bin, 'dewar'), 0o755);
    this.env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: this.folder, DEWAR_HOME: dewarHome, LC_ALL: 'C.UTF-8', TERM: 'xterm' };
  }

  run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
    const { stdout, stderr, error } = spawnSync(program, args, { cwd: this.folder, env: { ...this.env, ...env }, encoding: 'utf8', timeout: 60_000, input: '' });
    if (error !== undefined) throw error;
    return { stdout, stderr };
  }

  dewar(...args: readonly string[]): string {
    return this.run(join(this.folder, 'bin', 'dewar'), args).stdout;
  }
}

/** A shell at a terminal of its own (script(1)), typed into and read. */
export class Terminal {
  readonly #child;
  #text = '';

  constructor(place: ShellPlace, shell: string) {
    this.#child = spawn('script', ['-qec', shell, '/dev/null'], { cwd: place.folder, env: place.env, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
    });
  }

  /** Types, and gives what the screen got from then on once `until` is in it. */
  async type(keys: string, until: RegExp): Promise<string> {
    const from = this.#text.length;
    this.#child.stdin.write(keys);
    const end = performance.now() + 30_000;
    for (;;) {
      const seen = stripVTControlCharacters(this.#text.slice(from)).replaceAll('\r', '');
      if (until.test(seen)) return seen;
      if (performance.now() > end || this.#child.exitCode !== null) throw new Error(`${String(until)} did not come, but: ${JSON.stringify(seen)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** The shell is told to end; with its terminal gone it could not stay. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end('\u0015exit\n');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(late);
    this.#child.stdout.destroy();
  }
}
