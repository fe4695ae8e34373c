// What makes a home unusable, each by name: its configuration, its keys, its lock, its folders.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DewarError, type ErrorCode } from '@dewar/protocol';
import { loadConfiguration } from '../src/adapters/config-files.ts';
import { makeFolder, privateFolder, writeDurably } from '../src/adapters/durable.ts';
import { loadKeys } from '../src/adapters/key-files.ts';
import { lockFolder } from '../src/adapters/lock.ts';
import { sha256 } from '../src/adapters/system.ts';

const uid = process.getuid?.() ?? 0;
const is = (code: ErrorCode) => (error: unknown): boolean => error instanceof DewarError && error.code === code && (error.fix ?? '') !== '';

const inFolder = (name: string, body: (folder: string) => Promise<void>): void => {
  test(name, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dewar-config-'));
    try {
      await body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
};

inFolder('a new home gets working defaults, and the next start reads them', async (folder) => {
  const first = await loadConfiguration(folder);
  assert.deepEqual([...first.devices.keys()], ['simulator', 'practice-qpu']);
  assert.deepEqual((await first.firstBudgets()).map(({ key, limit_micros }) => [key.per, limit_micros]), [['job', 10_000_000], ['day', 50_000_000]]);
  const again = await loadConfiguration(folder);
  assert.deepEqual([again.devices, again.aliases, again.prices, again.queue], [first.devices, first.aliases, first.prices, first.queue]);
});

for (const [what, file, text] of [
  ['no JSON', 'backends.json', '{'],
  ['a key twice', 'budgets.json', '{"currency":"XTS","currency":"EUR","job":"1","day":"1"}'],
  ['an unknown field', 'budgets.json', '{"currency":"XTS","job":"1","day":"1","week":"1"}'],
  ['a missing field', 'budgets.json', '{"currency":"XTS","job":"1"}'],
  ['a number where a decimal text belongs', 'budgets.json', '{"currency":"XTS","job":10,"day":"1"}'],
  ['a negative budget', 'budgets.json', '{"currency":"XTS","job":"-1","day":"1"}'],
  ['a negative price', 'prices.json', '{"dated":"2026-11-01","source":"x","currency":"XTS","free":[],"lines":[{"device":"a","per_task":"-0.30","per_shot":"0"}]}'],
  ['an alias of nothing', 'backends.json', '{"devices":{"simulator":{"kind":"simulator"}},"aliases":{"a":"nowhere"}}'],
  ['an alias that hides a device', 'backends.json', '{"devices":{"simulator":{"kind":"simulator"}},"aliases":{"simulator":"simulator"}}'],
  ['a device of no kind', 'backends.json', '{"devices":{"a":{"kind":"qpu"}},"aliases":{}}'],
  ['a device with a path for a name', 'backends.json', '{"devices":{"../a":{"kind":"simulator"}},"aliases":{}}'],
] as const) {
  inFolder(`configuration with ${what} is config_invalid and names the file`, async (folder) => {
    writeFileSync(join(folder, file), text);
    await assert.rejects(loadConfiguration(folder).then((found) => found.firstBudgets()), (error) => is('config_invalid')(error) && (error as DewarError).message.includes(file));
  });
}

inFolder('a new home makes both keys for its owner alone, and the next start loads the same', async (folder) => {
  const first = await loadKeys(folder, uid, true, sha256);
  for (const file of readdirSync(folder)) assert.equal(statSync(join(folder, file)).mode & 0o777, 0o600);
  const again = await loadKeys(folder, uid, false, sha256);
  assert.deepEqual([again.receipt.publicKeyPem, again.checkpoint.vkey], [first.receipt.publicKeyPem, first.checkpoint.vkey]);
});

inFolder('keys that are there are never replaced, journal or not: old receipts still verify', async (folder) => {
  const first = await loadKeys(folder, uid, true, sha256);
  const again = await loadKeys(folder, uid, true, sha256);
  assert.equal(again.receipt.publicKeyPem, first.receipt.publicKeyPem);
  rmSync(join(folder, 'checkpoint-ed25519.pem'));
  assert.equal((await loadKeys(folder, uid, true, sha256)).receipt.publicKeyPem, first.receipt.publicKeyPem, 'a first start that died between the two goes on');
});

inFolder('a missing key, a key that others can read, a key of another kind: each is refused', async (folder) => {
  await loadKeys(folder, uid, true, sha256);
  const receipt = join(folder, 'receipt-p256.pem');
  const checkpoint = join(folder, 'checkpoint-ed25519.pem');
  const pem = readFileSync(receipt);
  chmodSync(receipt, 0o640);
  await assert.rejects(loadKeys(folder, uid, false, sha256), is('home_invalid'));
  chmodSync(receipt, 0o600);
  await assert.rejects(loadKeys(folder, uid + 1, false, sha256), is('home_invalid'));
  writeFileSync(receipt, readFileSync(checkpoint));
  await assert.rejects(loadKeys(folder, uid, false, sha256), (error) => error instanceof DewarError && !String(error.stack).includes('PRIVATE KEY'));
  writeFileSync(receipt, pem);
  rmSync(checkpoint);
  await assert.rejects(loadKeys(folder, uid, false, sha256), is('home_invalid'));
  assert.ok(!existsSync(checkpoint));
});

inFolder('a home is held once, and given back', async (folder) => {
  const file = join(folder, 'broker.lock');
  const unlock = lockFolder(file);
  assert.throws(() => lockFolder(file), is('already_running'));
  unlock();
  lockFolder(file)();
});

inFolder('a lock that cannot be taken is not called a running broker', async (folder) => {
  assert.throws(() => lockFolder(join(folder, 'nowhere', 'broker.lock')), is('storage_failed'));
  writeFileSync(join(folder, 'broker.lock'), 'not a database, and longer than a header of one hundred bytes'.repeat(4));
  assert.throws(() => lockFolder(join(folder, 'broker.lock')), is('storage_corrupt'));
});

inFolder('a folder that is a file, a link, or somebody else\'s is refused; one open to others is closed', async (folder) => {
  writeFileSync(join(folder, 'file'), '');
  await assert.rejects(privateFolder(join(folder, 'file'), uid), (error) => is('home_invalid')(error) || is('storage_failed')(error));
  mkdirSync(join(folder, 'real'));
  symlinkSync(join(folder, 'real'), join(folder, 'link'));
  await assert.rejects(privateFolder(join(folder, 'link'), uid), is('home_invalid'));
  await assert.rejects(privateFolder(join(folder, 'real'), uid + 1), is('home_invalid'));
  chmodSync(join(folder, 'real'), 0o777);
  await privateFolder(join(folder, 'real'), uid);
  assert.equal(statSync(join(folder, 'real')).mode & 0o777, 0o700);
});

inFolder('a durable write is whole or not there, and leaves nothing beside', async (folder) => {
  await makeFolder(join(folder, 'a/b/c'));
  await writeDurably(join(folder, 'a/b/c/file'), new Uint8Array([1, 2, 3]));
  assert.deepEqual(readdirSync(join(folder, 'a/b/c')), ['file']);
  mkdirSync(join(folder, 'taken/full'), { recursive: true });
  writeFileSync(join(folder, 'taken/full/x'), '');
  await assert.rejects(writeDurably(join(folder, 'taken/full'), new Uint8Array([1])), is('storage_failed'));
  assert.deepEqual(readdirSync(join(folder, 'taken')), ['full']);
  await assert.rejects(writeDurably(join(folder, 'nowhere/file'), new Uint8Array([1])), is('storage_failed'));
});
