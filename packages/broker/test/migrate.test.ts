// A journal of the release before: opened, brought to today's tables in one transaction, and as true as it was.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { digestOf, jsonDigest, type JobId, type Json } from '@dewar/protocol';
import { checkpointSignerFromPem } from '@dewar/receipt';
import { SqliteStore } from '../src/adapters/sqlite/store.ts';
import { Budgets } from '../src/core/budgets.ts';
import type { Job } from '../src/core/job.ts';
import type { Store } from '../src/core/ports.ts';
import { bell, completed, receiptOf, rig, sameCurrency, sha256, TestClock } from './fixture.ts';

/** Written by the release before this one's tables, on 23 and 24 November: two jobs charged, one of them above its reservation, one running, one waiting, the budget frozen. */
const vectors = new URL('../../../vectors/journal/', import.meta.url);
const signer = checkpointSignerFromPem('test.local/rig', readFileSync(new URL('checkpoint.pem', vectors), 'utf8'));
const open: { readonly running: JobId; readonly waiting: JobId } = { running: 'job_06h0tvat01anxa16ntav', waiting: 'job_06h0tvat004drrbf6emb' };

/** Takes from version 2 what version 1 did not have. */
const toVersion1 = `
  DROP INDEX jobs_by_code; DROP INDEX jobs_by_envelope; DROP TABLE envelopes; DROP INDEX events_of_envelope; DROP TABLE session_tokens; DROP TABLE settings;
  CREATE TABLE jobs_1(id TEXT PRIMARY KEY, session TEXT NOT NULL, phase TEXT NOT NULL, outcome TEXT, device_kind TEXT NOT NULL, program TEXT NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO jobs_1 SELECT id, session, phase, outcome, device_kind, program, data FROM jobs;
  DROP TABLE jobs; ALTER TABLE jobs_1 RENAME TO jobs;
  CREATE INDEX jobs_by_phase ON jobs(phase, id); CREATE INDEX jobs_by_session ON jobs(session, id); CREATE INDEX jobs_by_program ON jobs(program, device_kind, outcome);
  PRAGMA user_version = 1;`;

const shapes = (file: string): unknown[] => new DatabaseSync(file, { readOnly: true }).prepare("SELECT name FROM sqlite_master WHERE type IN ('table', 'index', 'trigger') AND name NOT LIKE 'sqlite_%' ORDER BY name").all().map(({ name }) => name);

for (const version of [1, 2]) {
  test(`a version ${version} journal is migrated at the start: jobs, money, what was simulated, and the checkpoint are kept`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dewar-migrate-'));
    const file = join(folder, 'journal.db');
    const clock = new TestClock();
    clock.time = Date.parse('2026-11-24T13:00:00.000Z');
    const start = (at = file): SqliteStore => new SqliteStore({ file: at, clock, random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) }, sha256, signer, onFatal: (error) => assert.fail(String(error)) });
    try {
      cpSync(new URL('journal-2.db', vectors), file);
      const old = new DatabaseSync(file);
      if (version === 1) old.exec(toVersion1);
      const size = Number(old.prepare('SELECT size FROM head').get()?.['size']);
      old.close();
      for (const time of ['first', 'second']) {
        const store = start();
        const { view } = store;
        assert.equal((await view.head()).size, size, time);
        assert.deepEqual([(await view.job(open.running))?.phase, (await view.job(open.waiting))?.phase], ['running', 'waiting']);
        assert.equal(await view.simulatedBefore(digestOf(new TextEncoder().encode(bell), sha256)), true);
        assert.deepEqual([await view.envelopes({}), await view.budgets(), await view.setting('budgets'), await view.sessionOfToken('0'.repeat(64))], [[], [], null, null]);
        for (const [scope, name] of [['all', ''], ['session', 'default'], ['backend', 'practice-qpu']] as const) {
          assert.deepEqual(await view.spent(scope, name, '2026-11'), [{ currency: 'XTS', reserved: 390_000, settled: 3_200_000 }]);
          assert.deepEqual(await view.spent(scope, name, '2026-11-24'), [{ currency: 'XTS', reserved: 390_000, settled: 0 }]);
        }
        assert.deepEqual((await store.verify()).problems, []);
        await store.close();
      }
      const fresh = join(folder, 'fresh.db');
      await start(fresh).close();
      assert.deepEqual(shapes(file), shapes(fresh));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test('the one budget of before is set as two at the first start, frozen as it was; the reservation that was open is settled', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-migrate-'));
  try {
    cpSync(new URL('journal-2.db', vectors), join(folder, 'journal.db'));
    const clock = new TestClock();
    clock.time = Date.parse('2026-11-24T13:00:00.000Z');
    const store = new SqliteStore({ file: join(folder, 'journal.db'), clock, random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) }, sha256, signer, onFatal: (error) => assert.fail(String(error)) });
    const budgets = new Budgets({ store, clock, owner: 'owner', exchangeOn: () => sameCurrency });
    const wanted = (['job', 'day'] as const).map((per) => ({ key: { scope: 'all' as const, name: null, per, currency: 'XTS' }, limit_micros: 5_000_000 }));
    await budgets.begin(wanted);
    await budgets.begin(wanted.map((each) => ({ ...each, limit_micros: 1 })));
    assert.deepEqual((await budgets.show(null)).map(({ id, limit, frozen, reserved }) => [id, limit.micros, frozen, reserved?.micros]), [['all/day/XTS', 5_000_000, true, 390_000], ['all/job/XTS', 5_000_000, true, 0]]);
    assert.deepEqual(await budgets.thaw(null, 'seen'), ['all/day/XTS', 'all/job/XTS']);
    await store.commit((tx) => tx.settle(open.running, { currency: 'XTS', micros: 390_000 }));
    assert.deepEqual(await store.view.spent('session', 'default', 'total'), [{ currency: 'XTS', reserved: 0, settled: 3_590_000 }]);
    // The settlement has no event here, so verify names the ledger, and nothing else.
    assert.ok((await store.verify()).problems.every((problem) => /ledger|spent/.test(problem)));
    await store.close();
  } finally {
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
