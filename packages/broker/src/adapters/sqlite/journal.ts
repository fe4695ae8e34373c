// The journal's rows: leaves appended under a frontier that is stored with them, and the check of it all from the first row.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { canonicalJson, DewarError, hex, jsonDigest, makeId, type JobId, type Json, type JsonObject, type Sha256 } from '@dewar/protocol';
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
    const row = this.#db.prepare('SELECT size, frontier, time FROM head').get();
    if (!row) return { frontier: emptyFrontier, time: '' };
    const bytes = row['frontier'] as Uint8Array;
    const hashes = Array.from({ length: bytes.length / 32 }, (_, index) => bytes.slice(index * 32, index * 32 + 32));
    return { frontier: { size: row['size'] as number, hashes }, time: row['time'] as string };
  }
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
    throw new DewarError({ code: 'clock_backwards', message: 'the clock is behind the journal\'s last entry: nothing is recorded, so nothing is done', got: new Date(now).toISOString(), allowed: `not before ${last}`, fix: 'set the clock right (timedatectl); work goes on by itself' });
  }
  return new Date(Math.max(now, before)).toISOString();
}

export interface Verification {
  readonly size: number;
  readonly root: string;
  readonly checkpoint: string;
  readonly problems: readonly string[];
}

/** Recomputes every leaf from its header, salt and body, the tree from the leaves, and compares jobs with what their last event committed to. */
export async function verifyJournal(db: DatabaseSync, vkey: string, origin: string, sha256: Sha256): Promise<Verification> {
  const problems: string[] = [];
  const problem = (text: string): void => void (problems.length < 100 && problems.push(text));
  const states = new Map<string, string>();
  let frontier = emptyFrontier;
  let last = '';
  for (const row of db.prepare('SELECT seq, id, type, time, job_id, leaf, salt, body FROM events ORDER BY seq').iterate()) {
    const seq = row['seq'] as number;
    if (seq !== frontier.size) problem(`event ${frontier.size} is missing`);
    const body = parsedBody(row['body'] as string);
    const leaf = body === null ? null : rowLeaf(row, body, sha256);
    if (leaf === null || !Buffer.from(leaf).equals(row['leaf'] as Uint8Array)) problem(`event ${seq} (${String(row['type'])}) is not what the journal committed to`);
    if ((row['time'] as string) < last) problem(`event ${seq} is earlier than the one before`);
    last = row['time'] as string;
    const state = body?.['state'];
    if (typeof state === 'string' && typeof row['job_id'] === 'string') states.set(row['job_id'], state);
    frontier = appendLeaf(frontier, leaf ?? (row['leaf'] as Uint8Array), sha256);
    if (frontier.size % 2000 === 0) await new Promise(setImmediate);
  }
  const root = rootOf(frontier, sha256);
  for (const row of db.prepare('SELECT id, data FROM jobs').iterate()) {
    const data = parsedBody(row['data'] as string);
    if (data === null || states.get(row['id'] as string) !== jsonDigest(data, sha256)) problem(`job ${String(row['id'])} is not as its last event left it`);
    states.delete(row['id'] as string);
  }
  for (const id of states.keys()) problem(`job ${id} is in the journal and not in the table`);
  const checkpoint = (db.prepare('SELECT checkpoint FROM head').get()?.['checkpoint'] as string | undefined) ?? '';
  checkHead(checkpoint, vkey, { origin, size: frontier.size, root }, problem);
  return { size: frontier.size, root: base64(root), checkpoint, problems };
}

function checkHead(checkpoint: string, vkey: string, found: { origin: string; size: number; root: Uint8Array }, problem: (text: string) => void): void {
  if (checkpoint === '' && found.size === 0) return;
  try {
    const head = parseCheckpoint(openNote(checkpoint, vkey));
    if (head.origin !== found.origin) problem(`the checkpoint is of ${head.origin}`);
    if (head.size !== found.size) problem(`the checkpoint is of ${head.size} events, the journal holds ${found.size}`);
    else if (hex(head.root) !== hex(found.root)) problem('the checkpoint\'s root is not the journal\'s');
  } catch (error) {
    problem(error instanceof DewarError ? `the checkpoint does not verify: ${error.message}` : 'the checkpoint cannot be read');
  }
}

function rowLeaf(row: Record<string, unknown>, body: Json, sha256: Sha256): Uint8Array | null {
  try {
    return leafHash(rowLeafBytes(row, body, sha256), sha256);
  } catch {
    return null;
  }
}

/** The hashed text of a stored event. Throws `journal_invalid` on a row that no event has. */
export function rowLeafBytes(row: Record<string, unknown>, body: Json, sha256: Sha256): Uint8Array {
  const header = { id: row['id'], type: row['type'], time: row['time'], job_id: row['job_id'] } as Parameters<typeof leafBytes>[0];
  return leafBytes(header, body, row['salt'] as Uint8Array, sha256);
}

function parsedBody(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as Json;
    return canonicalJson(value) === text && typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}
