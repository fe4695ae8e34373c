// The check of everything on disk against the journal: leaves from their rows, the tree from the leaves, every other table from what the events say.
import type { DatabaseSync } from 'node:sqlite';
import { canonicalJson, DewarError, hex, jsonDigest, type Json, type JsonObject, type Sha256 } from '@dewar/protocol';
import { appendLeaf, base64, emptyFrontier, leafHash, openNote, parseCheckpoint, rootOf, type Frontier } from '@dewar/receipt';
import type { Payer } from '../../core/budget.ts';
import { tokenName } from '../../core/session-token.ts';
import { rowLeafBytes } from './journal.ts';
import { sumsOf } from './ledger.ts';

export interface Verification {
  readonly size: number;
  readonly root: string;
  readonly checkpoint: string;
  readonly problems: readonly string[];
}

export interface VerifyParts {
  readonly vkey: string;
  readonly origin: string;
  readonly sha256: Sha256;
}

type Row = Record<string, unknown>;
type Problem = (text: string) => void;

/** What the events say the other tables hold, each row as its canonical text. */
interface Told {
  /** Job to the digest of its state. */
  readonly states: Map<string, string>;
  /** Envelope to the digest of its state. */
  readonly envelopes: Map<string, string>;
  readonly ledger: Map<string, Line>;
  /** Of priced jobs, whose money it would be: what a reservation from before sessions had a user does not say. */
  readonly payers: Map<string, JsonObject>;
  readonly budgets: Map<string, JsonObject>;
  readonly sessions: Map<string, JsonObject>;
  readonly flags: Set<string>;
  /** Beginning of a session token's hash to its session and the digest of its row. */
  readonly tokens: Map<string, { readonly session: Json; readonly row: Json }>;
  readonly settings: Map<string, string>;
}

interface Line {
  readonly day: string;
  readonly currency: string;
  readonly reserved: number;
  readonly settled: number;
  readonly payer: Payer;
}

/** Reads one snapshot of a connection that nobody else uses. At most 100 problems are told. */
export async function verifyJournal(db: DatabaseSync, { vkey, origin, sha256 }: VerifyParts): Promise<Verification> {
  const problems: string[] = [];
  const problem: Problem = (text) => void (problems.length < 100 && problems.push(text));
  db.exec('BEGIN');
  const told: Told = { states: new Map(), envelopes: new Map(), ledger: new Map(), payers: new Map(), budgets: new Map(), sessions: new Map(), flags: new Set(), tokens: new Map(), settings: new Map() };
  const { frontier, last } = await checkEvents(db, sha256, told, problem);
  await checkJobs(db, sha256, told, problem);
  checkEnvelopes(db, sha256, told.envelopes, problem);
  checkMoney(db, told, problem);
  await checkPolicyInputs(db, sha256, problem);
  checkTable(db.prepare('SELECT name, id, containment, created, read, user, project FROM sessions').all().map((row) => [String(row['name']), present({ ...row, read: parsed(row['read']) })]), told.sessions, 'the session', problem);
  checkTable(db.prepare('SELECT name FROM flags').all().map(({ name }) => [String(name), true]), new Map([...told.flags].map((name) => [name, true])), 'the flag', problem);
  checkDoor(db, sha256, told, problem);
  const root = rootOf(frontier, sha256);
  const head = db.prepare('SELECT size, frontier, time, checkpoint FROM head').get();
  if (head || frontier.size > 0) checkHead(head ?? {}, { frontier, last, root, origin, vkey }, problem);
  db.exec('ROLLBACK');
  return { size: frontier.size, root: base64(root), checkpoint: typeof head?.['checkpoint'] === 'string' ? head['checkpoint'] : '', problems };
}

async function checkEvents(db: DatabaseSync, sha256: Sha256, told: Told, problem: Problem): Promise<{ readonly frontier: Frontier; readonly last: string }> {
  let frontier = emptyFrontier;
  let last = '';
  for (const row of db.prepare('SELECT seq, id, type, time, job_id, leaf, salt, body FROM events ORDER BY seq').iterate()) {
    const seq = row['seq'] as number;
    if (seq !== frontier.size) problem(`event ${frontier.size} is missing`);
    const body = parsed(row['body']);
    const leaf = rowLeaf(row, body, sha256);
    if (leaf === null || !Buffer.from(leaf).equals(row['leaf'] as Uint8Array)) problem(`event ${seq} (${String(row['type'])}${row['job_id'] === null ? '' : ` of ${String(row['job_id'])}`}) is not what the journal committed to`);
    if ((row['time'] as string) < last) problem(`event ${seq} is earlier than the one before`);
    last = row['time'] as string;
    if (body !== null) tell(told, String(row['type']), row['job_id'], body);
    frontier = appendLeaf(frontier, leaf ?? sha256(new Uint8Array()), sha256);
    if (frontier.size % 500 === 0) await othersTurn();
  }
  return { frontier, last };
}

function tell(told: Told, type: string, job: unknown, body: JsonObject): void {
  const { states, envelopes, sessions, flags, tokens, settings } = told;
  if (typeof job === 'string') {
    if (typeof body['state'] === 'string') states.set(job, body['state']);
    tellMoney(told, type, job, body);
  }
  tellBudgets(told, type, body);
  const { envelope, session } = body;
  if (job === null && type.startsWith('envelope.') && typeof envelope === 'string' && typeof body['state'] === 'string') envelopes.set(envelope, body['state']);
  if ((type === 'session.created' || type === 'session.changed') && typeof session === 'object' && session !== null && 'name' in session && typeof session['name'] === 'string') sessions.set(session['name'], session);
  if (type === 'session.token_issued' && typeof body['token'] === 'string') tokens.set(body['token'], { session: session ?? null, row: body['row'] ?? null });
  if (type === 'session.tokens_revoked') for (const [token, of] of tokens) if (of.session === session) tokens.delete(token);
  if (type === 'tcp.opened') settings.set('tcp_port', JSON.stringify(body['port'] ?? null));
  if (type === 'tcp.closed' && body['remembered'] !== true) settings.delete('tcp_port');
  if (type === 'policy.loaded') {
    const { bundle, by, files, since, wasm } = body;
    settings.set('policy', canonicalJson({ bundle, by, files, since, wasm } as Json));
  }
  if (type === 'broker.frozen') flags.add('frozen');
  if (type === 'broker.thawed') flags.delete('frozen');
}

function tellMoney({ ledger, payers }: Told, type: string, job: string, body: JsonObject): void {
  const amount = body['amount'] as { readonly currency: string; readonly micros: number } | undefined;
  const line = ledger.get(job);
  const resolved = body['resolved'];
  if (type === 'job.submitted' && (at(resolved, 'amount') ?? null) !== null) payers.set(job, { backend: at(at(resolved, 'device'), 'name') ?? null, project: null, session: at(body['session'], 'name') ?? null, user: null });
  if (type === 'budget.reserved' && amount) {
    const payer = (body['payer'] ?? payers.get(job) ?? null) as unknown as Payer;
    ledger.set(job, { day: textOf(body['day']), currency: amount.currency, reserved: amount.micros, settled: 0, payer });
  }
  if (type === 'budget.settled' && line && amount) ledger.set(job, { ...line, reserved: 0, settled: amount.micros });
  if (type === 'budget.released' && line) ledger.set(job, { ...line, reserved: 0, settled: 0 });
}

/** An overrun and a thaw that name no budgets are of before there was more than one. */
function tellBudgets({ budgets, flags, settings }: Told, type: string, body: JsonObject): void {
  const { budget, budgets: named } = body;
  if (type === 'budget.set') {
    budgets.set(textOf(at(budget, 'id')), budget as JsonObject);
    settings.set('budgets', 'set');
  }
  if (type === 'budget.removed' && typeof budget === 'string') budgets.delete(budget);
  if (type !== 'budget.overrun' && type !== 'budget.thawed') return;
  if (!Array.isArray(named)) return void (type === 'budget.overrun' ? flags.add('budget_frozen') : flags.delete('budget_frozen'));
  for (const id of named) {
    const found = budgets.get(textOf(id));
    if (found !== undefined) budgets.set(textOf(id), { ...found, frozen: type === 'budget.overrun' });
  }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** Ledger and budgets as the events tell, and the sums that the ledger makes. */
function checkMoney(db: DatabaseSync, { ledger, budgets }: Told, problem: Problem): void {
  const lines = db.prepare('SELECT job_id, day, currency, reserved, settled, payer FROM ledger').all();
  checkTable(lines.map(({ job_id, ...row }) => [String(job_id), { ...row, payer: parsed(row['payer']) }]), ledger, 'the ledger of job', problem);
  checkTable(db.prepare('SELECT id, data FROM budgets').all().map(({ id, data }) => [String(id), parsed(data)]), budgets, 'the budget', problem);
  const sums = db.prepare('SELECT scope, name, period, currency, reserved, settled FROM spent').all();
  const whole = [...ledger.values()].filter(({ payer }) => payer !== null);
  checkTable(sums.map(({ scope, name, period, currency, ...row }) => [[scope, name, period, currency].join('/'), row]), sumsOf(whole), 'what was spent of', problem);
}

/** Adds what a job's record says was prevented by its denial. */
function prevent(sums: Map<string, { jobs: number; micros: number }>, data: JsonObject | null): void {
  const amount = at(at(data?.['resolved'], 'amount'), 'micros');
  if (data === null || at(data['outcome'], 'kind') !== 'denied' || typeof amount !== 'number') return;
  const key = `${textOf(data['ended']).slice(0, 7)}/${textOf(at(at(data['resolved'], 'amount'), 'currency'))}`;
  const { jobs, micros } = sums.get(key) ?? { jobs: 0, micros: 0 };
  sums.set(key, { jobs: jobs + 1, micros: Math.min(micros + amount, Number.MAX_SAFE_INTEGER) });
}

/** The broker serves others meanwhile. */
function othersTurn(): Promise<unknown> {
  return new Promise(setImmediate);
}

/** Each under the digest that its decision names. */
async function checkPolicyInputs(db: DatabaseSync, sha256: Sha256, problem: Problem): Promise<void> {
  let looked = 0;
  for (const { digest, data } of db.prepare('SELECT digest, data FROM policy_inputs').iterate()) {
    const input = parsed(data);
    if (input === null || jsonDigest(input, sha256) !== digest) problem(`the policy input ${String(digest)} is not what its digest names`);
    looked += 1;
    if (looked % 500 === 0) await othersTurn();
  }
}

/** Without what there is none of. */
function present(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}

/** The tables of the TCP door. */
function checkDoor(db: DatabaseSync, sha256: Sha256, { tokens, settings }: Told, problem: Problem): void {
  const rows = db.prepare('SELECT sha256, session, created FROM session_tokens').all() as Record<string, string>[];
  checkTable(rows.map((row) => [tokenName(row['sha256'] ?? ''), { session: row['session'], row: jsonDigest({ ...row }, sha256) }]), tokens, 'the session token', problem);
  checkTable(db.prepare('SELECT name, value FROM settings').all().map(({ name, value }) => [String(name), value]), settings, 'the setting', problem);
}

async function checkJobs(db: DatabaseSync, sha256: Sha256, { states }: Told, problem: Problem): Promise<void> {
  const prevented = new Map<string, { jobs: number; micros: number }>();
  let looked = 0;
  for (const row of db.prepare('SELECT id, session, phase, outcome, device_kind, program, code, envelope, data FROM jobs').iterate()) {
    const id = String(row['id']);
    const data = parsed(row['data']);
    if (data === null || states.get(id) !== jsonDigest(data, sha256)) problem(`job ${id} is not as its last event left it`);
    else if (!sameColumns(row, data)) problem(`the columns of job ${id} are not those of its record`);
    states.delete(id);
    prevent(prevented, data);
    looked += 1;
    if (looked % 500 === 0) await othersTurn();
  }
  for (const id of states.keys()) problem(`job ${id} is in the journal and not in the table`);
  const rows = db.prepare('SELECT month, currency, jobs, micros FROM prevented').all();
  checkTable(rows.map(({ month, currency, ...row }) => [[month, currency].join('/'), row]), prevented, 'what was prevented in', problem);
}

function checkEnvelopes(db: DatabaseSync, sha256: Sha256, states: Map<string, string>, problem: Problem): void {
  for (const row of db.prepare('SELECT id, session, phase, data FROM envelopes').iterate()) {
    const id = String(row['id']);
    const data = parsed(row['data']);
    if (data === null || states.get(id) !== jsonDigest(data, sha256)) problem(`envelope ${id} is not as its last event left it`);
    else if (row['session'] !== at(data['session'], 'name') || row['phase'] !== data['phase']) problem(`the columns of envelope ${id} are not those of its record`);
    states.delete(id);
  }
  for (const id of states.keys()) problem(`envelope ${id} is in the journal and not in the table`);
}

/** The columns are copies that queries use; the record is the truth. */
function sameColumns(row: Row, data: JsonObject): boolean {
  return row['session'] === at(data['session'], 'name') && row['phase'] === data['phase'] && row['outcome'] === (at(data['outcome'], 'kind') ?? null)
    && row['device_kind'] === at(at(data['resolved'], 'device'), 'kind') && row['program'] === data['program_digest']
    && row['code'] === at(at(data['resolved'], 'code'), 'digest') && row['envelope'] === (at(data['under'], 'envelope') ?? null);
}

function at(value: Json | undefined, key: string): Json | undefined {
  return typeof value === 'object' && value !== null ? (value as JsonObject)[key] : undefined;
}

function checkTable(rows: readonly (readonly [string, unknown])[], told: ReadonlyMap<string, unknown>, what: string, problem: Problem): void {
  const left = new Set(told.keys());
  for (const [name, row] of rows) {
    if (!left.delete(name) || canonicalJson(row as Json) !== canonicalJson(told.get(name) as Json)) problem(`${what} ${name} is not as the journal tells`);
  }
  for (const name of left) problem(`${what} ${name} is in the journal and not in its table`);
}

interface Found {
  readonly frontier: Frontier;
  readonly last: string;
  readonly root: Uint8Array;
  readonly origin: string;
  readonly vkey: string;
}

function checkHead(row: Row, { frontier, last, root, origin, vkey }: Found, problem: Problem): void {
  const hashes = row['frontier'];
  if (row['size'] !== frontier.size || !(hashes instanceof Uint8Array) || !Buffer.concat(frontier.hashes).equals(hashes)) problem('the stored frontier is not that of the journal');
  if (row['time'] !== last) problem('the head\'s time is not that of the last event');
  try {
    const head = parseCheckpoint(openNote(String(row['checkpoint']), vkey));
    if (head.origin !== origin) problem(`the checkpoint is of ${head.origin}`);
    if (head.size !== frontier.size) problem(`the checkpoint is of ${head.size} events, the journal holds ${frontier.size}`);
    else if (hex(head.root) !== hex(root)) problem('the checkpoint\'s root is not the journal\'s');
  } catch (error) {
    problem(error instanceof DewarError ? `the checkpoint does not verify: ${error.message}` : 'the checkpoint cannot be read');
  }
}

function rowLeaf(row: Row, body: Json, sha256: Sha256): Uint8Array | null {
  if (body === null) return null;
  try {
    return leafHash(rowLeafBytes(row, body, sha256), sha256);
  } catch {
    return null;
  }
}

/** A stored JSON text that is canonical; null for any other. */
function parsed(text: unknown): JsonObject | null {
  try {
    const value = JSON.parse(String(text)) as Json;
    return canonicalJson(value) === text && typeof value === 'object' && value !== null ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}
