// Kills the broker before and after every commit of every path, starts it again, and counts what reached the provider, the budget and the journal.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EnvelopeView, JobView } from '@dewar/protocol';
import { verifyReceipt } from '@dewar/receipt';
import { at, bell, brokerMain, call, digestText, errorOf, Gone, readText, TestHome, textAt, type BrokerProcess } from './broker-process.ts';

const crashBroker = fileURLToPath(new URL('./crash-broker.ts', import.meta.url));
type When = 'before' | 'after';
interface Row { readonly [column: string]: unknown }

/** A client that starts where the last one was cut off: every step asks first what is there. */
class Client {
  readonly home = new TestHome();
  readonly circuits = { a: bell, b: `${bell}// b\n` };
  readonly acknowledged: { readonly id: string; readonly ended: JobView['status'] }[] = [];
  broker: BrokerProcess | null = null;
  crashes = 0;

  async start(entry = crashBroker): Promise<void> {
    this.broker = await this.home.start({ entry, args: entry === crashBroker ? [this.home.folder] : [] });
  }

  file(name: string): string {
    return join(this.home.folder, name);
  }

  set(name: string, text: string | null): void {
    if (text === null) rmSync(this.file(name), { force: true });
    else writeFileSync(this.file(name), text);
  }

  async get(path: string, control = false): Promise<ReturnType<typeof at>> {
    const answer = await call(control ? this.home.control : this.home.session(), 'GET', path);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    return answer.json;
  }

  async jobs(): Promise<JobView[]> {
    return at(await this.get('/v1/jobs?limit=500'), 'jobs') as unknown as JobView[];
  }

  async upload(text: string): Promise<string> {
    const answer = await call(this.home.session(), 'PUT', '/v1/artifacts', Buffer.from(text));
    assert.equal(answer.status, 201, answer.text);
    return textAt(answer.json, 'digest');
  }

  /** The job of that name: the one that is there, or a new one. */
  async job(name: string, spec: object = {}, circuit: 'a' | 'b' = 'a'): Promise<JobView> {
    const known = (await this.jobs()).find((job) => job.spec.job_name === name);
    if (known) return known;
    const answer = await call(this.home.session(), 'POST', '/v1/jobs', { job_name: name, code_blob: await this.upload(this.circuits[circuit]), backend: 'practice-qpu', shots: 10, ...spec });
    assert.equal(answer.status, 201, answer.text);
    return at(answer.json, 'job') as unknown as JobView;
  }

  /** The live envelope of that name: the one that is there, or a new one, with a person's yes. */
  async envelope(name: string): Promise<EnvelopeView> {
    const find = async (): Promise<EnvelopeView | undefined> => (at(await this.get('/v1/envelopes?limit=500'), 'envelopes') as unknown as EnvelopeView[]).find((each) => each.name === name);
    if ((await find()) === undefined) {
      const answer = await call(this.home.session(), 'POST', '/v1/envelopes', { name, code_blob: await this.upload(this.circuits.a), backend: 'practice-qpu', shots: 10, max_jobs: 2, max_cost: 1, expires_in_s: 3600 });
      assert.equal(answer.status, 201, answer.text);
    }
    const found = await find();
    if (found?.status === 'waiting') {
      const pending = await this.get(`/v1/pending/${found.envelope_id}`, true);
      const answer = await call(this.home.control, 'POST', `/v1/envelopes/${found.envelope_id}/approve`, { terms_digest: found.terms_digest, nonce: textAt(pending, 'envelope_pending', 'nonce') });
      assert.equal(answer.status, 200, answer.text);
    }
    const live = await find();
    assert.ok(live && ['live', 'spent'].includes(live.status), JSON.stringify(live));
    return live;
  }

  async yes(job: JobView): Promise<void> {
    if ((await this.now(job)).status !== 'waiting') return;
    const pending = await this.get(`/v1/pending/${job.job_id}`, true);
    const answer = await call(this.home.control, 'POST', `/v1/jobs/${job.job_id}/approve`, { resolved_digest: job.resolved_digest, nonce: textAt(pending, 'pending', 'nonce') });
    assert.equal(answer.status, 200, answer.text);
  }

  async no(job: JobView): Promise<void> {
    if ((await this.now(job)).status !== 'waiting') return;
    const answer = await call(this.home.control, 'POST', `/v1/jobs/${job.job_id}/deny`, { reason: 'not tonight' });
    assert.equal(answer.status, 200, answer.text);
    this.acknowledged.push({ id: job.job_id, ended: 'denied' });
  }

  async cancel(job: JobView): Promise<void> {
    const answer = await call(this.home.session(), 'POST', `/v1/jobs/${job.job_id}/cancel`);
    assert.ok(answer.status === 200 || errorOf(answer).code === 'already_ended', answer.text);
    this.acknowledged.push({ id: job.job_id, ended: 'cancelled' });
  }

  async now(job: JobView): Promise<JobView> {
    return at(await this.get(`/v1/jobs/${job.job_id}`), 'job') as unknown as JobView;
  }

  async is(job: JobView, ...statuses: readonly JobView['status'][]): Promise<void> {
    for (let tries = 0; !statuses.includes((await this.now(job)).status); tries += 1) {
      assert.ok(tries < 1000, `${job.spec.job_name} is ${(await this.now(job)).status}, not ${statuses.join(' or ')}; ${this.broker?.log()}`);
      await sleep(10);
    }
  }

  async ended(job: JobView, status: JobView['status']): Promise<void> {
    const last = at(await this.get(`/v1/jobs/${job.job_id}/wait?timeout_s=30`), 'job') as unknown as JobView;
    assert.deepEqual([last.receipt, last.status], [true, status], `${job.spec.job_name}: ${JSON.stringify(last)} ${this.broker?.log()}`);
    this.acknowledged.push({ id: job.job_id, ended: status });
  }
}

/** The tour's paths. Each goes on from wherever a crash left it. */
const paths: Readonly<Record<string, (client: Client, name: string) => Promise<void>>> = {
  'a simulator job': async (client, name) => client.ended(await client.job(name, { backend: 'simulator' }), 'completed'),
  'hardware, a person says yes': async (client, name) => {
    const job = await client.job(name);
    await client.yes(job);
    await client.ended(job, 'completed');
  },
  'a denial by the policy': async (client, name) => client.ended(await client.job(name, { shots: 1_000_000 }), 'denied'),
  'hardware, a person says no': async (client, name) => {
    const job = await client.job(name);
    await client.no(job);
    await client.ended(job, 'denied');
  },
  'cancelled while it waits': async (client, name) => {
    const job = await client.job(name);
    await client.cancel(job);
    await client.ended(job, 'cancelled');
  },
  'cancelled while it runs': async (client, name) => {
    client.set('gate', '');
    const job = await client.job(name);
    await client.yes(job);
    await client.is(job, 'running', 'cancelled');
    await client.cancel(job);
    await client.ended(job, 'cancelled');
    client.set('gate', null);
  },
  'behind a running job: one is cancelled, one has its circuit changed': async (client, name) => {
    const running = await client.job(`${name} first`);
    const stage = readText(client.file('stage'));
    if (stage !== name) client.set('gate', '');
    await client.yes(running);
    const changed = await client.job(`${name} changed`, {}, 'b');
    const dropped = await client.job(`${name} dropped`);
    if (stage !== name) {
      await client.is(running, 'running');
      await client.yes(changed);
      await client.yes(dropped);
      await client.cancel(dropped);
      const path = client.home.artifact(digestText(client.circuits.b));
      const bytes = readFileSync(path);
      bytes[bytes.length - 2] = 0x63;
      writeFileSync(path, bytes);
      client.set('stage', name);
      client.set('gate', null);
    }
    await client.ended(dropped, 'cancelled');
    await client.ended(running, 'completed');
    await client.ended(changed, 'denied');
    assert.equal((await client.now(changed)).denied?.by, 'grant');
    await client.upload(client.circuits.b);
  },
  'a job under an envelope': async (client, name) => {
    const envelope = await client.envelope(name);
    const job = await client.job(name, { envelope: envelope.envelope_id });
    assert.equal(job.envelope?.id, envelope.envelope_id, JSON.stringify(job.decision));
    await client.ended(job, 'completed');
    assert.deepEqual((await client.envelope(name)).used, { jobs: 1, shots: 10, amount: { currency: 'XTS', micros: 309_000 } });
  },
  'the brake, pulled and released': async (client) => {
    for (const [verb, frozen] of [['freeze', true], ['thaw', false]] as const) {
      assert.equal((await call(client.home.control, 'POST', `/v1/${verb}`, {})).status, 200);
      assert.equal(at(await client.get('/v1/status', true), 'frozen'), frozen);
    }
  },
};

function rows(file: string, sql: string): Row[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

/** Looks at the disk as the crash left it, on a copy: the broker's own recovery must find it untouched. */
function noEffectWithoutIntent(client: Client): void {
  const copy = mkdtempSync(join(tmpdir(), 'copy-'));
  try {
    for (const suffix of ['', '-wal']) if (existsSync(client.home.journal + suffix)) copyFileSync(client.home.journal + suffix, join(copy, `journal.db${suffix}`));
    const db = new DatabaseSync(join(copy, 'journal.db'));
    const intents = new Set(db.prepare("SELECT body FROM events WHERE type = 'provider.requested'").all().map((row) => textAt(JSON.parse(String(row['body'])), 'idempotency_key')));
    db.close();
    for (const record of providerRecords(client)) assert.ok(intents.has(record.key), `${record.id} was made for ${record.key} without an intent`);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function providerRecords(client: Client): { readonly id: string; readonly key: string; readonly file: string }[] {
  const folder = join(client.home.home.state, 'practice', 'practice-qpu');
  return (existsSync(folder) ? readdirSync(folder) : []).filter((file) => !file.startsWith('.')).map((file) => ({ ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as { id: string; key: string }), file }));
}

async function verified(client: Client): Promise<void> {
  const report = await client.get('/v1/journal/verify', true);
  assert.deepEqual(at(report, 'problems'), []);
}

/** Everything that must add up once all jobs have ended. */
async function reconcile(client: Client): Promise<void> {
  await verified(client);
  const jobs = await client.jobs();
  const key = textAt(await client.get('/v1/keys', true), 'receipt_pem');
  const budget = (await client.get('/v1/budget')) as unknown as { budgets: { id: string; reserved: { micros: number }; settled: { micros: number }; limit: { micros: number } }[] };
  const day = budget.budgets.find(({ id }) => id === 'all/day/XTS') ?? assert.fail('no day budget');
  assert.equal(new Set(jobs.map((job) => job.spec.job_name)).size, jobs.length, 'a job was made twice');
  for (const { id, ended } of client.acknowledged) assert.equal(jobs.find((job) => job.job_id === id)?.status, ended, `${id} was acknowledged as ${ended}`);
  let charged = 0;
  for (const job of jobs) {
    assert.equal(job.receipt, true, job.job_id);
    const receipt = await call(client.home.session(), 'GET', `/v1/jobs/${job.job_id}/receipt`);
    const { predicate } = verifyReceipt(Buffer.from(receipt.text), { receiptKeys: [key] });
    assert.deepEqual([predicate.job_id, predicate.outcome.kind], [job.job_id, job.status]);
    if (job.status === 'completed' && job.device.kind === 'qpu') charged += job.quote.kind === 'priced' ? job.quote.amount.micros : 0;
  }
  assert.deepEqual([day.reserved.micros, day.settled.micros], [0, charged]);
  assert.ok(charged <= day.limit.micros);
  const records = providerRecords(client);
  assert.equal(new Set(records.map((record) => record.id)).size, records.length);
  for (const record of records) {
    assert.equal(record.file, `${record.key}.json`);
    assert.ok(jobs.some((job) => `${job.job_id}.1` === record.key && job.provider_job_id === record.id), `${record.id} belongs to no job`);
  }
  assert.equal(readText(client.file('resubmits')), '');
  const runs = readText(client.file('runs')).split('\n').filter(Boolean);
  assert.equal(new Set(runs).size, runs.length, 'the QPU ran a job twice');
}

/** Runs the path to its end, through as many crashes as come. */
async function survive(client: Client, path: (client: Client, name: string) => Promise<void>, name: string): Promise<boolean> {
  const before = client.crashes;
  for (;;) {
    try {
      await path(client, name);
      return client.crashes > before;
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      assert.deepEqual(await client.broker?.exited, { code: null, signal: 'SIGKILL' }, `${error.message}: ${client.broker?.log()}`);
      client.crashes += 1;
      client.set('arm', null);
      noEffectWithoutIntent(client);
      await client.start();
      await verified(client);
    }
  }
}

async function table(when: When): Promise<void> {
  const client = new Client();
  try {
    await client.start();
    for (const circuit of ['a', 'b'] as const) await client.ended(await client.job(`simulated ${circuit}`, { backend: 'simulator' }, circuit), 'completed');
    for (const [name, path] of Object.entries(paths)) {
      let k = 0;
      for (let died = true; died; ) {
        k += 1;
        client.set('arm', `${when} ${k} ${name}`);
        died = await survive(client, path, `${name} ${k}`);
        client.set('arm', null);
      }
      assert.ok(k > 2, `${name} has ${k - 1} commits to die at`);
    }
    await reconcile(client);
    await client.broker?.kill();
  } finally {
    await client.home.close();
  }
}

describe('killed at every commit of every path', { concurrency: true }, () => {
  test('before the commit: nothing is lost, nothing happens twice, the journal verifies', () => table('before'));
  test('after the commit: nothing is lost, nothing happens twice, the journal verifies', () => table('after'));
});

test('killed from outside while a simulation and a practice run are under way, the real broker ends both jobs once', async () => {
  const client = new Client();
  try {
    await client.start(brokerMain);
    const simulated = await client.job('simulated', { backend: 'simulator' });
    await client.is(simulated, 'running');
    await client.broker?.kill();
    await client.start(brokerMain);
    await client.ended(simulated, 'completed');
    const job = await client.job('practice');
    await client.yes(job);
    await client.is(job, 'running');
    await client.broker?.kill();
    assert.equal(rows(client.home.journal, "SELECT count(*) AS n FROM events WHERE type = 'provider.requested'")[0]?.['n'], 2);
    await client.start(brokerMain);
    await client.ended(job, 'completed');
    assert.equal(providerRecords(client).length, 1);
    await reconcile(client);
    await client.broker?.stop();
  } finally {
    await client.home.close();
  }
});
