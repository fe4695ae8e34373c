// The help and the manual: pinned, complete, and of one mind.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Command } from 'commander';
import { exitMeanings } from '../src/exit.ts';
import { Output } from '../src/output.ts';
import { programOf } from '../src/program.ts';
import { assertGolden, newHome, runCli } from './run-cli.ts';

const silent = new Output({ stdout: { write() {} }, stderr: { write() {} }, env: {}, json: false });
const program = programOf({ output: silent, run: async () => {}, version: '0.0.0' });

/** Every verb that can be typed, `session create` and the like in full. */
function verbs(command: Command, before: readonly string[] = []): { name: string; help: string }[] {
  return command.commands.flatMap((child) => {
    const words = [...before, child.name()];
    let help = '';
    child.configureOutput({ ...child.configureOutput(), writeOut: (text) => { help += text; } }).outputHelp();
    return [{ name: words.join(' '), help }, ...verbs(child, words)];
  });
}
const all = verbs(program);
const leaves = all.filter(({ name }) => !all.some((other) => other.name.startsWith(`${name} `)));

test('the help of the command and of every verb reads as pinned', async () => {
  const { code, stdout } = await runCli(['help'], { home: newHome() });
  assert.equal(code, 0);
  assertGolden('help.txt', [stdout, ...all.map(({ name, help }) => `## dewar ${name} --help\n${help}`)].join('\n'));
});

test('help is asked for in every usual way, and goes to stdout', async () => {
  const home = newHome();
  for (const args of [['--help'], ['-h'], ['help', 'run'], ['run', '--help'], ['session', 'create', '--help']]) {
    const ended = await runCli(args, { home });
    assert.deepEqual([ended.code, ended.stderr], [0, ''], args.join(' '));
    assert.match(ended.stdout, /^Usage: dewar/);
  }
  assert.equal((await runCli(['--version'], { home })).stdout, '0.1.0\n');
});

for (const { name, help } of leaves) {
  test(`dewar ${name} --help has an example that begins with the verb, and names --json`, () => {
    assert.match(help, new RegExp(`\\nExample:\\n {2}\\$ dewar ${name}\\b`));
    assert.match(help, /--json/);
  });
}

const manual = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');

test('docs/cli.md lists every verb with an example, and no other', () => {
  const rows = [...manual.matchAll(/^\| `dewar ([a-z ]+?)(?: [<[A-Z-].*?)?` \| .+ \| `dewar ([a-z ]+)/gm)].map(([, verb]) => verb ?? '');
  assert.deepEqual(new Set(rows), new Set(leaves.map(({ name }) => name)));
});

test('docs/cli.md lists every exit code with the meaning that help gives', () => {
  for (const [code, meaning] of exitMeanings) assert.ok(manual.includes(`| ${code} | ${meaning} |`), `${code} ${meaning}`);
});
