// The test runner counts each test once and lets nothing bad pass: run on a small project of its own, with one file for each way to go wrong.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { folderOf } from './folder.ts';

const top = "import { test, describe } from 'node:test';\nimport assert from 'node:assert';\n";

interface Answer {
  readonly status: number | null;
  readonly out: string;
  readonly last: string;
}

function runIn(t: TestContext, files: Readonly<Record<string, string>>, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Answer {
  const folder = folderOf(t, { 'package.json': '{"type":"module"}', ...files });
  mkdirSync(join(folder, 'scripts'));
  for (const name of ['run-tests.ts', 'private-run.ts', 'test-reporter.ts']) copyFileSync(join(import.meta.dirname, '../../scripts', name), join(folder, 'scripts', name));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'scripts/run-tests.ts'), '--only', 'unit,e2e,bench', ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
  return { status, out: stdout + stderr, last: stdout.trimEnd().split('\n').at(-1) ?? '' };
}

const passing = `${top}test('good', () => {});\ndescribe('a group', () => { test('inner', () => {}); });\n`;

test('counts tests, not groups, and names a skipped one with its reason', (t) => {
  const answer = runIn(t, { 'packages/a/test/a.test.ts': `${passing}test('later', { skip: 'no such device here' }, () => {});\ntest('outer', async (t) => { await t.test('sub', () => {}); });\n` });
  assert.equal(answer.last, '4 passed, 0 failed, 1 skipped');
  assert.equal(answer.status, 0, answer.out);
  assert.match(answer.out, /skipped packages\/a\/test\/a\.test\.ts :: later: no such device here/);
});

test('DEWAR_REQUIRE=all makes a skip a failure', (t) => {
  const answer = runIn(t, { 'test/a.test.ts': `${passing}test('later', { skip: true }, () => {});\n` }, [], { DEWAR_REQUIRE: 'all' });
  assert.equal(answer.last, '2 passed, 1 failed, 0 skipped');
  assert.equal(answer.status, 1);
});

const bad: readonly [says: string, text: string, expected: RegExp, last: string][] = [
  ['a failing test, with what it got', `${passing}test('bad', () => assert.equal(1, 2));\n`, /a\.test\.ts :: bad\n[^]*1 == 2/, '2 passed, 1 failed, 0 skipped'],
  ['a failing test in a group, once', `${top}describe('g', () => { test('good', () => {}); test('bad', () => assert.equal(1, 2)); });\n`, /a\.test\.ts :: g > bad/, '1 passed, 1 failed, 0 skipped'],
  ['a file that does not load', "import './none.ts';\n", /ERR_MODULE_NOT_FOUND/, '0 passed, 1 failed, 0 skipped'],
  ['a file without tests', 'export {};\n', /no test ran/, '0 passed, 1 failed, 0 skipped'],
  ['a process that ends itself in the middle', `${top}test('bad', () => process.exit(0));\ntest('never', () => {});\n`, /ended before its tests did/, '0 passed, 1 failed, 0 skipped'],
  ['a process left running', `${top}import { spawn } from 'node:child_process';\ntest('good', () => { spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref(); });\n`, /left behind: process \d+ \(sleep 60\)/, '1 passed, 1 failed, 0 skipped'],
  ['a socket left in the temporary folder', `${top}import { createServer } from 'node:net';\ntest('good', (t, done) => { createServer().listen(process.env.TMPDIR + '/s', () => { done(); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300); }); });\n`, /left behind: socket s/, '1 passed, 1 failed, 0 skipped'],
];

for (const [says, text, expected, last] of bad) {
  test(`fails on ${says}`, (t) => {
    const answer = runIn(t, { 'packages/a/test/a.test.ts': text });
    assert.match(answer.out, expected);
    assert.equal(answer.last, last, answer.out);
    assert.equal(answer.status, 1);
  });
}

test('a hang fails with the name of its file', (t) => {
  const answer = runIn(t, { 'packages/a/test/a.test.ts': `${top}test('good', () => {});\ntest('hangs', () => new Promise(() => { setInterval(() => {}, 1000); }));\n` }, ['--timeout', '2']);
  assert.match(answer.out, /FAILED packages\/a\/test\/a\.test\.ts\n +did not end within 2 s, killed/);
  assert.equal(answer.last, '1 passed, 1 failed, 0 skipped');
});

test('fails when nothing ran', (t) => {
  const answer = runIn(t, {});
  assert.equal(answer.last, '0 passed, 0 failed, 0 skipped');
  assert.equal(answer.status, 1);
});

test('a test sees a home and a temporary folder of its own, where its Python environments are, and nothing else of the user', (t) => {
  const look = `${top}test('alone', () => { assert.deepEqual(Object.keys(process.env).filter((name) => /^(DEWAR_(?!PYTHON_)|npm_|XDG_|NODE_OPTIONS|NODE_TEST_CONTEXT)/.test(name)), []); assert.equal(process.env.DEWAR_PYTHON_CACHE, '/c'); assert.equal(process.env.HOME, process.env.TMPDIR + '/home'); });\n`;
  const answer = runIn(t, { 'test/e2e/a.test.ts': look }, [], { DEWAR_HOME: '/x', DEWAR_SOCKET: '/y', DEWAR_PYTHON_CACHE: '/c', XDG_STATE_HOME: '/z', NODE_OPTIONS: '--no-warnings', npm_config_x: 'y' });
  assert.equal(answer.last, '1 passed, 0 failed, 0 skipped', answer.out);
});

test('a benchmark runs once, and counts as one', (t) => {
  const answer = runIn(t, { 'bench/a.ts': "if (process.argv.slice(2).join(' ') !== '--count 1') process.exit(1);\n", 'bench/b.ts': 'process.exit(3);\n' });
  assert.equal(answer.last, '1 passed, 1 failed, 0 skipped');
  assert.match(answer.out, /FAILED bench\/b\.ts\n +ended with exit code 3/);
});

test('an unknown kind or option is refused with what there is', (t) => {
  assert.match(runIn(t, {}, ['--only', 'units']).out, /--only units: no such kind\nusage: .*types,lint,walls/);
  assert.equal(runIn(t, {}, ['--onyl=unit']).status, 2);
});

test('part of a path picks files', (t) => {
  const answer = runIn(t, { 'packages/a/test/a.test.ts': passing, 'packages/b/test/b.test.ts': passing }, ['packages/b']);
  assert.equal(answer.last, '2 passed, 0 failed, 0 skipped');
});
