// The tables: journal, its head, jobs, envelopes, ledger, sessions and their tokens, flags, settings.

/** Jobs, and the envelopes that some of them run under. */
const jobTables = `
CREATE TABLE jobs(
  id TEXT PRIMARY KEY, session TEXT NOT NULL, phase TEXT NOT NULL, outcome TEXT, device_kind TEXT NOT NULL, program TEXT NOT NULL, code TEXT NOT NULL, envelope TEXT, data TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_by_phase ON jobs(phase, id);
CREATE INDEX jobs_by_session ON jobs(session, id);
CREATE INDEX jobs_by_program ON jobs(program, device_kind, outcome);
CREATE INDEX jobs_by_code ON jobs(code, device_kind, outcome);
CREATE INDEX jobs_by_envelope ON jobs(envelope) WHERE envelope IS NOT NULL;
CREATE TABLE envelopes(id TEXT PRIMARY KEY, session TEXT NOT NULL, phase TEXT NOT NULL, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX envelopes_by_session ON envelopes(session, id);
CREATE INDEX envelopes_waiting ON envelopes(data ->> 'expires') WHERE phase = 'waiting';
CREATE INDEX events_of_envelope ON events(body ->> 'envelope', seq) WHERE job_id IS NULL AND type GLOB 'envelope.*';
`;

/** A session token's hash, never the token. */
const doorTables = `
CREATE TABLE session_tokens(sha256 TEXT PRIMARY KEY, session TEXT NOT NULL, created TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

export const schema = `
CREATE TABLE events(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, time TEXT NOT NULL, job_id TEXT,
  leaf BLOB NOT NULL, salt BLOB NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_job ON events(job_id, seq) WHERE job_id IS NOT NULL;
CREATE TABLE head(only INTEGER PRIMARY KEY CHECK (only = 1), size INTEGER NOT NULL, frontier BLOB NOT NULL, time TEXT NOT NULL, checkpoint TEXT NOT NULL) STRICT;
${jobTables.trim()}
CREATE TABLE ledger(job_id TEXT PRIMARY KEY, day TEXT NOT NULL, currency TEXT NOT NULL, reserved INTEGER NOT NULL, settled INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_by_day ON ledger(day, currency);
CREATE TABLE sessions(name TEXT PRIMARY KEY, id TEXT NOT NULL, containment TEXT NOT NULL, created TEXT NOT NULL, read TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE flags(name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
${doorTables.trim()}
CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'the journal only grows'); END;
`;

/** From version 1 to 2, and so on: each to the next, in the transaction that opens the database. */
export const migrations: readonly string[] = [
  `
ALTER TABLE jobs RENAME TO jobs_1;
DROP INDEX jobs_by_phase; DROP INDEX jobs_by_session; DROP INDEX jobs_by_program;
${jobTables}
INSERT INTO jobs SELECT id, session, phase, outcome, device_kind, program, data ->> '$.resolved.code.digest', NULL, data FROM jobs_1;
DROP TABLE jobs_1;
${doorTables}
`,
];

/** Written into `PRAGMA user_version`; a database of an earlier version is brought up to it, one of a later version is refused. */
export const schemaVersion = migrations.length + 1;
