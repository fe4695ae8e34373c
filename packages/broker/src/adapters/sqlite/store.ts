// The Store on SQLite: one writer queue that shares fsyncs, and a reader that sees only what is durable.
import { DatabaseSync } from 'node:sqlite';
import { canonicalJson, DewarError, jsonDigest, type Digest, type JobId, type Json, type Money } from '@dewar/protocol';
import type { Budget } from '../../core/budget.ts';
import { envelopeArrows, envelopeJson, type Envelope } from '../../core/envelope.ts';
import { jobJson, mayMove, underPart, type EnvelopeEvent, type EventDraft, type Job, type MovingEvent } from '../../core/job.ts';
import type { Flag, Reservation, Setting, Store, StoredSession, StoredToken, Transaction, View } from '../../core/ports.ts';
import { isFull, isLocked, storageError } from './errors.ts';
import { JournalRows, type JournalParts } from './journal.ts';
import { preventIn, reserveIn, settleIn } from './ledger.ts';
import { migrations, schema, schemaVersion } from './schema.ts';
import { verifyJournal, type Verification } from './verify.ts';
import { viewOf } from './view.ts';

export interface SqliteStoreParts extends JournalParts {
  readonly file: string;
  /** The disk's state is unknown: the process must end and recover at its next start. */
  readonly onFatal: (error: unknown) => void;
}

interface Work {
  readonly run: (tx: Transaction) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Done = { readonly work: Work; readonly value: unknown; readonly calls: readonly (() => void)[] };

/** Commits that share one fsync at the most. */
const batch = 32;
/** Transactions between two checkpoints: some megabytes of log. */
const checkpointEvery = 100;

export class SqliteStore implements Store {
  readonly view: View;
  readonly #parts: SqliteStoreParts;
  readonly #writer: DatabaseSync;
  readonly #reader: DatabaseSync;
  readonly #journal: JournalRows;
  readonly #queue: Work[] = [];
  /** The batches under way, or null. */
  #flushing: Promise<void> | null = null;
  #sinceCheckpoint = 0;
  #broken: unknown = undefined;

  /** Opens or makes the database. Throws `storage_locked`, `storage_corrupt`, `storage_full`, `storage_failed`, or `home_invalid` when another release wrote it. */
  constructor(parts: SqliteStoreParts) {
    this.#parts = parts;
    try {
      this.#writer = openDatabase(parts.file);
      this.#reader = new DatabaseSync(parts.file, { readOnly: true, timeout: 2000 });
      this.#journal = new JournalRows(this.#writer, parts);
    } catch (error) {
      throw storageError(error, parts.file);
    }
    this.view = viewOf(this.#reader, parts.signer.name, parts.sha256, parts.file);
  }

  /** Of the last entry, milliseconds since 1970; 0 in a new journal. */
  get lastTime(): number {
    const { time } = this.#journal.standing;
    return time === '' ? 0 : Date.parse(time);
  }

  commit<T>(run: (tx: Transaction) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ run, resolve: resolve as (value: unknown) => void, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** On a connection of its own: it takes long, and a reader in the middle of it would see yesterday's jobs. */
  async verify(): Promise<Verification> {
    const { file, signer, sha256 } = this.#parts;
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(file, { readOnly: true, timeout: 2000 });
      return await verifyJournal(db, { vkey: signer.vkey, origin: signer.name, sha256 });
    } catch (error) {
      throw storageError(error, file);
    } finally {
      db?.close();
    }
  }

  /** What is under way ends first; what comes later is refused. */
  async close(): Promise<void> {
    this.#broken ??= new Error('the store is closed');
    await this.#flushing;
    this.#reader.close();
    this.#writer.close();
  }

  async #flush(): Promise<void> {
    // One turn of the event loop, so that commits made together share a transaction.
    await new Promise(setImmediate);
    while (this.#queue.length > 0) await this.#commitBatch(this.#queue.splice(0, batch));
    this.#flushing = null;
  }

  async #commitBatch(works: readonly Work[]): Promise<void> {
    if (this.#broken !== undefined) return fail(works, this.#broken);
    const before = this.#journal.standing;
    const done: Done[] = [];
    try {
      this.#writer.exec('BEGIN IMMEDIATE');
    } catch (error) {
      return fail(works, storageError(error, this.#parts.file));
    }
    try {
      for (const work of works) await this.#runOne(work, done);
      if (this.#journal.standing !== before) this.#journal.seal();
    } catch (error) {
      return this.#abandon(works, before, error);
    }
    try {
      this.#writer.exec('COMMIT');
    } catch (error) {
      if (isFull(error)) return this.#abandon(works, before, error);
      // After a failed fsync nobody knows what is on the disk; trying again would lie.
      this.#broken = storageError(error, this.#parts.file);
      fail(works, this.#broken);
      return this.#parts.onFatal(this.#broken);
    }
    for (const { work, value, calls } of done) {
      work.resolve(value);
      for (const call of calls) call();
    }
    this.#checkpoint();
  }

  /** SQLite's own checkpoints keep a failed fsync of the database to themselves, and the kernel tells of it only once. */
  #checkpoint(): void {
    this.#sinceCheckpoint += 1;
    if (this.#sinceCheckpoint < checkpointEvery) return;
    this.#sinceCheckpoint = 0;
    try {
      this.#writer.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      // With no room, or somebody reading, it is done later: the log has everything.
      if (isFull(error) || isLocked(error)) return;
      this.#broken = storageError(error, this.#parts.file);
      this.#parts.onFatal(this.#broken);
    }
  }

  async #runOne(work: Work, done: Done[]): Promise<void> {
    const standing = this.#journal.standing;
    const calls: (() => void)[] = [];
    this.#writer.exec('SAVEPOINT work');
    try {
      const value = await work.run(this.#transaction(calls));
      this.#writer.exec('RELEASE work');
      done.push({ work, value, calls });
    } catch (error) {
      // On a full disk SQLite may have rolled the whole transaction back.
      if (!this.#writer.isTransaction) throw error;
      this.#writer.exec('ROLLBACK TO work; RELEASE work');
      this.#journal.rewind(standing);
      work.reject(storageError(error, this.#parts.file));
    }
  }

  #abandon(works: readonly Work[], before: JournalRows['standing'], error: unknown): void {
    if (this.#writer.isTransaction) this.#writer.exec('ROLLBACK');
    this.#journal.rewind(before);
    fail(works, storageError(error, this.#parts.file));
  }

  #transaction(calls: (() => void)[]): Transaction {
    const db = this.#writer;
    const { sha256, signer, file } = this.#parts;
    const append = (event: EventDraft, jobId: JobId | null): void => this.#journal.append(event, jobId);
    return {
      ...viewOf(db, signer.name, sha256, file),
      move: async (before: Job | null, after: Job, moving: EventDraft<MovingEvent>, around = {}) => {
        const from = before?.phase ?? 'new';
        if (!mayMove(from, moving.type, after.phase)) throw new TypeError(`no arrow ${moving.type} from ${from} to ${after.phase}`);
        const state = canonicalJson(jobJson(after));
        const changed = before === null
          ? db.prepare('INSERT INTO jobs(id, session, phase, outcome, device_kind, program, code, envelope, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
            .run(after.id, after.session.name, after.phase, outcomeOf(after), after.resolved.device.kind, after.program_digest, after.resolved.code.digest, underPart(after).under?.envelope ?? null, state)
          : db.prepare('UPDATE jobs SET phase = ?, outcome = ?, data = ? WHERE id = ? AND data = ?').run(after.phase, outcomeOf(after), state, after.id, canonicalJson(jobJson(before)));
        if (changed.changes !== 1) throw new TypeError(`job ${after.id} is not as it was read`);
        if (after.phase === 'closing') preventIn(db, after);
        for (const event of around.first ?? []) append(event, after.id);
        append({ ...moving, body: { ...moving.body, state: jsonDigest(jobJson(after), sha256) } }, after.id);
        for (const event of around.then ?? []) append(event, after.id);
      },
      putEnvelope: async (before: Envelope | null, after: Envelope, event: EventDraft<EnvelopeEvent>) => {
        const arrow: { readonly from: readonly string[]; readonly to: readonly string[] } = envelopeArrows[event.type];
        if (!arrow.from.includes(before?.phase ?? 'new') || !arrow.to.includes(after.phase)) throw new TypeError(`no arrow ${event.type} from ${before?.phase ?? 'new'} to ${after.phase}`);
        const state = canonicalJson(envelopeJson(after));
        const changed = before === null
          ? db.prepare('INSERT INTO envelopes(id, session, phase, data) VALUES (?, ?, ?, ?)').run(after.id, after.session.name, after.phase, state)
          : db.prepare('UPDATE envelopes SET phase = ?, data = ? WHERE id = ? AND data = ?').run(after.phase, state, after.id, canonicalJson(envelopeJson(before)));
        if (changed.changes !== 1) throw new TypeError(`envelope ${after.id} is not as it was read`);
        append({ ...event, body: { ...event.body, state: jsonDigest(envelopeJson(after), sha256) } }, null);
      },
      append: async (event, jobId) => append(event, jobId ?? null),
      reserve: async (job: JobId, reservation: Reservation) => reserveIn(db, job, reservation),
      settle: async (job: JobId, charged: Money) => settleIn(db, job, charged),
      putBudget: async (budget: Budget) => {
        db.prepare('INSERT INTO budgets(id, data) VALUES (?, ?) ON CONFLICT(id) DO UPDATE SET data = excluded.data').run(budget.id, canonicalJson(budget as unknown as Json));
      },
      removeBudget: async (id: string) => void db.prepare('DELETE FROM budgets WHERE id = ?').run(id),
      keepPolicyInput: async (digest: Digest, text: string) => void db.prepare('INSERT OR IGNORE INTO policy_inputs(digest, data) VALUES (?, ?)').run(digest, text),
      addSession: async (session: StoredSession) => {
        db.prepare('INSERT INTO sessions(name, id, containment, created, read, user, project) VALUES (?, ?, ?, ?, ?, ?, ?)')
          .run(session.name, session.id, session.containment, session.created, JSON.stringify(session.read), session.user ?? null, session.project ?? null);
      },
      changeSession: async (session: StoredSession) => {
        db.prepare('UPDATE sessions SET user = ?, project = ? WHERE name = ?').run(session.user ?? null, session.project ?? null, session.name);
      },
      addToken: async (token: StoredToken) => {
        db.prepare('INSERT INTO session_tokens(sha256, session, created) VALUES (?, ?, ?)').run(token.sha256, token.session, token.created);
      },
      revokeTokens: async (session: string) => Number(db.prepare('DELETE FROM session_tokens WHERE session = ?').run(session).changes),
      setSetting: async (name: Setting, value: string | null) => {
        if (value === null) db.prepare('DELETE FROM settings WHERE name = ?').run(name);
        else db.prepare('INSERT INTO settings(name, value) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value').run(name, value);
      },
      setFlag: async (name: Flag, value: boolean) => {
        db.prepare(value ? 'INSERT OR IGNORE INTO flags(name) VALUES (?)' : 'DELETE FROM flags WHERE name = ?').run(name);
      },
      afterCommit: (call) => void calls.push(call),
    };
  }
}

function openDatabase(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 2000, enableForeignKeyConstraints: true });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA trusted_schema = OFF');
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version === 0) db.exec(`BEGIN IMMEDIATE; ${schema} PRAGMA user_version = ${schemaVersion}; COMMIT`);
  else if (version > 0 && version < schemaVersion) db.exec(`BEGIN IMMEDIATE; ${migrations.slice(version - 1).join('')} PRAGMA user_version = ${schemaVersion}; COMMIT`);
  else if (version !== schemaVersion) throw new DewarError({ code: 'home_invalid', message: 'the journal was written by another release', got: `schema ${version}`, allowed: `schema ${schemaVersion}`, fix: 'start the release that wrote it' });
  const check = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (check !== 'ok') throw Object.assign(new Error(String(check)), { errcode: 11 });
  return db;
}

function outcomeOf(job: Job): string | null {
  return 'outcome' in job ? job.outcome.kind : null;
}

function fail(works: readonly Work[], error: unknown): void {
  for (const work of works) work.reject(error);
}
