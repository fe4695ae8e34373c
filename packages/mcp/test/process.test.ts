// The server as a process, on a stand-in broker: protocol 2026-07-28 on the wire, what stdout carries, and how it ends.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, type ClientOptions } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { fakeBroker, type Answers } from '@dewar/client/test/fake-broker';
import { sampleJob, sampleJobId, waitingJob } from '@dewar/client/test/samples';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const job = `/v1/jobs/${sampleJobId}`;

async function connected(t: TestContext, answers: Answers, options: ClientOptions) {
  const broker = await fakeBroker(answers);
  const client = new Client({ name: 'modern', version: '2' }, { versionNegotiation: { mode: { pin: '2026-07-28' } }, ...options });
  t.after(async () => {
    await client.close();
    await broker.close();
  });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [main], env: { DEWAR_SOCKET: broker.socketPath }, stderr: 'ignore' }));
  return { broker, client };
}

test('protocol 2026-07-28: the page that a broker gives is shown once, and the call goes on', async (t) => {
  const page = 'http://localhost:7411/approve/1';
  const { client } = await connected(t, { [`GET ${job}`]: { job: { ...waitingJob(), approval_url: page } }, [`GET ${job}/wait`]: { job: sampleJob() } }, { capabilities: { elicitation: { url: {} } } });
  const asked: unknown[] = [];
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params);
    return { action: 'accept' };
  });
  const result = await client.callTool({ name: 'wait_for_job', arguments: { job_id: sampleJobId } });
  assert.equal((result.structuredContent as { status: string }).status, 'completed');
  assert.equal(asked.length, 1);
  assert.partialDeepStrictEqual(asked[0], { mode: 'url', url: page });
});

test('protocol 2026-07-28: what the client says of itself comes with each request, and is recorded', async (t) => {
  const { broker, client } = await connected(t, { 'POST /v1/jobs': { dry_run: false, job: waitingJob() } }, {});
  await client.callTool({ name: 'submit_job', arguments: { code_blob: `sha256:${'a'.repeat(64)}` } });
  assert.deepEqual(JSON.parse(broker.asked.at(-1)?.body ?? '').agent, { door: 'mcp', client: 'modern 2' });
});

test('what is printed by mistake goes to stderr', async () => {
  // As soon as the server has taken stdout, however long that takes.
  const print = 'data:text/javascript,const own = process.stdout.write; const wait = setInterval(() => { if (process.stdout.write === own) return; clearInterval(wait); console.log("stray"); process.stdout.write("stray"); process.exit(0); }, 5);';
  const child = spawn(process.execPath, ['--import', print, main], { stdio: 'pipe', env: { DEWAR_SOCKET: '/nonexistent' } });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  assert.equal(out, '');
  assert.match(err, /stray\nstray/);
});

test('a fault that nothing catches ends it with 1, and is told on stderr alone', async () => {
  const fault = 'data:text/javascript,setTimeout(() => { throw new Error("a fault") }, 300);';
  const child = spawn(process.execPath, ['--import', fault, main], { stdio: 'pipe', env: { DEWAR_SOCKET: '/nonexistent' } });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  assert.deepEqual([child.exitCode, out], [1, '']);
  assert.match(err, /a fault/);
});

test('without a socket it says so on stderr and ends with 2', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main], { env: {}, encoding: 'utf8', input: '' });
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, /DEWAR_SOCKET names no session socket\n {2}fix: start it with dewar mcp/);
});

test('an input that is at its end already ends it at once, and well', () => {
  const { status, stdout } = spawnSync(process.execPath, [main], { env: { DEWAR_SOCKET: '/nonexistent' }, encoding: 'utf8', input: '' });
  assert.deepEqual([status, stdout], [0, '']);
});

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const chunk of stream) all += chunk.toString('utf8');
  return all;
}
