// A project's budget with the real broker and command: its jobs are paid until it is used up, others' go on, and the journal tells how it went.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AllBudgetsAnswer, BudgetChange, BudgetView, JobView, SessionView } from '@dewar/protocol';
import { bell, brokerMain, TestHome } from './broker-process.ts';

const home = new TestHome();
const compiled = mkdtempSync(join(tmpdir(), 'compiled-'));
const circuit = join(home.folder, 'bell.qasm');
const dewarMain = join(import.meta.dirname, '../../bin/dewar.mjs');
/** Price of 100 shots on the practice QPU: 0.30 and 0.0009 a shot. */
const each = 390_000;
const id = 'project:alpha/total/XTS';

interface Answered {
  readonly job: JobView;
  readonly budget: BudgetView;
  readonly budgets: readonly BudgetView[];
  readonly prevented: AllBudgetsAnswer['prevented'];
  readonly changes: readonly BudgetChange[];
  readonly sessions: readonly SessionView[];
}

function typed(args: readonly string[], socket?: string): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [dewarMain, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: home.folder, DEWAR_HOME: home.folder, NODE_COMPILE_CACHE: compiled, ...(socket !== undefined && { DEWAR_SOCKET: socket }) },
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

/** The document of a verb, which must end with this code. */
async function told(code: number, args: readonly string[], socket?: string): Promise<Answered> {
  const ended = await typed([...args, '--json'], socket);
  assert.equal(ended.code, code, `${args.join(' ')}: ${ended.out}${ended.err}`);
  return JSON.parse(ended.out) as Answered;
}

/** Asks for hardware; the code says whether it waits for a person, or was denied. */
async function submit(session: string, code: 0 | 3): Promise<JobView> {
  return (await told(code, ['run', circuit, '--backend', 'ibmq_qpu_1', '--shots', '100', '--no-wait'], home.session(session))).job;
}

async function paid(session: string): Promise<void> {
  const { job_id: job } = await submit(session, 0);
  await told(0, ['approve', job, '--yes']);
  const ended = (await told(0, ['wait', job])).job;
  assert.deepEqual(ended.cost, { currency: 'XTS', micros: each });
}

async function budget(name = id): Promise<BudgetView> {
  const found = (await told(0, ['budget'])).budgets.find((one) => one.id === name);
  assert.ok(found !== undefined, name);
  return found;
}

before(async () => {
  writeFileSync(circuit, bell);
  await home.start();
  await told(0, ['session', 'create', 'agent', '--project', 'alpha']);
  await told(0, ['run', circuit, '--backend', 'simulator', '--shots', '10']);
});
after(async () => {
  await home.close();
  rmSync(compiled, { recursive: true, force: true });
});

test('a project is paid for until its budget is used up; a session outside goes on; a higher limit lets it go on too', async () => {
  const ahead = await typed(['budget', 'set', 'project:beta/total/XTS', '1']);
  assert.deepEqual([ahead.code, /no session is of project beta yet/.test(ahead.err)], [0, true], ahead.err);
  assert.equal((await typed(['budget', 'set', id, '1'])).err, '');
  for (let jobs = 0; jobs < 2; jobs += 1) await paid('agent');
  const { settled, remaining_micros: left, warned } = await budget();
  assert.deepEqual([settled?.micros, left, warned], [2 * each, 1_000_000 - 2 * each, 50]);

  const denied = await submit('agent', 3);
  assert.deepEqual(denied.decision.reasons.filter(({ effect }) => effect === 'deny').map(({ rule }) => rule), ['budget.limit']);
  assert.match(denied.decision.reasons[0]?.message ?? '', /0\.22 XTS, what is left of the budget project:alpha\/total\/XTS/);
  await paid('default');
  assert.deepEqual([(await budget()).settled?.micros, (await budget('all/day/XTS')).settled?.micros], [2 * each, 3 * each]);

  await told(0, ['budget', 'set', id, '1.17']);
  await paid('agent');
  assert.equal((await budget()).remaining_micros, 0);
});

test('show and history tell so, to each what it may see, also after a restart', async () => {
  await told(0, ['down']);
  await home.start({ entry: brokerMain });
  const person = await typed(['budget']);
  assert.match(person.out, /^project:alpha\/total\/XTS +1\.17 +0\.00 +1\.17 +0\.00 {2}█████ 100 %, warned at 95 %$/m);
  assert.match(person.out, /^Prevented 1 priced job denied in \d{4}-\d\d: 0\.39 XTS \(practice money\) not spent$/m);
  assert.match((await typed(['status'])).out, /^Budgets {3}project:alpha\/total\/XTS above 95 %$/m);

  const seen = async (session: string): Promise<readonly string[]> => (await told(0, ['budget'], home.session(session))).budgets.map((one) => one.id);
  assert.deepEqual([await seen('agent'), await seen('default')], [['all/day/XTS', 'all/job/XTS', id], ['all/day/XTS', 'all/job/XTS']]);

  const { changes } = await told(0, ['budget', 'history']);
  assert.deepEqual(changes.filter((one) => one.id === id).map(({ what }) => what), ['warned', 'set', 'warned', 'set']);
  assert.ok(changes.some(({ text }) => /budget project:alpha\/total\/XTS set to 1\.17 XTS by a person, 1\.00 before/.test(text)), JSON.stringify(changes));
  assert.ok((await typed(['journal', 'verify'])).out.includes('verifies'));
});

test('a session that leaves the project, and a budget that is removed, limit nothing any more', async () => {
  await submit('agent', 3);
  await told(0, ['session', 'set', 'agent', '--no-project']);
  assert.equal((await told(0, ['session', 'list'])).sessions.find(({ name }) => name === 'agent')?.project, undefined);
  await told(0, ['cancel', (await submit('agent', 0)).job_id]);
  await told(0, ['session', 'set', 'agent', '--project', 'alpha']);
  await submit('agent', 3);
  await told(0, ['budget', 'remove', id]);
  await told(0, ['cancel', (await submit('agent', 0)).job_id]);
  assert.equal((await typed(['budget', 'remove', id])).code, 1);
});

test('without any budget a priced job is denied, and a simulator asks for none', async () => {
  for (const one of (await told(0, ['budget'])).budgets) await told(0, ['budget', 'remove', one.id]);
  const denied = await submit('default', 3);
  assert.deepEqual(denied.decision.reasons.filter(({ effect }) => effect === 'deny').map(({ rule }) => rule), ['budget.none']);
  await told(0, ['run', circuit, '--backend', 'simulator', '--shots', '10']);
});
