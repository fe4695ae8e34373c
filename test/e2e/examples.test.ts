// Every example against one real broker, as a newcomer runs it: facts, decisions, cards and counts are those that its folder promises.
import assert from 'node:assert/strict';
import { accessSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EnvelopeView, JobView, Json, PendingEnvelopeView, ProgramFacts, Reason } from '@dewar/protocol';
import { verifyReceipt } from '@dewar/receipt';
import { at, call, daytime, digestText, TestHome, textAt, type Answer } from './broker-process.ts';

const project = join(import.meta.dirname, '../..');
const examples = join(project, 'examples');
const rewrite = process.env['UPDATE_GOLDEN'] === '1';
const names = ['bell', 'ghz', 'qaoa-sweep', 'vqe-loop', 'dynamic', 'transpiled', 'loop-1e8'] as const;
type Name = (typeof names)[number];
type Counts = Readonly<Record<string, number>>;

interface Decided {
  readonly backend: string;
  /** Whether the program had completed on a simulator before. */
  readonly simulated_before: boolean;
  readonly effect: string;
  readonly reasons: readonly Reason[];
}

interface Expected {
  readonly circuit: string;
  readonly facts: Partial<ProgramFacts>;
  readonly decisions: readonly Decided[];
  /** At each point, what the ideal device reads how often; what is not here must not be read. */
  readonly probabilities?: readonly Counts[];
}

const home = new TestHome();
const compiled = mkdtempSync(join(tmpdir(), 'compiled-'));
const python = '/usr/bin/python3';
const noPython = isThere(python) ? false : `no ${python}`;

before(() => home.start({ env: { TZ: daytime() } }));
after(() => home.close());

function isThere(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

const read = (name: Name, file: string): string => readFileSync(join(examples, name, file), 'utf8');

/** Compares with a file of the example; `UPDATE_GOLDEN=1` writes it instead. */
function assertFile(name: Name, file: string, text: string): void {
  if (rewrite) writeFileSync(join(examples, name, file), text);
  assert.ok(existsSync(join(examples, name, file)), `${name}/${file} is missing; it would be:\n${text}`);
  assert.equal(text, read(name, file), `${name}/${file}`);
}

async function session(method: string, path: string, body?: string | Uint8Array | Json, status = 200): Promise<Json> {
  return good(await call(home.session(), method, path, body), status);
}

async function control(method: string, path: string, body?: Json): Promise<Json> {
  return good(await call(home.control, method, path, body), 200);
}

function good(answer: Answer, status: number): Json {
  assert.equal(answer.status, status, answer.text);
  return answer.json;
}

const jobIn = (answer: Json): JobView => at(answer, 'job') as unknown as JobView;

async function ended(id: string): Promise<JobView> {
  for (let tries = 0; tries < 4; tries += 1) {
    const job = jobIn(await session('GET', `/v1/jobs/${id}/wait?timeout_s=100`));
    if (job.ended !== undefined) return job;
  }
  throw new Error(`${id} did not end`);
}

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly outputHas: (text: string) => boolean;
  readonly ended: Promise<Ran>;
}

const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

function start(command: string, args: readonly string[], input = ''): Running {
  const child = spawn(command, args, {
    cwd: project, stdio: 'pipe',
    env: { PATH: process.env['PATH'] ?? '', HOME: home.folder, DEWAR_HOME: home.folder, NODE_COMPILE_CACHE: compiled, IBM_QISKIT_BROKER_URL: `unix://${home.session()}`, PYTHONDONTWRITEBYTECODE: '1' },
  });
  running.add(child);
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return {
    outputHas: (text) => out.includes(text),
    ended: new Promise((resolve) => child.once('close', (code) => {
      running.delete(child);
      resolve({ code, out, err });
    })),
  };
}

async function dewar(...args: readonly string[]): Promise<string> {
  const { code, out, err } = await start(process.execPath, [join(project, 'bin/dewar.mjs'), ...args]).ended;
  assert.equal(code, 0, err);
  return out;
}

/** A card without what is another one each time. The digests of program, spec and code stay: they are the same everywhere. */
function still(card: string): string {
  return `${card.trimEnd()}\n`.replaceAll(/\b(job|env)_[0-9a-z]{20}\b/g, '$1_…').replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replaceAll(/\(in \d+ \w+\)/g, '(in …)').replaceAll(/\b(resolved|terms) [0-9a-f]{12}\b/g, '$1 …');
}

/** The spec of an example, with the true digest of its circuit, which is stored. */
async function specOf(name: Name, circuit: string): Promise<{ readonly [key: string]: Json }> {
  const bytes = readFileSync(join(examples, circuit));
  assert.equal(textAt(await session('PUT', '/v1/artifacts', bytes, 201), 'digest'), digestText(bytes));
  assertFile(name, 'job.json', read(name, 'job.json').replace(/sha256:[0-9a-f]{64}/, digestText(bytes)));
  return JSON.parse(read(name, 'job.json')) as { readonly [key: string]: Json };
}

/**
 * Whether `n` of `shots` is what a probability gives. By Bernstein's inequality a true one is refused less than once in 10^9 times;
 * what never happens must not.
 */
function plausible(n: number, shots: number, probability: number): boolean {
  if (probability === 0) return n === 0;
  const odds = Math.log(2e9);
  return Math.abs(n - shots * probability) <= odds / 3 + Math.sqrt((odds / 3) ** 2 + 2 * odds * shots * probability * (1 - probability));
}

function countsOf(results: Json | undefined): Counts[] {
  const points = at(results, 'points');
  return (Array.isArray(points) ? points : [results]).map((point: Json | undefined) => at(point, 'counts') as Counts);
}

function assertPlausible(all: readonly Counts[], shots: number, probabilities: readonly Counts[]): void {
  assert.equal(all.length, probabilities.length);
  for (const [index, counts] of all.entries()) {
    const ideal = probabilities[index] ?? {};
    assert.equal(Object.values(counts).reduce((sum, n) => sum + n, 0), shots);
    for (const bits of new Set([...Object.keys(ideal), ...Object.keys(counts)])) {
      assert.ok(plausible(counts[bits] ?? 0, shots, ideal[bits] ?? 0), `point ${index}: ${counts[bits] ?? 0} of ${shots} read ${bits}, expected ${(ideal[bits] ?? 0) * shots}`);
    }
  }
}

async function decisionOn(spec: { readonly [key: string]: Json }, backend: string): Promise<{ readonly decided: Decided; readonly facts: Partial<ProgramFacts> }> {
  const answer = await session('POST', '/v1/jobs', { ...spec, backend, dry_run: true });
  const { analyser: _, simulated_before: simulatedBefore, simulatable: __, simulator_limit: ___, ...facts } = at(answer, 'facts') as unknown as JobView['facts'];
  const { effect, reasons } = at(answer, 'decision') as unknown as JobView['decision'];
  return { facts, decided: { backend, simulated_before: simulatedBefore, effect, reasons } };
}

async function cardOf(spec: { readonly [key: string]: Json }): Promise<string> {
  const job = jobIn(await session('POST', '/v1/jobs', { ...spec, backend: 'ibmq_qpu_1' }, 201));
  assert.equal(job.status, 'waiting');
  const card = await dewar('pending', job.job_id);
  await session('POST', `/v1/jobs/${job.job_id}/cancel`);
  return card;
}

/** Rewrites the file of promises in its own order, so that a change shows as one. */
function pretty(expected: Expected): string {
  return `${JSON.stringify(expected, null, 2).replaceAll(/\[\s+(\d+(?:,\s+\d+)*)\s+\]/g, (_, list: string) => `[${list.split(/,\s+/).join(', ')}]`)}\n`;
}

for (const name of names) {
  test(`${name} has the facts, decisions, card and counts that its folder promises`, async () => {
    const expected = JSON.parse(read(name, 'expected.json')) as Expected;
    const spec = await specOf(name, expected.circuit);
    const simulator = await decisionOn(spec, 'simulator');
    const decisions = [simulator.decided, (await decisionOn(spec, 'ibmq_qpu_1')).decided];
    if (simulator.decided.effect === 'allow') {
      const job = await ended(jobIn(await session('POST', '/v1/jobs', spec, 201)).job_id);
      assert.equal(job.status, 'completed', JSON.stringify(job));
      const results = at(await session('GET', `/v1/jobs/${job.job_id}/results`), 'results');
      if (expected.probabilities !== undefined) assertPlausible(countsOf(results), Number(spec['shots']), expected.probabilities);
      decisions.push((await decisionOn(spec, 'ibmq_qpu_1')).decided);
    }
    const asks = decisions.at(-1)?.effect === 'ask';
    if (asks) assertFile(name, 'card.txt', still(await cardOf(spec)));
    assert.equal(existsSync(join(examples, name, 'card.txt')), asks, 'a card where a person is asked, and only there');
    assertFile(name, 'expected.json', pretty({ ...expected, facts: simulator.facts, decisions }));
  });
}

test('the Bell job runs from its spec through the Python script', { skip: noPython }, async () => {
  const { code, out, err } = await start(python, ['examples/agent_create_job.py', '--spec', 'examples/bell/job.json', '--circuit', 'examples/circuits/bell.qasm', '--wait']).ended;
  assert.equal(code, 0, err);
  assertPlausible(countsOf(at(JSON.parse(out) as Json, 'results')), 1000, [{ '00': 0.5, '11': 0.5 }]);
});

test('the mean cuts of the QAOA sweep are those of theory, and cut.py puts the best first', { skip: noPython }, async () => {
  const jobs = at(await session('GET', '/v1/jobs'), 'jobs') as unknown as JobView[];
  const job = jobs.find(({ spec, status }) => spec.job_name === 'qaoa-sweep' && status === 'completed');
  assert.ok(job !== undefined, 'the sweep has run');
  const answer = await session('GET', `/v1/jobs/${job.job_id}/results`);
  const points = at(answer, 'results', 'points') as unknown as { readonly parameters: { readonly gamma: number; readonly beta: number }; readonly counts: Counts }[];
  const cut = (bits: string): number => [...bits].filter((bit, index) => bit !== bits[(index + 1) % bits.length]).length;
  const means = points.map(({ parameters: { gamma, beta }, counts }) => {
    const shots = Object.values(counts).reduce((sum, n) => sum + n, 0);
    const mean = Object.entries(counts).reduce((sum, [bits, n]) => sum + cut(bits) * n, 0) / shots;
    // Hoeffding's inequality for values from 0 to 4: wrong less than once in 10^9 times.
    const apart = 4 * Math.sqrt(Math.log(2e9) / (2 * shots));
    assert.ok(Math.abs(mean - (2 + Math.sin(4 * beta) * Math.sin(2 * gamma))) <= apart, `gamma ${gamma}, beta ${beta}: ${mean}`);
    return mean;
  });
  assert.equal(means.length, 9);
  const { code, out, err } = await start(python, ['examples/qaoa-sweep/cut.py'], JSON.stringify(answer)).ended;
  assert.equal(code, 0, err);
  const lines = out.trimEnd().split('\n');
  assert.equal(lines.length, 9);
  assert.ok(lines[0]?.startsWith(`${Math.max(...means).toFixed(3)} of 4 edges`), out);
});

/** The loop's question, once it is asked. */
async function asked(loop: Running): Promise<PendingEnvelopeView> {
  for (let tries = 0; tries < 1500; tries += 1) {
    const [first] = at(await control('GET', '/v1/pending'), 'envelopes') as unknown as PendingEnvelopeView[];
    if (first !== undefined) return first;
    const over = await Promise.race([loop.ended, sleep(200)]);
    if (over !== undefined) throw new Error(`the loop ended (${over.code}) before it asked: ${over.out}${over.err}`);
  }
  throw new Error('the loop did not ask');
}

const envelopeNow = async (id: string): Promise<EnvelopeView> => at(await session('GET', `/v1/envelopes/${id}`), 'envelope') as unknown as EnvelopeView;
const jobsUnder = async (id: string): Promise<JobView[]> => (at(await session('GET', '/v1/jobs?limit=500'), 'jobs') as unknown as JobView[]).filter(({ spec }) => spec.envelope === id);
const loopScript = 'examples/vqe-loop/vqe.py';

test('a no to the variational loop ends it with the reason, and nothing ran', { skip: noPython }, async () => {
  const loop = start(python, [loopScript]);
  const { envelope } = await asked(loop);
  await control('POST', `/v1/envelopes/${envelope.envelope_id}/deny`, { reason: 'not tonight' });
  const { code, out, err } = await loop.ended;
  assert.deepEqual({ code, out }, { code: 3, out: '' }, err);
  assert.match(err, /denied by person: not tonight/);
  assert.deepEqual(await jobsUnder(envelope.envelope_id), []);
});

test('the variational loop runs to a minimum under one yes, inside its bounds, and gives the rest back', { skip: noPython }, async () => {
  const loop = start(python, [loopScript]);
  const { envelope: { envelope_id: id, terms_digest: digest }, nonce } = await asked(loop);
  assertFile('vqe-loop', 'envelope-card.txt', still(await dewar('pending', id)));
  await control('POST', `/v1/envelopes/${id}/approve`, { terms_digest: digest, nonce });
  const { code, out, err } = await loop.ended;
  assert.equal(code, 0, `${out}${err}`);

  const energies = [...out.matchAll(/^step .* energy ([+-][\d.]+)/gm)].map((match) => Number(match[1]));
  const [first = 0] = energies;
  const last = energies.at(-1) ?? 0;
  // From −0.55 down to −1.86 on an ideal device; the practice QPU's noise costs about 0.06.
  assert.ok(energies.length >= 3 && first > -0.9 && last < -1.6 && last > -2, out);

  const { status, used, terms } = await envelopeNow(id);
  const jobs = await jobsUnder(id);
  assert.equal(status, 'closed');
  assert.deepEqual({ jobs: used.jobs, shots: used.shots }, { jobs: energies.length, shots: energies.length * 1500 });
  assert.ok(used.jobs <= terms.max_jobs && terms.max_amount !== null && (used.amount?.micros ?? Infinity) <= terms.max_amount.micros);
  assert.equal(jobs.length, energies.length);
  for (const job of jobs) {
    assert.deepEqual([job.status, job.envelope?.id, job.approval], ['completed', id, undefined]);
    const types = (at(await session('GET', `/v1/jobs/${job.job_id}/logs`), 'events') as Json[]).map((event) => textAt(event, 'type'));
    assert.ok(types.includes('envelope.applied') && !types.some((type) => /wait|approv/.test(type)), types.join(' '));
  }
  assert.deepEqual(at(await control('GET', '/v1/pending'), 'pending'), []);
});

test('a loop whose envelope a person closes half-way stops, and leaves no question behind', { skip: noPython }, async () => {
  const loop = start(python, [loopScript, '--shots', '50', '--flat', '0']);
  const { envelope: { envelope_id: id, terms_digest: digest }, nonce } = await asked(loop);
  await control('POST', `/v1/envelopes/${id}/approve`, { terms_digest: digest, nonce });
  for (let tries = 0; tries < 1500 && !loop.outputHas('step  1'); tries += 1) await sleep(200);
  await control('POST', `/v1/envelopes/${id}/close`);
  const { code, out, err } = await loop.ended;
  // What was queued is refused at the grant; what comes later would ask the person, and the loop takes it back.
  assert.ok(code === 3 || code === 4, `${code} ${out}${err}`);
  assert.match(err, /closed by the person/);
  const ends = (await jobsUnder(id)).map(({ status }) => status);
  assert.ok(ends.length < 10 && ends.every((status) => ['completed', 'denied', 'cancelled'].includes(status)), ends.join(' '));
  assert.deepEqual(at(await control('GET', '/v1/pending'), 'pending'), []);
});

test('the transpiled circuit fits the practice QPU: after a yes it runs, with a little noise', async () => {
  const job = jobIn(await session('POST', '/v1/jobs', { ...(JSON.parse(read('transpiled', 'job.json')) as { readonly [key: string]: Json }), backend: 'ibmq_qpu_1' }, 201));
  const nonce = textAt(await control('GET', `/v1/pending/${job.job_id}`), 'pending', 'nonce');
  await control('POST', `/v1/jobs/${job.job_id}/approve`, { resolved_digest: job.resolved_digest, nonce });
  const { status, failure } = await ended(job.job_id);
  assert.equal(status, 'completed', JSON.stringify(failure));
  const [counts = {}] = countsOf(at(await session('GET', `/v1/jobs/${job.job_id}/results`), 'results'));
  const right = (counts['00'] ?? 0) + (counts['11'] ?? 0);
  assert.ok(right > 850 && right < 1000, JSON.stringify(counts));
});

test('every receipt of the examples verifies with the pinned key, and the journal holds', async () => {
  const { jobs } = (await session('GET', '/v1/jobs?limit=500')) as unknown as { readonly jobs: readonly JobView[] };
  const pem = textAt(await control('GET', '/v1/keys'), 'receipt_pem');
  assert.ok(jobs.length >= names.length, String(jobs.length));
  for (const { job_id: id, status, envelope } of jobs) {
    await ended(id);
    const { predicate } = verifyReceipt(Buffer.from((await call(home.session(), 'GET', `/v1/jobs/${id}/receipt`)).text), { receiptKeys: [pem] });
    assert.deepEqual([predicate.outcome.kind, predicate.envelope?.id], [status, envelope?.id], id);
  }
  assert.equal(at(await control('GET', '/v1/journal/verify'), 'ok'), true);
});

test('each example is listed, and each file that a README names is there', () => {
  const folders = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory() && existsSync(join(examples, entry.name, 'README.md'))).map((entry) => entry.name);
  assert.deepEqual(folders.toSorted(), names.toSorted());
  const index = readFileSync(join(examples, 'README.md'), 'utf8');
  for (const name of names) {
    assert.ok(index.includes(`[${name}](${name}/README.md)`), name);
    const text = read(name, 'README.md');
    const named = [...text.matchAll(/\bexamples\/[\w./-]+\.\w+/g)].map(([path]) => join(project, path));
    const linked = [...text.matchAll(/\]\(([\w./-]+)\)/g)].map((match) => join(examples, name, match[1] ?? ''));
    for (const path of [...named, ...linked]) assert.ok(existsSync(path), `${name}/README.md: ${path}`);
  }
});
