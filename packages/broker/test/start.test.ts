// A whole broker in this process: what it finds in its folders at the start.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DewarError, type Home } from '@dewar/protocol';
import { systemClock, systemRandom } from '../src/adapters/system.ts';
import { startBroker, type Broker } from '../src/broker.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'b-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const homeIn = (folder: string): Home => ({ state: join(folder, 'state'), config: join(folder, 'config'), run: join(folder, 'run') });

function start(home: Home): Promise<Broker> {
  return startBroker({
    home, uid: process.getuid?.() ?? 0, owner: 'owner', zone: 'UTC', clock: systemClock, random: systemRandom, peer: () => undefined,
    policyFile: fileURLToPath(new URL('../../../policies/default/quantum_policy.bundle.json', import.meta.url)),
    helpFile: fileURLToPath(new URL('../../../docs/agents.md', import.meta.url)),
    report: () => undefined, onFatal: () => undefined, onShutDown: () => undefined,
  });
}

const is = (code: DewarError['code']) => (error: unknown): boolean => error instanceof DewarError && error.code === code;

test('what a killed writer left is swept at the start, and nothing else', async (t) => {
  const home = homeIn(folderOf(t));
  await (await start(home)).stop();
  const left = ['config/.prices.json.0123456789ab', 'state/keys/.receipt-p256.pem.0123456789ab', `state/artifacts/ab/.${'ab'.repeat(32)}.0123456789ab`, 'state/practice/practice-qpu/.key.json.0123456789ab'];
  const kept = ['config/.prices.json.swp', 'config/notes.0123456789ab', 'state/artifacts/ab/0123456789ab', 'state/.other.0123456789ab', 'config/mine/.a.0123456789ab', 'state/keys/.folder.0123456789ab/inside'];
  const parent = join(home.state, '..');
  for (const path of [...left, ...kept]) {
    mkdirSync(join(parent, path, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(join(parent, path), 'x', { mode: 0o600 });
  }
  await (await start(home)).stop();
  for (const path of left) assert.equal(existsSync(join(parent, path)), false, path);
  for (const path of kept) assert.equal(existsSync(join(parent, path)), true, path);
});

test('nothing is swept, and no socket taken, where another broker has the home or its sockets', async (t) => {
  const folder = folderOf(t);
  const first = homeIn(folder);
  const broker = await start(first);
  t.after(() => broker.stop());
  const other: Home = { ...first, state: join(folder, 'other') };
  const written = join(first.config, '.prices.json.0123456789ab');
  writeFileSync(written, 'x');
  for (const home of [first, other]) await assert.rejects(start(home), is('already_running'));
  assert.equal(existsSync(written), true);
  assert.equal(existsSync(join(first.run, 'control.sock')), true);
  // The refused one held nothing back.
  const free: Home = { ...other, run: join(folder, 'free') };
  await (await start(free)).stop();
});
