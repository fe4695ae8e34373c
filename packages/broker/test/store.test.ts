// The store's promises: only arrows move a job, a failed commit leaves nothing, and whatever is changed on disk is found.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { DewarError } from '@dewar/protocol';
import { checkpointSignerFromPem, generateCheckpointKey } from '@dewar/receipt';
import { SqliteStore } from '../src/adapters/sqlite/store.ts';
import { arrows, mayMove, type EventDraft, type Job, type MovingEvent } from '../src/core/job.ts';
import type { Store } from '../src/core/ports.ts';
import { issueToken, revokeTokens } from '../src/core/session-token.ts';
import { checkpointSigner, rig, sha256, TestClock, type Rig, spentOn } from './fixture.ts';

const pem = generateCheckpointKey().privatePem;
const random = { bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)) };
const started: EventDraft = { type: 'broker.started', body: { summary: 'started' } };
const big: EventDraft = { type: 'broker.started', body: { summary: 'x'.repeat(20_000) } };
const is = (code: string) => (error: unknown): boolean => error instanceof DewarError && error.code === code;

// The writer's own connection: only its max_page_count makes a faithful SQLITE_FULL.
const writers: DatabaseSync[] = [];
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql: string): void {
  if (sql.startsWith('PRAGMA journal_mode')) writers.push(this);
  exec.call(this, sql);
};

function openStore(file: string, onFatal: (error: unknown) => void = () => undefined): SqliteStore {
  return new SqliteStore({ file, clock: new TestClock(), random, sha256, signer: checkpointSignerFromPem('test.local/store', pem), onFatal });
}

async function withStore(body: (store: SqliteStore, file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-store-'));
  const file = join(folder, 'journal.db');
  const store = openStore(file);
  try {
    await body(store, file);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

/** One job in each phase, with every kind of row: a ledger line open, settled and released, both flags, two sessions. */
async function everything(): Promise<{ readonly r: Rig; readonly jobs: ReadonlyMap<string, Job> }> {
  const r = await rig();
  const settled = await r.submit({ job_name: 'settled' });
  await r.approve(settled);
  await r.until(settled.id, 'ended');
  const closing = await r.submit({ job_name: 'waiting' });
  r.qpu.behave = () => new Promise(() => undefined);
  const running = await r.submit({ job_name: 'running' });
  await r.approve(running);
  await r.until(running.id, 'running');
  const queued = await r.submit({ job_name: 'queued' });
  await r.approve(queued);
  const dropped = await r.submit({ job_name: 'dropped' });
  await r.approve(dropped);
  await r.corridor.cancel(dropped.id, 'person');
  await r.until(dropped.id, 'ended');
  const other = { id: 'session_00000000000000000007', name: 'other', containment: 'uncontained' as const, created: '2026-11-23T12:00:00.000Z', read: ['/tmp'] };
  await r.store.commit(async (tx) => {
    await tx.addSession(other);
    await tx.append({ type: 'session.created', body: { summary: 'created', session: { ...other } } });
  });
  await r.corridor.freeze(true, 'test');
  const tokens = { store: r.store, clock: r.clock, random, sha256 };
  await issueToken(tokens, 'other');
  assert.equal(await revokeTokens(tokens, 'other'), 1);
  for (let count = 0; count < 2; count += 1) await issueToken(tokens, 'other');
  await r.store.commit(async (tx) => {
    await tx.setSetting('tcp_port', '7443');
    await tx.append({ type: 'tcp.opened', body: { summary: 'opened', port: 7443 } });
  });
  const jobs = new Map<string, Job>();
  for (const id of [settled.id, closing.id, running.id, queued.id, dropped.id]) jobs.set(id, await r.job(id));
  return { r, jobs };
}

function copyOf(file: string, folder: string): string {
  const copy = join(folder, `${Math.random().toString(36).slice(2)}.db`);
  for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
  return copy;
}

function another(value: SQLInputValue): SQLInputValue {
  if (value === null) return 'job_00000000000000000000';
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'string') return value.endsWith('a') ? `${value.slice(0, -1)}b` : `${value.slice(0, -1)}a`;
  const bytes = new Uint8Array(value as Uint8Array);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return bytes;
}

test('any field of any row of any table that is changed on disk is found by verify', async () => {
  const { r } = await everything();
  const folder = mkdtempSync(join(tmpdir(), 'dewar-tamper-'));
  try {
    assert.deepEqual((await r.store.verify()).problems, []);
    const file = copyOf(join(r.folder, 'journal.db'), folder);
    const store = new SqliteStore({ file, clock: r.clock, random, sha256, signer: checkpointSigner, onFatal: () => undefined });
    const db = new DatabaseSync(file);
    db.exec('DROP TRIGGER events_stay; DROP TRIGGER events_remain');
    assert.deepEqual((await store.verify()).problems, []);
    const missed: string[] = [];
    let changes = 0;
    for (const [table, key] of [['events', 'seq'], ['head', 'only'], ['jobs', 'id'], ['ledger', 'job_id'], ['sessions', 'name'], ['flags', 'name'], ['session_tokens', 'sha256'], ['settings', 'name']] as const) {
      const rows = db.prepare(`SELECT * FROM ${table}`).all();
      assert.ok(rows.length > 0, table);
      for (const row of rows) {
        for (const [column, value] of Object.entries(row)) {
          if (table === 'head' && column === 'only') continue;
          try {
            db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(another(value), row[key] as SQLInputValue);
          } catch {
            // Another row has that key: the database itself refuses.
            continue;
          }
          if ((await store.verify()).problems.length === 0) missed.push(`${table}.${column}`);
          db.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(value, column === key ? another(value) : (row[key] as SQLInputValue));
          changes += 1;
        }
        db.exec(`DELETE FROM ${table} WHERE ${key} = '${String(row[key])}'`);
        if ((await store.verify()).problems.length === 0) missed.push(`${table} without a row`);
        db.prepare(`INSERT INTO ${table}(${Object.keys(row).join(', ')}) VALUES (${Object.keys(row).map(() => '?').join(', ')})`).run(...Object.values(row));
      }
    }
    assert.deepEqual([...new Set(missed)], []);
    assert.ok(changes > 300, String(changes));
    assert.deepEqual((await store.verify()).problems, [], 'each change was taken back');
    db.close();
    await store.close();
  } finally {
    rmSync(folder, { recursive: true });
    r.close();
  }
});

test('verify reads one moment: commits made meanwhile are no problems, and readers meanwhile see what is new', async () => {
  await withStore(async (store) => {
    for (let index = 0; index < 40; index += 1) await store.commit(async (tx) => { for (let one = 0; one < 50; one += 1) await tx.append(started); });
    const verifying = store.verify();
    const seen: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      await store.commit((tx) => tx.append(started));
      seen.push((await store.view.head()).size);
    }
    assert.deepEqual(seen, [2001, 2002, 2003, 2004, 2005]);
    assert.deepEqual((await verifying).problems, []);
    assert.deepEqual((await store.verify()).problems, []);
  });
});

const pinned = [
  'job.decided new>waiting', 'job.decided new>queued', 'job.decided new>closing', 'approval.given waiting>queued', 'approval.given waiting>closing', 'approval.denied waiting>closing',
  'approval.expired waiting>closing', 'job.cancelled waiting>closing', 'job.cancelled queued>closing', 'job.cancelled sending>closing', 'grant.refused queued>closing', 'grant.refused sending>closing', 'provider.requested queued>sending',
  'grant.issued sending>sending', 'grant.issued running>running', 'job.cancel_requested sending>sending', 'job.cancel_requested running>running', 'provider.answered sending>running',
  'provider.refused sending>closing', 'run.ended running>closing', 'receipt.signed closing>ended',
];

test('a job moves along the arrows of the table and no other way', async () => {
  const { r, jobs } = await everything();
  try {
    const model = [...jobs.values()].find((job) => job.phase === 'queued') ?? assert.fail();
    const phases = ['new', 'waiting', 'queued', 'sending', 'running', 'closing', 'ended'] as const;
    const allowed: string[] = [];
    for (const event of Object.keys(arrows) as MovingEvent[]) {
      for (const [from, to] of phases.flatMap((one) => phases.slice(1).map((other) => [one, other as Job['phase']] as const))) {
        if (mayMove(from, event, to)) allowed.push(`${event} ${from}>${to}`);
        else {
          const before = from === 'new' ? null : ({ ...model, phase: from } as Job);
          await assert.rejects(r.store.commit((tx) => tx.move(before, { ...model, phase: to } as Job, { type: event, body: { summary: 'x' } })), /no arrow/);
        }
      }
    }
    assert.deepEqual(allowed.toSorted(), pinned.toSorted());
    assert.deepEqual((await r.store.verify()).problems, []);
  } finally {
    r.close();
  }
});

test('a move from a state that is not the stored one is refused and leaves nothing', async () => {
  const { r, jobs } = await everything();
  try {
    const queued = [...jobs.values()].find((job) => job.phase === 'queued') ?? assert.fail();
    const size = (await r.store.view.head()).size;
    await assert.rejects(r.store.commit((tx) => tx.move({ ...queued, created: 'another' }, { ...queued, phase: 'closing' } as unknown as Job, { type: 'job.cancelled', body: { summary: 'x' } })), /not as it was read/);
    assert.equal((await r.store.view.head()).size, size);
  } finally {
    r.close();
  }
});

test('commits made together stand alone: one that throws takes nothing of the others with it', async () => {
  await withStore(async (store) => {
    await fc.assert(fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 80 }), async (fails) => {
      const before = (await store.view.head()).size;
      const told: number[] = [];
      const all = await Promise.allSettled(fails.map((fail, index) => store.commit(async (tx) => {
        await tx.append(started);
        tx.afterCommit(() => told.push(index));
        if (fail) throw new Error('no');
      })));
      const good = fails.filter((fail) => !fail).length;
      assert.equal((await store.view.head()).size, before + good);
      assert.deepEqual(all.map(({ status }) => status), fails.map((fail) => (fail ? 'rejected' : 'fulfilled')));
      assert.deepEqual(told, fails.flatMap((fail, index) => (fail ? [] : [index])));
    }), { numRuns: 40 });
    assert.deepEqual((await store.verify()).problems, []);
  });
});

test('a full database refuses by name, loses nothing, and goes on when there is room', async () => {
  await withStore(async (store, file) => {
    await store.commit((tx) => tx.append(started));
    const fill = async (): Promise<void> => { for (;;) await store.commit((tx) => tx.append(big)); };
    const pages = (count: number): void => writers.at(-1)?.exec(`PRAGMA max_page_count = ${count}`);
    pages(40);
    await assert.rejects(fill(), is('storage_full'));
    const { size } = await store.view.head();
    const both = await Promise.allSettled([store.commit((tx) => tx.append(big)), store.commit((tx) => tx.append(big))]);
    assert.ok(both.every((one) => one.status === 'rejected' && is('storage_full')(one.reason)));
    assert.equal((await store.view.head()).size, size);
    assert.deepEqual((await store.verify()).problems, []);
    pages(1_000_000);
    await store.commit((tx) => tx.append(started));
    assert.equal((await store.view.head()).size, size + 1);
    assert.deepEqual((await store.verify()).problems, []);
    assert.ok(existsSync(file));
  });
});

test('a database that another process holds is storage_locked, and commits go on when it lets go', async () => {
  await withStore(async (store, file) => {
    await store.commit((tx) => tx.append(started));
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    await assert.rejects(store.commit((tx) => tx.append(started)), is('storage_locked'));
    other.exec('ROLLBACK');
    other.close();
    await store.commit((tx) => tx.append(started));
    assert.equal((await store.view.head()).size, 2);
  });
});

for (const [what, change, code] of [
  ['a damaged frontier', "UPDATE head SET frontier = randomblob(length(frontier))", 'storage_corrupt'],
  ['a head of another size', 'UPDATE head SET size = size + 1', 'storage_corrupt'],
  ['a lost head', 'DELETE FROM head', 'storage_corrupt'],
  ['a checkpoint that does not verify', "UPDATE head SET checkpoint = replace(checkpoint, 'test.local', 'best.local')", 'storage_corrupt'],
  ['another release\'s schema', 'PRAGMA user_version = 9', 'home_invalid'],
] as const) {
  test(`${what} is refused at the start: nothing is signed on top of it`, async () => {
    await withStore(async (store, file) => {
      await store.commit(async (tx) => { for (let one = 0; one < 3; one += 1) await tx.append(started); });
      const copy = `${file}.copy`;
      for (const suffix of ['', '-wal']) if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix);
      const db = new DatabaseSync(copy);
      db.exec(change);
      db.close();
      assert.throws(() => openStore(copy), is(code));
    });
  });
}

/** Throws at the k-th commit, before or after the real one was made. */
function failing(k: number, side: 'before' | 'after', code: 'storage_full' | 'storage_failed'): (store: Store) => Store {
  let count = 0;
  return (store) => ({
    view: store.view,
    verify: () => store.verify(),
    commit: async (work) => {
      count += 1;
      const hit = count === k;
      const fail = (): never => {
        throw new DewarError({ code, message: 'a test of the disk' });
      };
      if (hit && side === 'before') fail();
      const value = await store.commit(work);
      return hit && side === 'after' ? fail() : value;
    },
  });
}

for (const side of ['before', 'after'] as const) {
  test(`the disk fails ${side} each commit of a paid job: the job goes on and ends, nothing is doubled`, async () => {
    let reached = 0;
    for (let k = 1; k <= 14; k += 1) {
      const r = await rig({ around: failing(k, side, k % 2 === 0 ? 'storage_full' : 'storage_failed'), simulated: false });
      const timer = setInterval(() => r.clock.advance(1000), 1);
      try {
        const again = async <T>(act: () => Promise<T>): Promise<T | undefined> => act().catch((error: unknown) => {
          if (!(error instanceof DewarError) || !error.code.startsWith('storage_')) throw error;
          reached += 1;
          return undefined;
        });
        const named = async (name: string): Promise<Job | undefined> => (await r.store.view.jobs({})).find((job) => job.spec.job_name === name);
        const ensure = async (name: string, spec: object): Promise<Job> => (await again(() => r.submit({ job_name: name, ...spec }))) ?? (await named(name)) ?? r.submit({ job_name: name, ...spec });
        // A submit that failed after it was stored is driven at the next start.
        const simulated = await ensure('first', { backend: 'simulator' });
        await untilEnded(r, simulated, reached > 0);
        const job = await ensure('second', {});
        if ((await r.job(job.id)).phase === 'waiting' && (await again(() => r.approve(job))) === undefined && (await r.job(job.id)).phase === 'waiting') await r.approve(job);
        await untilEnded(r, job, true);
        assert.deepEqual(r.qpu.submits, [`${job.id}.1`]);
        assert.equal(r.qpu.made.size, 1);
        assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 300_000 + 900 * 1024 });
        assert.equal((await r.store.view.jobs({})).length, 2);
        assert.deepEqual((await r.store.verify()).problems, []);
        reached += r.errors.length;
      } finally {
        clearInterval(timer);
        r.close();
      }
    }
    assert.ok(reached >= 11, `the failure was met ${reached} times`);
  });
}

/** Waits for the end; where a failure left the job undriven, recovery is what drives it. */
async function untilEnded(r: Rig, job: Job, recover: boolean): Promise<void> {
  if (recover) await r.corridor.recover();
  await r.until(job.id, 'ended');
}
