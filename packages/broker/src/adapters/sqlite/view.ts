// Reads: the same questions on the durable state and inside a transaction.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { DewarError, jsonDigest, type Decision, type Digest, type EnvelopeId, type EnvelopeUse, type JobId, type Json, type JsonObject, type Sha256 } from '@dewar/protocol';
import { envelopeJson, type Envelope } from '../../core/envelope.ts';
import { jobJson, type Job } from '../../core/job.ts';
import type { Flag, JobFilter, Setting, StoredEvent, StoredSession, View } from '../../core/ports.ts';
import { storageError } from './errors.ts';
import { readHead, rowLeafBytes } from './journal.ts';
import { moneyViewOf } from './money-view.ts';

type Row = Record<string, unknown>;

export function viewOf(db: DatabaseSync, origin: string, sha256: Sha256, file: string): View {
  const all = (sql: string, ...values: SQLInputValue[]): Row[] => {
    try {
      return db.prepare(sql).all(...values);
    } catch (error) {
      throw storageError(error, file);
    }
  };
  return {
    job: async (id: JobId) => {
      const [row] = all("SELECT data, (SELECT body ->> 'state' FROM events WHERE job_id = jobs.id AND body ->> 'state' IS NOT NULL ORDER BY seq DESC LIMIT 1) AS state FROM jobs WHERE id = ?", id);
      return row && recorded(row, id, sha256);
    },
    jobs: async (filter: JobFilter) => jobsQuery(all, filter),
    openJobs: async (session: string) => Number(all("SELECT count(*) AS n FROM jobs WHERE session = ? AND phase <> 'ended'", session)[0]?.['n']),
    countByPhase: async () => new Map(all('SELECT coalesce(outcome, phase) AS what, count(*) AS n FROM jobs GROUP BY 1').map((row) => [String(row['what']), Number(row['n'])])),
    simulatedBefore: async (code: Digest) => all("SELECT 1 FROM jobs WHERE code = ? AND device_kind = 'simulator' AND outcome = 'completed' LIMIT 1", code).length > 0,
    simulatorRefusal: async (program: Digest) => {
      const row = all("SELECT json_extract(data, '$.outcome.error.message') AS message FROM jobs WHERE program = ? AND device_kind = 'simulator' AND outcome = 'failed' AND json_extract(data, '$.outcome.error.code') = 'program_invalid' ORDER BY id DESC LIMIT 1", program)[0];
      return row === undefined ? null : String(row['message']);
    },
    envelope: async (id: EnvelopeId) => {
      const [row] = all("SELECT data, (SELECT body ->> 'state' FROM events WHERE job_id IS NULL AND type GLOB 'envelope.*' AND body ->> 'envelope' = envelopes.id ORDER BY seq DESC LIMIT 1) AS state FROM envelopes WHERE id = ?", id);
      return row && recordedEnvelope(row, id, sha256);
    },
    envelopes: async ({ session, waitingAt, limit }) => {
      const where = [...(session === undefined ? [] : ['session = ?']), ...(waitingAt === undefined ? [] : ["phase = 'waiting' AND data ->> 'expires' > ?"])];
      const values = [session, waitingAt].filter((value) => value !== undefined);
      // Named, for the planner would read every row there is for the order of ids.
      const index = waitingAt === undefined ? '' : 'INDEXED BY envelopes_waiting';
      const rows = all(`SELECT data FROM envelopes ${index} ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY id DESC LIMIT ?`, ...values, limit ?? -1);
      return rows.map((row) => JSON.parse(row['data'] as string) as Envelope);
    },
    envelopeUse: async (id: EnvelopeId): Promise<EnvelopeUse> => {
      const row = all("SELECT count(*) AS jobs, coalesce(sum((data ->> '$.resolved.shots') * (data ->> '$.resolved.points')), 0) AS shots, sum(reserved + settled) AS micros, max(currency) AS currency FROM jobs LEFT JOIN ledger ON ledger.job_id = jobs.id WHERE envelope = ?", id)[0];
      const currency = row?.['currency'];
      return { jobs: Number(row?.['jobs']), shots: Number(row?.['shots']), amount: typeof currency === 'string' ? { currency, micros: Number(row?.['micros']) } : null };
    },
    ...moneyViewOf(all),
    pastDecisions: async (limit: number, before: JobId | null) => all("SELECT jobs.id AS id, jobs.data ->> '$.created' AS at, jobs.data -> '$.decision' AS decision, policy_inputs.data AS input FROM (SELECT id, data FROM jobs WHERE id < ? ORDER BY id DESC LIMIT ?) AS jobs LEFT JOIN policy_inputs ON policy_inputs.digest = jobs.data ->> '$.decision.input' ORDER BY id DESC", before ?? 'job_~', limit)
      .map((row) => ({ job_id: row['id'] as JobId, at: String(row['at']), decision: JSON.parse(String(row['decision'])) as Decision, input: typeof row['input'] === 'string' ? (JSON.parse(row['input']) as Json) : null })),
    policyInput: async (digest: Digest) => {
      const row = all('SELECT data FROM policy_inputs WHERE digest = ?', digest)[0];
      return row === undefined ? null : String(row['data']);
    },
    sessions: async () => all('SELECT name, id, containment, created, read, user, project FROM sessions ORDER BY created, name').map(sessionOf),
    sessionOfToken: async (sha256Hex: string) => {
      const row = all('SELECT session FROM session_tokens WHERE sha256 = ?', sha256Hex)[0];
      return row === undefined ? null : String(row['session']);
    },
    setting: async (name: Setting) => {
      const row = all('SELECT value FROM settings WHERE name = ?', name)[0];
      return row === undefined ? null : String(row['value']);
    },
    flag: async (name: Flag) => all('SELECT 1 FROM flags WHERE name = ?', name).length > 0,
    jobEvents: async (id: JobId) => all('SELECT seq, id, time, type, job_id, salt, body FROM events WHERE job_id = ? ORDER BY seq', id).map((row) => eventOf(row, sha256)),
    head: async () => readHead(db, origin, sha256),
  };
}

function jobsQuery(all: (sql: string, ...values: SQLInputValue[]) => Row[], { session, phases, limit }: JobFilter): Job[] {
  const where: string[] = [];
  const values: SQLInputValue[] = [];
  if (session !== undefined) {
    where.push('session = ?');
    values.push(session);
  }
  if (phases !== undefined) {
    where.push(`phase IN (${phases.map(() => '?').join(', ')})`);
    values.push(...phases);
  }
  const sql = `SELECT data FROM jobs ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''} ORDER BY id DESC LIMIT ?`;
  return all(sql, ...values, limit ?? -1).map(jobOf);
}

/** A job is acted on only as its last event left it: a row that somebody else changed stops there, and stays for `journal verify` to name. */
function recorded(row: Row, id: JobId, sha256: Sha256): Job {
  const job = readJob(row);
  if (job !== null && jsonDigest(jobJson(job), sha256) === row['state'] && job.id === id) return job;
  throw new DewarError({ code: 'journal_invalid', message: `the record of job ${id} is not as the journal left it`, got: id, fix: 'dewar journal verify; find out who wrote to the journal' });
}

/** As `recorded`, for an envelope. */
function recordedEnvelope(row: Row, id: EnvelopeId, sha256: Sha256): Envelope {
  const envelope = JSON.parse(row['data'] as string) as Envelope;
  if (jsonDigest(envelopeJson(envelope), sha256) === row['state'] && envelope.id === id) return envelope;
  throw new DewarError({ code: 'journal_invalid', message: `the record of envelope ${id} is not as the journal left it`, got: id, fix: 'dewar journal verify; find out who wrote to the journal' });
}

function readJob(row: Row): Job | null {
  try {
    return jobOf(row);
  } catch {
    return null;
  }
}

// Lists are for looking at; what is acted on is read alone, above.
function jobOf(row: Row): Job {
  return JSON.parse(row['data'] as string) as Job;
}

function sessionOf({ user, project, ...row }: Row): StoredSession {
  return {
    ...(row as unknown as StoredSession), read: JSON.parse(row['read'] as string) as string[],
    ...(typeof user === 'string' && { user }), ...(typeof project === 'string' && { project }),
  };
}

function eventOf(row: Row, sha256: Sha256): StoredEvent {
  const body = JSON.parse(row['body'] as string) as JsonObject;
  const leaf = new TextDecoder().decode(rowLeafBytes(row, body, sha256));
  return { seq: Number(row['seq']), time: row['time'] as string, type: row['type'] as string, leaf, summary: typeof body.summary === 'string' ? body.summary : '' };
}
