// The journal's rows: leaves appended under a frontier that is stored with them, and signed with every commit.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { canonicalJson, DewarError, hex, makeId, type JobId, type Json, type Sha256 } from '@dewar/protocol';
import { appendLeaf, base64, emptyFrontier, formatCheckpoint, leafBytes, leafHash, openNote, parseCheckpoint, parseNote, rootOf, saltLength, signNote, type CheckpointSigner, type Frontier } from '@dewar/receipt';
import type { EventDraft } from '../../core/job.ts';
import type { Clock, JournalHead, Random } from '../../core/ports.ts';

/** A clock this far behind the last entry is wrong; less is smoothed. Milliseconds. */
const backwards = 60_000;

export interface JournalParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly signer: CheckpointSigner;
}

/** Where the journal stands: the tree so far and the time of its last entry. */
export interface Standing {
  readonly frontier: Frontier;
  readonly time: string;
}

export class JournalRows {
  readonly #db: DatabaseSync;
  readonly #parts: JournalParts;
  readonly #insert: StatementSync;
  readonly #saveHead: StatementSync;
  #standing: Standing;

  constructor(db: DatabaseSync, parts: JournalParts) {
    this.#db = db;
    this.#parts = parts;
    this.#insert = db.prepare('INSERT INTO events(seq, id, type, time, job_id, leaf, salt, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    this.#saveHead = db.prepare('INSERT INTO head(only, size, frontier, time, checkpoint) VALUES (1, ?, ?, ?, ?) ON CONFLICT(only) DO UPDATE SET size = excluded.size, frontier = excluded.frontier, time = excluded.time, checkpoint = excluded.checkpoint');
    this.#standing = this.#load();
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Back to where it stood, after a transaction or savepoint was rolled back. */
  rewind(standing: Standing): void {
    this.#standing = standing;
  }

  append(event: EventDraft, jobId: JobId | null): void {
    const { clock, random, sha256 } = this.#parts;
    const { frontier, time: last } = this.#standing;
    const time = stamp(clock.now(), last);
    const header = { id: makeId('evt', Date.parse(time), random.bytes(7)), type: event.type, time, job_id: jobId };
    const salt = random.bytes(saltLength);
    const leaf = leafHash(leafBytes(header, event.body, salt, sha256), sha256);
    this.#insert.run(frontier.size, header.id, header.type, time, jobId, leaf, salt, canonicalJson(event.body));
    this.#standing = { frontier: appendLeaf(frontier, leaf, sha256), time };
  }

  /** Signs the tree as it stands and stores it beside the rows: part of every commit. */
  seal(): void {
    const { frontier, time } = this.#standing;
    const root = rootOf(frontier, this.#parts.sha256);
    const note = signNote(formatCheckpoint({ origin: this.#parts.signer.name, size: frontier.size, root }), this.#parts.signer);
    this.#saveHead.run(frontier.size, Buffer.concat(frontier.hashes), time, note);
  }

  #load(): Standing {
    const row = this.#db.prepare('SELECT size, frontier, time, checkpoint FROM head').get();
    if (!row) {
      if (this.#db.prepare('SELECT 1 FROM events LIMIT 1').get()) throw headDamaged();
      return { frontier: emptyFrontier, time: '' };
    }
    const bytes = row['frontier'] as Uint8Array;
    const hashes = Array.from({ length: bytes.length / 32 }, (_, index) => bytes.slice(index * 32, index * 32 + 32));
    const frontier = { size: row['size'] as number, hashes };
    this.#checkFrontier(frontier, row['checkpoint']);
    return { frontier, time: row['time'] as string };
  }

  /** Appending to a damaged frontier would sign a tree that nobody can rebuild. */
  #checkFrontier(frontier: Frontier, checkpoint: unknown): void {
    const { signer, sha256 } = this.#parts;
    const { n } = this.#db.prepare('SELECT count(*) AS n FROM events').get() ?? {};
    try {
      const signed = parseCheckpoint(openNote(String(checkpoint), signer.vkey));
      if (n === frontier.size && signed.size === frontier.size && hex(signed.root) === hex(rootOf(frontier, sha256))) return;
    } catch (cause) {
      throw headDamaged(cause);
    }
    throw headDamaged();
  }
}

function headDamaged(cause?: unknown): DewarError {
  return new DewarError({ code: 'storage_corrupt', message: 'the journal\'s head is not that of its signed checkpoint', fix: 'keep the file as it is, restore the last backup beside it' }, { cause });
}

export function readHead(db: DatabaseSync, origin: string, sha256: Sha256): JournalHead {
  const row = db.prepare('SELECT size, frontier, checkpoint FROM head').get();
  if (!row) return { origin, size: 0, root: base64(rootOf(emptyFrontier, sha256)), checkpoint: '' };
  const checkpoint = row['checkpoint'] as string;
  const { size, root } = parseCheckpoint(parseNote(checkpoint).body);
  return { origin, size, root: base64(root), checkpoint };
}

/** Never earlier than the entry before. Throws `clock_backwards`. */
function stamp(now: number, last: string): string {
  const before = last === '' ? 0 : Date.parse(last);
  if (before - now > backwards) {
    throw new DewarError({ code: 'clock_backwards', message: 'the clock is behind the journal\'s last entry: nothing is recorded, so nothing is done', got: new Date(now).toISOString(), allowed: `not before ${last}`, fix: 'nothing is recorded until the clock passes that time: set it right if it is behind (timedatectl); if it was ahead once, see docs/operations.md' });
  }
  return new Date(Math.max(now, before)).toISOString();
}

/** The hashed text of a stored event. Throws `journal_invalid` on a row that no event has. */
export function rowLeafBytes(row: Record<string, unknown>, body: Json, sha256: Sha256): Uint8Array {
  const header = { id: row['id'], type: row['type'], time: row['time'], job_id: row['job_id'] } as Parameters<typeof leafBytes>[0];
  return leafBytes(header, body, row['salt'] as Uint8Array, sha256);
}
