// Starting and stopping a broker that is a stand-in: environment, log, pinned keys, signals.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleStatus } from '@dewar/client/test/samples';
import { newHome, runCli, withFakes, type CliOptions, type Ended } from './run-cli.ts';

const hook = new URL('./fake-bin-hook.mjs', import.meta.url).href;

function homeWith(mode: string): { home: string; cli: (args: readonly string[], more?: Partial<CliOptions>) => Promise<Ended> } {
  const home = newHome();
  writeFileSync(join(home, 'mode'), mode);
  return { home, cli: (args, more) => runCli(args, { home, nodeArgs: ['--import', hook], ...more }) };
}
const seenIn = (home: string): { env: Record<string, string>; execArgv: string[]; cwd: string; pid: number } => JSON.parse(readFileSync(join(home, 'seen.json'), 'utf8'));

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('up starts a broker that outlives it, pins its keys once, and down ends it', async () => {
  const { home, cli } = homeWith('well');
  const first = await cli(['up', '--json']);
  assert.equal(first.code, 0, first.stderr);
  assert.equal(JSON.parse(first.stdout).keys, 'pinned now');
  const { pid } = seenIn(home);
  assert.ok(lives(pid));
  const trust = join(home, 'config', 'trust.json');
  assert.equal(statSync(trust).mode & 0o777, 0o600);
  assert.equal(JSON.parse(readFileSync(trust, 'utf8')).receipt_pem, 'pem of well');
  assert.equal(statSync(join(home, 'state', 'broker.log')).mode & 0o777, 0o600);
  const again = await cli(['up', '--json']);
  assert.deepEqual([again.code, JSON.parse(again.stdout).keys, JSON.parse(again.stdout).status.pid], [0, 'as pinned', pid]);
  assert.equal((await cli(['up', '--foreground'])).code, 1);
  const down = await cli(['down', '--json']);
  assert.deepEqual([down.code, JSON.parse(down.stdout)], [0, { stopped: true }]);
  assert.equal((await cli(['status'])).code, 5);
});

test('the broker gets no secret and no switch from the person\'s shell', async () => {
  const { home, cli } = homeWith('well');
  await cli(['up'], { env: { QISKIT_IBM_TOKEN: 'secret', NODE_OPTIONS: '--max-old-space-size=512', LD_PRELOAD: '', XDG_CACHE_HOME: '/x', LANG: 'C.UTF-8', TZ: 'UTC' } });
  const { env, execArgv, cwd } = seenIn(home);
  assert.deepEqual(Object.keys(env).sort(), ['DEWAR_HOME', 'HOME', 'LANG', 'PATH', 'TZ', 'XDG_CACHE_HOME']);
  assert.deepEqual(execArgv, ['--disable-sigusr1']);
  assert.equal(cwd, '/');
  await cli(['down']);
});

test('a broker that dies at the start is told with the end of its log, escaped', async () => {
  const { home, cli } = homeWith('dies');
  const ended = await cli(['up']);
  assert.equal(ended.code, 5);
  assert.match(ended.stderr, / {2}log {2}the \\u\{1b\}\[2Jreason\nerror: the broker ended before it answered \(not_running\)\n {2}got {5}exit code 78/);
  writeFileSync(join(home, 'mode'), 'well');
  assert.equal((await cli(['up'])).code, 0);
  await cli(['down']);
});

test('a broker that refuses to start is quoted: its error is the command\'s', async () => {
  const ended = await homeWith('refuses').cli(['up', '--json']);
  assert.deepEqual([ended.code, JSON.parse(ended.stderr)], [1, { error: { code: 'config_invalid', message: 'backends.json: not JSON', fix: 'mend it' } }]);
});

test('a broker with other keys than the pinned ones is refused, and not left running', async () => {
  const { home, cli } = homeWith('well');
  await cli(['up']);
  await cli(['down']);
  const pinned = readFileSync(join(home, 'config', 'trust.json'), 'utf8');
  writeFileSync(join(home, 'mode'), 'another');
  const ended = await cli(['up', '--json']);
  assert.deepEqual([ended.code, ended.stdout, JSON.parse(ended.stderr).error.code], [1, '', 'key_unpinned']);
  assert.equal(readFileSync(join(home, 'config', 'trust.json'), 'utf8'), pinned);
  const { pid } = seenIn(home);
  for (let tries = 0; lives(pid) && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(lives(pid), false);
});

test('a broker of another home is refused: nothing is said to be up, and no key is pinned', async () => {
  const { home, cli } = homeWith('elsewhere');
  const started = await cli(['up', '--json']);
  assert.deepEqual([started.code, started.stdout, JSON.parse(started.stderr).error.code], [1, '', 'home_invalid']);
  await withFakes({ control: { 'GET /v1/status': { ...sampleStatus, home: '/another/state' }, 'GET /v1/keys': { receipt_pem: 'pem', checkpoint_vkey: 'vkey' } } }, async (fakes) => {
    for (const args of [['up', '--json'], ['up', '--foreground', '--json']]) {
      const { code, stderr } = await runCli(args, { home: fakes.home, nodeArgs: ['--import', hook] });
      assert.deepEqual([code, JSON.parse(stderr).error.code, JSON.parse(stderr).error.got], [1, 'home_invalid', '"/another/state"']);
    }
    assert.equal(existsSync(join(fakes.home, 'config', 'trust.json')), false);
  });
  assert.equal(existsSync(join(home, 'config', 'trust.json')), false);
});

test('in the foreground SIGTERM ends broker and command, with exit code 0', async () => {
  const { home, cli } = homeWith('well');
  const over = cli(['up', '--foreground']);
  for (let tries = 0; tries < 100 && (await cli(['status'])).code !== 0; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  const { pid } = seenIn(home);
  process.kill(pid, 'SIGTERM');
  assert.equal((await over).code, 0);
});
