// The broker's process as it is started, where its surroundings fail it.
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** The status of an answer; 0 where nobody answers. */
function ask(socketPath: string, method: string, path: string): Promise<number> {
  return new Promise((resolve) => {
    request({ socketPath, method, path, agent: false, headers: { host: 'dewar' } }, (answer) => answer.resume().on('end', () => resolve(answer.statusCode ?? 0))).on('error', () => resolve(0)).end();
  });
}

test('a log that cannot be written does not end the broker', { skip: process.platform !== 'linux' && 'needs /dev/full' }, async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'b-'));
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, ['--disable-sigusr1', main], { cwd: '/', env: { PATH: process.env['PATH'] ?? '', DEWAR_HOME: home }, stdio: ['ignore', 'ignore', full] });
  closeSync(full);
  t.after(() => {
    child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });
  const control = join(home, 'run', 'control.sock');
  const ended = once(child, 'exit');
  let status = 0;
  for (let tries = 0; status === 0 && child.exitCode === null && tries < 600; tries += 1) {
    status = await ask(control, 'GET', '/v1/status');
    await sleep(50);
  }
  // Its first line is written just after it answers.
  await sleep(300);
  assert.equal(await ask(control, 'GET', '/v1/status'), 200);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
});
