// A journal of the release before: opened, brought to today's tables in one transaction, and as true as it was.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { jsonDigest, type Json } from '@dewar/protocol';
import { SqliteStore } from '../src/adapters/sqlite/store.ts';
import type { Job } from '../src/core/job.ts';
import type { Store } from '../src/core/ports.ts';
import { checkpointSigner, completed, receiptOf, rig, sha256, TestClock } from './fixture.ts';

/** Takes from a database of today what version 1 did not have. */
function toVersion1(file: string): void {
  const db = new DatabaseSync(file);
  db.exec(`
    DROP INDEX jobs_by_code; DROP INDEX jobs_by_envelope; DROP TABLE envelopes; DROP INDEX events_of_envelope; DROP TABLE session_tokens; DROP TABLE settings;
    CREATE TABLE jobs_1(id TEXT PRIMARY KEY, session TEXT NOT NULL, phase TEXT NOT NULL, outcome TEXT, device_kind TEXT NOT NULL, program TEXT NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO jobs_1 SELECT id, session, phase, outcome, device_kind, program, data FROM jobs;
    DROP TABLE jobs; ALTER TABLE jobs_1 RENAME TO jobs;
    CREATE INDEX jobs_by_phase ON jobs(phase, id); CREATE INDEX jobs_by_session ON jobs(session, id); CREATE INDEX jobs_by_program ON jobs(program, device_kind, outcome);
    PRAGMA user_version = 1;`);
  db.close();
}

test('a version 1 journal is migrated at the start: jobs, what was simulated, and the checkpoint are kept', async () => {
  const r = await rig();
  const folder = mkdtempSync(join(tmpdir(), 'dewar-migrate-'));
  try {
    const job = await r.submit();
    const head = await r.store.view.head();
    await (await r.restart()).store.close();
    const file = join(folder, 'journal.db');
    cpSync(join(r.folder, 'journal.db'), file);
    toVersion1(file);
    const open = (): SqliteStore => new SqliteStore({ file, clock: new TestClock(), random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) }, sha256, signer: checkpointSigner, onFatal: (error) => assert.fail(String(error)) });
    for (const time of ['first', 'second']) {
      const store = open();
      assert.deepEqual(await store.view.head(), head, time);
      assert.equal((await store.view.job(job.id))?.phase, 'waiting');
      assert.equal(await store.view.simulatedBefore(r.code), true);
      assert.deepEqual(await store.view.envelopes({}), []);
      assert.equal(await store.view.sessionOfToken('0'.repeat(64)), null);
      assert.equal(await store.view.setting('tcp_port'), null);
      assert.deepEqual((await store.verify()).problems, []);
      await store.close();
    }
    const columns = new DatabaseSync(file, { readOnly: true }).prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite_%' ORDER BY name").all().map(({ name }) => name);
    const fresh = new DatabaseSync(join(r.folder, 'journal.db'), { readOnly: true }).prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE 'sqlite_%' ORDER BY name").all().map(({ name }) => name);
    assert.deepEqual(columns, fresh);
  } finally {
    r.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A job as the release before wrote it: its resolved job says nothing of points. */
function asBefore(job: Job): Job {
  const { points: _, ...resolved } = job.resolved;
  const resolved_digest = jsonDigest(resolved as unknown as Json, sha256);
  const approval = 'approval' in job && job.approval !== null ? { approval: { ...job.approval, resolved_digest } } : {};
  return { ...job, ...approval, resolved, resolved_digest } as Job;
}

test('a job that a device had under the release before is waited for, settled and receipted by this one', async () => {
  const around = (store: Store): Store => ({
    view: store.view, verify: () => store.verify(),
    commit: (work) => store.commit((tx) => work(Object.assign(Object.create(tx) as typeof tx, {
      move: (...[before, after, ...rest]: Parameters<typeof tx.move>) => tx.move(before, before?.phase === 'sending' && after.phase === 'running' ? asBefore(after) : after, ...rest),
    }))),
  });
  const first = await rig({ around });
  first.qpu.behave = () => new Promise(() => undefined);
  const waiting = await first.submit({ shots: 100 });
  await first.approve(waiting);
  await first.until(waiting.id, 'running');
  const second = await first.restart();
  try {
    second.qpu.behave = async (order) => completed(order.shots);
    const ended = await second.until(waiting.id, 'ended');
    assert.equal('outcome' in ended && ended.outcome.kind, 'completed');
    assert.equal((await receiptOf(second, ended)).predicate.grant?.shots, 100);
    assert.deepEqual((await second.store.verify()).problems, []);
  } finally {
    second.close();
  }
});
