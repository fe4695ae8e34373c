// The tables: journal, its head, jobs, envelopes, ledger and budgets, sessions and their tokens, flags, settings, policy inputs.

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

/** `spent` is the ledger summed by name and period; `prevented` what refused jobs would have cost, up to the largest safe integer; `policy_inputs` are what decisions name by digest. */
const moneyTables = `
CREATE TABLE budgets(id TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE spent(scope TEXT NOT NULL, name TEXT NOT NULL, period TEXT NOT NULL, currency TEXT NOT NULL, reserved INTEGER NOT NULL, settled INTEGER NOT NULL, PRIMARY KEY(scope, name, period, currency)) STRICT, WITHOUT ROWID;
CREATE TABLE policy_inputs(digest TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE prevented(month TEXT NOT NULL, currency TEXT NOT NULL, jobs INTEGER NOT NULL, micros INTEGER NOT NULL, PRIMARY KEY(month, currency)) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_open ON jobs(session) WHERE phase <> 'ended';
CREATE INDEX jobs_on_qpu ON jobs(session, data ->> '$.resolved.device.name', id) WHERE device_kind = 'qpu' AND outcome = 'completed';
CREATE INDEX events_of_budget ON events(seq) WHERE type GLOB 'budget.*' AND type NOT IN ('budget.reserved', 'budget.settled', 'budget.released');
`;

export const schema = `
CREATE TABLE events(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, time TEXT NOT NULL, job_id TEXT,
  leaf BLOB NOT NULL, salt BLOB NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_job ON events(job_id, seq) WHERE job_id IS NOT NULL;
CREATE TABLE head(only INTEGER PRIMARY KEY CHECK (only = 1), size INTEGER NOT NULL, frontier BLOB NOT NULL, time TEXT NOT NULL, checkpoint TEXT NOT NULL) STRICT;
${jobTables.trim()}
CREATE TABLE ledger(job_id TEXT PRIMARY KEY, day TEXT NOT NULL, currency TEXT NOT NULL, reserved INTEGER NOT NULL, settled INTEGER NOT NULL, payer TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sessions(name TEXT PRIMARY KEY, id TEXT NOT NULL, containment TEXT NOT NULL, created TEXT NOT NULL, read TEXT NOT NULL, user TEXT, project TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE flags(name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
${doorTables.trim()}
${moneyTables.trim()}
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
  // What was spent before sessions had a user is the owner's, whose name the journal did not know: it counts for all, the session and the device.
  `
ALTER TABLE sessions ADD COLUMN user TEXT;
ALTER TABLE sessions ADD COLUMN project TEXT;
DROP INDEX ledger_by_day;
ALTER TABLE ledger RENAME TO ledger_2;
CREATE TABLE ledger(job_id TEXT PRIMARY KEY, day TEXT NOT NULL, currency TEXT NOT NULL, reserved INTEGER NOT NULL, settled INTEGER NOT NULL, payer TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO ledger SELECT job_id, day, currency, reserved, settled, json_object('backend', jobs.data ->> '$.resolved.device.name', 'project', NULL, 'session', jobs.session, 'user', NULL) FROM ledger_2 JOIN jobs ON jobs.id = ledger_2.job_id;
DROP TABLE ledger_2;
${moneyTables}
INSERT INTO spent SELECT scope, name, period, currency, sum(reserved), sum(settled) FROM (
  SELECT account.value ->> 0 AS scope, account.value ->> 1 AS name, time.value AS period, currency, reserved, settled
  FROM ledger, json_each(json_array(json_array('all', ''), json_array('session', payer ->> 'session'), json_array('backend', payer ->> 'backend'))) AS account, json_each(json_array(day, substr(day, 1, 7), 'total')) AS time
) GROUP BY 1, 2, 3, 4;
INSERT INTO prevented SELECT substr(data ->> '$.ended', 1, 7), data ->> '$.resolved.amount.currency', count(*), CAST(min(total(data ->> '$.resolved.amount.micros'), 9007199254740991) AS INTEGER)
  FROM jobs WHERE outcome = 'denied' AND data ->> '$.resolved.amount.currency' IS NOT NULL GROUP BY 1, 2;
`,
];

/** Written into `PRAGMA user_version`; a database of an earlier version is brought up to it, one of a later version is refused. */
export const schemaVersion = migrations.length + 1;
