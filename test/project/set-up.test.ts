// Starting and cleaning a checkout: what counts as installed, what is refused with its mend, and what cleaning must never touch.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { folderOf } from './folder.ts';

const lock = (version: string, extra: object = {}): string =>
  JSON.stringify({ packages: { '': {}, 'node_modules/a': { version, integrity: 'sha512-x' }, 'node_modules/elsewhere': { version: '1.0.0', os: 'sunos', optional: true }, 'node_modules/tool': { version: '1.0.0', dev: true }, ...extra } });

const whole: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'package-lock.json': lock('1.0.0'),
  'node_modules/.package-lock.json': lock('1.0.0'),
  'node_modules/a/package.json': '{}',
  'node_modules/tool/package.json': '{}',
  'packages/cli/src/main.ts': 'const words: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify([words, process.env["NODE_OPTIONS"]]));\nprocess.exitCode = 5;\n',
};

function checkout(t: TestContext, files: Readonly<Record<string, string | undefined>> = {}): string {
  const kept = Object.entries({ ...whole, ...files }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const folder = folderOf(t, Object.fromEntries(kept));
  const project = join(import.meta.dirname, '../..');
  cpSync(join(project, 'bin'), join(folder, 'bin'), { recursive: true });
  cpSync(join(project, 'scripts'), join(folder, 'scripts'), { recursive: true });
  return folder;
}

function run(folder: string, script: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, script), ...args], { encoding: 'utf8', env: { ...process.env, XDG_CACHE_HOME: join(folder, 'xdg'), ...env } });
  return { status, out: stdout + stderr };
}

test('the command hands its arguments and exit code through, and drops NODE_OPTIONS', (t) => {
  const { status, out } = run(checkout(t), 'bin/dewar.mjs', ['submit', '--spec', 'a b'], { NODE_OPTIONS: '--no-warnings' });
  assert.equal(out, '[["submit","--spec","a b"],null]\n');
  assert.equal(status, 5);
});

const incomplete: readonly [says: string, files: Readonly<Record<string, string | undefined>>][] = [
  ['no installation', { 'node_modules/.package-lock.json': undefined, 'node_modules/a/package.json': undefined }],
  ['an installation of another lock', { 'package-lock.json': lock('2.0.0') }],
  ['an installation cut off before its end', { 'node_modules/.package-lock.json': undefined }],
  ['a package that is gone', { 'node_modules/a/package.json': undefined }],
  ['other bytes than the lock names', { 'node_modules/.package-lock.json': lock('1.0.0').replace('sha512-x', 'sha512-y') }],
  ['a stamp of another lock', { 'node_modules/.dewar-stamp': `${'0'.repeat(64)} linux x64\n`, 'node_modules/a/package.json': undefined }],
];

for (const [says, files] of incomplete) {
  test(`the command refuses, names npm ci and installs nothing: ${says}`, (t) => {
    const folder = checkout(t, files);
    const { status, out } = run(folder, 'bin/dewar.mjs', ['status']);
    assert.equal(status, 1);
    assert.match(out, /^dewar: The packages in .*node_modules are missing or not those of package-lock\.json\.\n {2}fix: cd .* && npm ci/);
    assert.equal(existsSync(join(folder, '.cache')), false);
  });
}

test('the command runs without the tools for tests, and a stamp is kept for a whole installation only', (t) => {
  const folder = checkout(t, { 'node_modules/tool/package.json': undefined });
  assert.equal(run(folder, 'bin/dewar.mjs').status, 5);
  assert.equal(existsSync(join(folder, 'node_modules/.dewar-stamp')), false);
  mkdirSync(join(folder, 'node_modules/tool'), { recursive: true });
  writeFileSync(join(folder, 'node_modules/tool/package.json'), '{}');
  assert.equal(run(folder, 'bin/dewar.mjs').status, 5);
  assert.match(readFileSync(join(folder, 'node_modules/.dewar-stamp'), 'utf8'), /^[0-9a-f]{64} \w+ \w+\n$/);
});

test('compiled code is kept in a folder of mode 0700, and nowhere when others may write there', (t) => {
  const folder = checkout(t);
  run(folder, 'bin/dewar.mjs');
  assert.ok(existsSync(join(folder, 'xdg/dewar/compiled')));
  const open = join(folder, 'open');
  mkdirSync(join(open, 'dewar'), { recursive: true });
  chmodSync(join(open, 'dewar'), 0o777);
  assert.equal(run(folder, 'bin/dewar.mjs', [], { XDG_CACHE_HOME: open }).status, 5);
  assert.equal(spawnSync('find', [open, '-type', 'f'], { encoding: 'utf8' }).stdout, '');
});

test('cleaning removes the installation and the tour, and a dry run nothing', (t) => {
  const home = mkdtempSync(join(tmpdir(), 'dewar-tour-'));
  const folder = checkout(t, { 'dewar-tour/receipt.json': '{}', '.cache/tour.json': JSON.stringify({ pid: 1, home }), 'xdg/other': 'kept' });
  run(folder, 'bin/dewar.mjs');
  const dry = run(folder, 'scripts/clean.mjs', ['--dry-run']);
  assert.equal(dry.out.match(/^would remove /gm)?.length, 5, dry.out);
  for (const path of ['node_modules', 'dewar-tour', '.cache', 'xdg/dewar']) assert.ok(existsSync(join(folder, path)), path);
  const { status, out } = run(folder, 'scripts/clean.mjs');
  assert.equal(status, 0);
  assert.equal(out.match(/^removed /gm)?.length, 5, out);
  for (const path of ['node_modules', 'dewar-tour', '.cache', 'xdg/dewar']) assert.equal(existsSync(join(folder, path)), false, path);
  assert.equal(existsSync(home), false);
  assert.ok(existsSync(join(folder, 'xdg/other')));
});

test('cleaning removes a link and not what it points to', (t) => {
  const precious = folderOf(t, { 'thesis.tex': 'years', 'tour.json': JSON.stringify({ pid: 1, home: '/nowhere' }) });
  const folder = checkout(t, { 'node_modules/.package-lock.json': undefined, 'node_modules/a/package.json': undefined, 'node_modules/tool/package.json': undefined });
  for (const name of ['node_modules', 'dewar-tour', '.cache']) symlinkSync(precious, join(folder, name));
  const { out } = run(folder, 'scripts/clean.mjs');
  assert.equal(out.match(/\(the link only\)/g)?.length, 3, out);
  assert.equal(readFileSync(join(precious, 'thesis.tex'), 'utf8'), 'years');
});

test('cleaning leaves a home that is not the throwaway one, and a process that is not the broker', async (t) => {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.after(() => other.kill('SIGKILL'));
  const mine = folderOf(t, { 'state/journal.db': 'mine' });
  const folder = checkout(t, { '.cache/tour.json': JSON.stringify({ pid: other.pid, home: mine }) });
  run(folder, 'scripts/clean.mjs');
  assert.ok(existsSync(join(mine, 'state/journal.db')));
  assert.equal(other.exitCode ?? other.signalCode, null);
});

test("cleaning stops the tour's broker, whose environment nobody can read, and not a person's own", { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'dewar-tour-'));
  const folder = checkout(t, { 'packages/broker/src/main.ts': "console.log('up');\nsetInterval(() => {}, 1000);\n" });
  const start = async (...args: readonly string[]): Promise<ReturnType<typeof spawn>> => {
    const child = spawn(process.execPath, [join(folder, 'packages/broker/src/main.ts'), ...args], { env: {}, stdio: ['ignore', 'pipe', 'ignore'] });
    t.after(() => child.kill('SIGKILL'));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return child;
  };
  const broker = await start('--until-stdin-ends');
  const another = await start();
  const clean = (pid: number | undefined, at: string): void => {
    mkdirSync(join(folder, '.cache'), { recursive: true });
    writeFileSync(join(folder, '.cache/tour.json'), JSON.stringify({ pid, home: at }));
    run(folder, 'scripts/clean.mjs');
  };
  clean(broker.pid, join(tmpdir(), 'dewar-tour-gone'));
  assert.equal(broker.exitCode ?? broker.signalCode, null);
  clean(another.pid, mkdtempSync(join(tmpdir(), 'dewar-tour-')));
  const ended = new Promise((resolve) => broker.once('exit', (_, signal) => resolve(signal)));
  clean(broker.pid, home);
  assert.equal(await ended, 'SIGTERM');
  assert.equal(another.exitCode ?? another.signalCode, null);
});
