// The command against the real broker: from `up` to a verified receipt, and the same for a denial.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { bellSource } from '@dewar/client/test/samples';
import { newHome, runCli, type Ended } from './run-cli.ts';

const home = newHome();
const circuit = join(home, 'bell.qasm');
const cli = (...args: string[]): Promise<Ended> => runCli(args, { home });
/** The document of a verb that must end with this code. */
async function json(code: number, ...args: string[]) {
  const ended = await cli(...args, '--json');
  assert.equal(ended.code, code, ended.stdout + ended.stderr);
  return JSON.parse(code === 0 || code === 3 || code === 4 ? ended.stdout : ended.stderr);
}

before(async () => {
  writeFileSync(circuit, bellSource);
  await json(0, 'up');
});
after(async () => { await cli('down'); });

test('a simulator run completes, and its receipt verifies offline until a byte is changed', async () => {
  const { job, results } = await json(0, 'run', circuit, '--backend', 'simulator', '--shots', '100');
  assert.equal(Object.values<number>(results.results.counts).reduce((sum, count) => sum + count, 0), 100);
  const file = join(home, 'receipt.json');
  await json(0, 'receipt', job.job_id, '-o', file);
  const { statement } = await json(0, 'verify', file);
  assert.equal(statement.predicate.job_id, job.job_id);
  const bundle = JSON.parse(readFileSync(file, 'utf8'));
  const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('utf8').replace('"completed"', '"cancelled"');
  writeFileSync(file, JSON.stringify({ ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, payload: Buffer.from(payload).toString('base64') } }));
  assert.equal((await json(1, 'verify', file)).error.code, 'receipt_signature');
});

test('practice hardware waits for a person, runs after approve, and costs practice money', async () => {
  const { job } = await json(0, 'run', circuit, '--backend', 'ibmq_qpu_1', '--shots', '10', '--no-wait');
  assert.equal(job.status, 'waiting');
  await json(4, 'wait', job.job_id, '--timeout', '1');
  const card = await cli('pending', job.job_id);
  assert.match(card.stdout, /^Agent session default wants PRACTICE hardware: practice-qpu · 10 shots\n/);
  await json(0, 'approve', job.job_id, '--yes');
  const { job: ended } = await json(0, 'wait', job.job_id);
  assert.equal(ended.cost.currency, 'XTS');
  assert.equal((await json(1, 'approve', job.job_id, '--yes')).error.code, 'not_waiting');
  assert.match((await cli('results', job.job_id)).stdout, /no real hardware was used/);
});

test('a denial names the rule and what would pass, and has a receipt too', async () => {
  const denied = await cli('run', circuit, '--backend', 'practice-qpu', '--shots', '1000000');
  assert.equal(denied.code, 3);
  assert.match(denied.stdout, /Rules {5}shots\.limit: [^]*would pass: ask for shots: 10000/);
  const file = join(home, 'denial.json');
  await json(0, 'receipt', 'last', '-o', file);
  assert.equal((await json(0, 'verify', file)).statement.predicate.outcome.kind, 'denied');
});

test('a person\'s no reaches the agent with its reason', async () => {
  const { job } = await json(0, 'run', circuit, '--backend', 'practice-qpu', '--no-wait');
  await json(0, 'deny', job.job_id, '--reason', 'not today');
  const { job: ended } = await json(0, 'show', job.job_id);
  assert.deepEqual([ended.status, ended.denied.by, ended.denied.message], ['denied', 'person', 'not today']);
});

test('the TCP door is opened, told of by status and doctor, and closed', async () => {
  const { tcp } = await json(0, 'tcp', 'on', '--port', '0');
  assert.match(tcp.url, /^https:\/\/localhost:\d+$/);
  const { token } = await json(0, 'session', 'token', 'default');
  assert.match(token, /^dewar_session_[0-9a-f]{64}$/);
  assert.match((await cli('status')).stdout, new RegExp(`TCP door  open on ${tcp.url}`));
  const { checks } = await json(0, 'doctor');
  assert.match(checks.find((check: { readonly name: string }) => check.name === 'TCP door').detail, new RegExp(`^open on ${tcp.url}; certificate until \\d{4}-`));
  assert.equal((await json(0, 'session', 'token', 'default', '--revoke')).revoked, 1);
  assert.equal((await json(1, 'session', 'token', 'nobody')).error.code, 'not_found');
  assert.equal((await json(0, 'tcp', 'off')).tcp, null);
});

test('what only reads answers: status, backends, prices, budget, jobs, logs, sessions, journal, doctor', async () => {
  for (const args of [['status'], ['backends'], ['prices'], ['prices', 'outdated'], ['budget'], ['jobs'], ['logs', 'last'], ['session', 'list'], ['journal', 'verify'], ['pending'], ['doctor']]) await json(0, ...args);
});
