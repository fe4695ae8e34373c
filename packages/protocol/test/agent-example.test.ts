// examples/agent_create_job.py against a small server that answers as a broker does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const python = '/usr/bin/python3';
const script = fileURLToPath(new URL('../../../examples/agent_create_job.py', import.meta.url));
const skip = there(python) ? false : `no ${python}`;

function there(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

interface Answer { readonly status?: number; readonly body: unknown }
interface Seen { readonly method: string; readonly url: string; readonly type: string | undefined; readonly body: Buffer }

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'dewar-agent-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const id = 'job_01234567890123456789';
const job = (status: string, more: object = {}) => ({ body: { job: { job_id: id, status, ...more } } });
const waitUrl = (status: string) => `GET /v1/jobs/${id}/wait?timeout_s=30&after=${status}`;
const circuit = Buffer.from('OPENQASM 3.0;\nqubit q;\n');
const digest = `sha256:${createHash('sha256').update(circuit).digest('hex')}`;
const specText = '{"job_name": "x", "code_blob": "CODE", "backend": "simulator", "max_cost": 5.00}'.replace('CODE', digest);

interface Outcome { readonly code: number | null; readonly out: string; readonly err: string; readonly seen: readonly Seen[] }

/** Runs the script against a server that gives each `METHOD /url` its answers in turn, the last one again and again. */
async function run(answers: Readonly<Record<string, readonly Answer[]>>, args: readonly string[], { tcp = false, url, spec = specText }: { tcp?: boolean; url?: string; spec?: string } = {}): Promise<Outcome> {
  const seen: Seen[] = [];
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const respond = async (): Promise<void> => {
      const body = await bodyOf(request);
      const name = `${request.method} ${request.url}`;
      seen.push({ method: request.method ?? '', url: request.url ?? '', type: request.headers['content-type'], body });
      const turn = asked.get(name) ?? 0;
      asked.set(name, turn + 1);
      const list = answers[name] ?? [{ status: 404, body: { error: { code: 'not_found', message: `no ${name}` } } }];
      const answer = list[Math.min(turn, list.length - 1)];
      response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json' });
      response.end(typeof answer?.body === 'string' ? answer.body : JSON.stringify(answer?.body));
    };
    void respond();
  });
  const path = join(folder, `${seen.length}-${Math.floor(performance.now() * 1000)}.sock`);
  await new Promise<void>((resolve) => (tcp ? server.listen(0, '127.0.0.1', resolve) : server.listen(path, resolve)));
  try {
    writeFileSync(join(folder, 'job.json'), spec);
    writeFileSync(join(folder, 'c.qasm'), circuit);
    return { ...(await python3(args, url ?? (tcp ? `http://127.0.0.1:${portOf(server)}/` : `unix://${path}`))), seen };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function python3(args: readonly string[], url: string): Promise<Omit<Outcome, 'seen'>> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, ['-I', script, ...args], { cwd: folder, env: url === '' ? {} : { IBM_QISKIT_BROKER_URL: url } });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text; });
    child.on('error', reject).on('close', (code) => resolve({ code, out, err }));
  });
}

test('a submit sends the spec\'s bytes as they stand to /submit and prints the answer', { skip }, async () => {
  for (const tcp of [false, true]) {
    const { code, out, seen } = await run({ 'POST /submit': [{ status: 201, body: { status: 'queued', job_id: id } }] }, ['--spec', 'job.json'], { tcp });
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out), { status: 'queued', job_id: id });
    assert.deepEqual(seen.map(({ method, url, type, body }) => [method, url, type, body.toString()]), [['POST', '/submit', 'application/json', specText]]);
  }
});

test('with --circuit the file is uploaded, checked against code_blob, and code_blob set where it is absent; 5.00 stays 5.00', { skip }, async () => {
  const answers = { 'PUT /v1/artifacts': [{ status: 201, body: { digest, size: circuit.length } }], 'POST /submit': [{ body: { status: 'queued', job_id: id } }] };
  const args = ['--spec', 'job.json', '--circuit', 'c.qasm'];
  const named = await run(answers, args);
  assert.deepEqual([named.seen[0]?.method, named.seen[0]?.type, named.seen[0]?.body], ['PUT', 'application/octet-stream', circuit]);
  assert.equal(named.seen[1]?.body.toString(), specText);
  const absent = await run(answers, args, { spec: ' {\n "max_cost": 5.00 }' });
  assert.equal(absent.seen[1]?.body.toString(), ` {\n "code_blob": "${digest}", "max_cost": 5.00 }`);
  assert.deepEqual(JSON.parse((await run(answers, args, { spec: '{}' })).seen[1]?.body.toString() ?? ''), { code_blob: digest });
  const other = await run(answers, args, { spec: specText.replace(digest, `sha256:${'0'.repeat(64)}`) });
  assert.equal(other.code, 2);
  assert.match(other.err, /names code_blob sha256:0+, but the circuit is sha256:/);
  assert.deepEqual(other.seen.map((each) => each.url), ['/v1/artifacts'], 'nothing is submitted');
});

test('--wait goes through a person\'s yes to the results', { skip }, async () => {
  const results = { job_id: id, results_digest: digest, results: { counts: { '00': 2 } } };
  const { code, out, err } = await run({
    'POST /submit': [{ body: { status: 'waiting', job_id: id } }], [waitUrl('waiting')]: [job('running')], [waitUrl('running')]: [job('completed')], [`GET /v1/jobs/${id}/results`]: [{ body: results }],
  }, ['--spec', 'job.json', '--wait']);
  assert.deepEqual([code, JSON.parse(out)], [0, results]);
  assert.match(err, /waiting, until a person answers: dewar pending\njob job_\d+: running\n/);
});

test('a denial exits with 3 and says who, why and what would pass', { skip }, async () => {
  const denied = job('denied', { denied: { by: 'policy', message: '1000000 shots: at most 10000', fix: 'use 10000 shots' } });
  for (const more of [[], ['--wait']]) {
    const { code, err } = await run({ 'POST /submit': [{ body: { status: 'denied', job_id: id } }], [`GET /v1/jobs/${id}`]: [denied] }, ['--spec', 'job.json', ...more]);
    assert.equal(code, 3);
    assert.match(err, /denied by policy: 1000000 shots: at most 10000\n  fix: +use 10000 shots/);
  }
  const later = await run({ 'POST /submit': [{ body: { status: 'waiting', job_id: id } }], [waitUrl('waiting')]: [job('denied', { denied: { by: 'person', message: 'no', fix: null } })] }, ['--spec', 'job.json', '--wait']);
  assert.deepEqual([later.code, later.out], [3, '']);
});

for (const [status, code] of [['waiting', 4], ['ask', 4], ['deny', 3], ['allow', 0], ['failed', 1]] as const) {
  test(`an answer of ${status} exits with ${code}`, { skip }, async () => {
    const outcome = await run({ 'POST /submit': [{ body: { status, job_id: null } }] }, ['--spec', 'job.json']);
    assert.equal(outcome.code, code);
  });
}

test('a failed job exits with 1 and shows its error', { skip }, async () => {
  const { code, err } = await run({ 'POST /submit': [{ body: { status: 'queued', job_id: id } }], [waitUrl('queued')]: [job('failed', { failure: { code: 'run_time_limit', message: 'too slow', fix: 'fewer shots' } })] }, ['--spec', 'job.json', '--wait']);
  assert.equal(code, 1);
  assert.equal(err.slice(err.indexOf('error')), 'error run_time_limit: too slow\n  fix:     fewer shots\n');
});

test('a typed error is shown line by line with what does not print escaped, and exits with 1', { skip }, async () => {
  const error = { code: 'spec_invalid', message: 'bad \u001b[31m', path: '/shots', got: '\u202e5', allowed: 'a whole number', fix: 'write one' };
  const { code, out, err } = await run({ 'POST /submit': [{ status: 400, body: { error } }] }, ['--spec', 'job.json']);
  assert.deepEqual([code, out], [1, '']);
  assert.equal(err, 'error spec_invalid: bad \\x1b[31m\n  path:    /shots\n  got:     \\u202e5\n  allowed: a whole number\n  fix:     write one\n');
});

test('answers that no broker gives end in one line and exit code 1, never a traceback', { skip }, async () => {
  for (const body of ['<html>', '', '[]', '{}', '{"status":', '{"error":{}}', '{"error":"x"}']) {
    const { code, err } = await run({ 'POST /submit': [{ status: 200, body }] }, ['--spec', 'job.json']);
    assert.equal(code, 1, body);
    assert.match(err, /^error.*\n$/, body);
  }
});

test('a missing or wrong URL, a missing file and a bad option exit with 2; a broker that is away with 1', { skip }, async () => {
  const codes: (number | null)[] = [];
  for (const url of ['http', 'ftp://x', 'unix:', 'unix://host/path', 'http://', 'http://x:port']) codes.push((await run({}, ['--spec', 'job.json'], { url })).code);
  codes.push((await python3(['--spec', 'job.json'], '')).code, (await run({}, ['--spec', 'none.json'])).code, (await run({}, ['--what'])).code);
  assert.deepEqual(codes, Array(9).fill(2));
  const away = await run({}, ['--spec', 'job.json'], { url: `unix://${join(folder, 'none.sock')}` });
  assert.equal(away.code, 1);
  assert.match(away.err, /^error: no answer from the broker at unix:.*none\.sock: /);
});
