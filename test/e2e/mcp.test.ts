// An agent on `dewar mcp` and a person at the control socket, on a real broker: every tool, every answer of a person, and what may go wrong between.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlClient } from '@dewar/client';
import { bell, call, TestHome, type BrokerProcess } from './broker-process.ts';
import { agentOn, RawMcp, type Agent, type Told } from './mcp-process.ts';

const home = new TestHome();
const person = new ControlClient(home.control);
const agents: Agent[] = [];
const raws: RawMcp[] = [];

let broker: BrokerProcess;
before(async () => {
  broker = await home.start();
  // Policy lets a program go to hardware once it has completed on a simulator.
  const made = await agentOn(home);
  assert.equal(of(await end(made.call, idOf(await made.call('submit_job', { program: bell, shots: 10 }))), 'status'), 'completed');
  await made.close();
});
after(() => home.close());
afterEach(async () => {
  for (const one of agents.splice(0)) await one.close();
  for (const one of raws.splice(0)) await one.stop();
});

async function agent(options: Parameters<typeof agentOn>[1] = {}): Promise<Agent> {
  const made = await agentOn(home, options);
  agents.push(made);
  return made;
}

async function raw(env: Readonly<Record<string, string>> = {}): Promise<RawMcp> {
  const made = new RawMcp(home, env);
  raws.push(made);
  await made.initialize();
  return made;
}

const of = (told: Told, name: string): unknown => told.structuredContent?.[name];
const idOf = (told: Told): string => String(of(told, 'job_id'));
const rotated = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float theta;\nqubit[1] q;\nbit[1] c;\nrx(theta) q[0];\nc = measure q;\n';

async function approve(id: string): Promise<void> {
  const { job, nonce } = await person.pending(id);
  await person.approve(id, { resolved_digest: job.resolved_digest, nonce });
}

/** The job's end, however slow this machine is. */
function end(run: Agent['call'], id: string, more: Parameters<Agent['call']>[2] = {}): Promise<Told> {
  return run('wait_for_job', { job_id: id, timeout_s: 300 }, { timeout: 310_000, ...more });
}

async function waiting(on: Agent): Promise<string> {
  const told = await on.call('submit_job', { program: bell, backend: 'practice-qpu', shots: 20 });
  assert.equal(of(told, 'status'), 'waiting');
  return idOf(told);
}

for (const [era, options] of [
  ['2025-11-25', {}],
  ['2026-07-28', { versionNegotiation: { mode: { pin: '2026-07-28' } } }],
] as const) {
  test(`protocol ${era}: the official client drives every tool, and every answer fits its schema`, async () => {
    const made = await agent(options);
    const used = new Set<string>();
    const run: Agent['call'] = (name, ...rest) => {
      used.add(name);
      return made.call(name, ...rest);
    };
    assert.equal(made.client.getNegotiatedProtocolVersion(), era);
    const offered = (await made.client.listTools()).tools.map(({ name }) => name);

    assert.match(JSON.stringify(of(await run('list_backends'), 'backends')), /practice-qpu/);
    const money = await run('budget');
    assert.deepEqual([of(money, 'frozen'), (of(money, 'budgets') as { budget: string }[]).map(({ budget }) => budget)], [false, ['all/day/XTS', 'all/job/XTS']]);
    assert.match(JSON.stringify(of(await run('quote', { program: bell, shots: 1000 }), 'quotes')), /^\[\{"device":"simulator".*"braket-iqm-garnet","configured":false,"backends":\[\],"price":"1\.75 USD"/);
    const digest = String(of(await run('put_artifact', { text: bell }), 'digest'));
    assert.match(String(of(await run('draw_circuit', { code_blob: digest }), 'drawing')), /q0: ─H─●─M─/);
    assert.equal(of(await run('estimate', { code_blob: digest, backend: 'practice-qpu', shots: 1000 }), 'amount'), '1.20 XTS');
    const checked = await run('check', { code_blob: digest, backend: 'practice-qpu', shots: 1_000_000 });
    assert.equal(of(checked, 'decision'), 'deny');
    assert.match(checked.content[0]?.text ?? '', /Would pass: ask for shots: 10000/);

    const id = idOf(await run('submit_job', { code_blob: digest, shots: 100, name: 'bell', tags: ['e2e'] }));
    assert.equal(of(await end(run, id), 'ended'), true);
    assert.equal(of(await run('job_status', { job_id: id }), 'status'), 'completed');
    const results = await run('job_results', { job_id: id });
    assert.deepEqual((of(results, 'outcomes') as { bits: string }[]).map(({ bits }) => bits).toSorted(), ['00', '11']);
    const [whole] = (await made.client.readResource({ uri: String(of(results, 'whole')) })).contents;
    assert.equal(whole !== undefined && 'text' in whole ? JSON.parse(whole.text).results_digest : '', of(results, 'results_digest'));
    assert.match(JSON.stringify(of(await run('list_jobs', { limit: 3 }), 'jobs')), new RegExp(id));

    const sweep = await run('submit_sweep', { program: rotated, parameters: { theta: [0, Math.PI, 1.5] }, shots: 50 });
    assert.equal(of(sweep, 'points'), 3);
    assert.equal(of(await end(run, idOf(sweep)), 'status'), 'completed');
    const table = of(await run('job_results', { job_id: idOf(sweep) }), 'points') as { top: { bits: string }; parity: number }[];
    assert.deepEqual(table.slice(0, 2).map(({ top, parity }) => [top.bits, parity]), [['0', 1], ['1', -1]]);

    const hardware = await run('submit_job', { code_blob: digest, backend: 'practice-qpu', shots: 20 });
    assert.equal(of(hardware, 'status'), 'waiting');
    assert.equal(of(await run('cancel_job', { job_id: idOf(hardware) }), 'status'), 'cancelled');

    const envelope = await run('request_envelope', { name: 'loop', code_blob: digest, backend: 'practice-qpu', shots: 50, max_jobs: 3, max_cost: 2, expires_in_s: 600 });
    assert.equal(of(envelope, 'status'), 'waiting');
    const envelopeId = String(of(envelope, 'envelope_id'));
    const { envelope: shown, nonce } = await person.pendingEnvelope(envelopeId);
    await person.approveEnvelope(envelopeId, { terms_digest: shown.terms_digest, nonce });
    assert.equal(of(await run('envelope_status', { envelope_id: envelopeId, timeout_s: 5 }), 'status'), 'live');
    const inside = await run('submit_job', { code_blob: digest, backend: 'practice-qpu', shots: 20, envelope: envelopeId });
    assert.notEqual(of(inside, 'status'), 'waiting');
    assert.equal(of(await end(run, idOf(inside)), 'status'), 'completed');
    const outside = await run('submit_job', { code_blob: digest, backend: 'practice-qpu', shots: 51, envelope: envelopeId });
    assert.match(JSON.stringify(of(outside, 'reasons')), /envelope\.outside/);
    await run('cancel_job', { job_id: idOf(outside) });
    assert.equal(of(await run('close_envelope', { envelope_id: envelopeId }), 'status'), 'closed');
    assert.deepEqual(offered.filter((name) => !used.has(name)), []);
  });
}

describe('a person answers', () => {
  test('yes: the wait that was under way goes on to the results', async () => {
    const made = await agent();
    const id = await waiting(made);
    const progress: string[] = [];
    const waited = end(made.call, id, { onprogress: ({ message }) => void progress.push(message ?? '') });
    while (progress.length === 0) await sleep(20);
    assert.equal(progress[0], 'waiting for a person');
    await approve(id);
    const told = await waited;
    assert.deepEqual([of(told, 'status'), of(told, 'ended')], ['completed', true]);
    assert.match(String(of(await made.call('job_results', { job_id: id }), 'practice')), /no real device/);
  });

  test('no: the reason reaches the model as the person wrote it, labelled', async () => {
    const made = await agent();
    const id = await waiting(made);
    const waited = end(made.call, id);
    await person.deny(id, 'not tonight: the fridge is warming up');
    const told = await waited;
    assert.deepEqual(of(told, 'denied'), { by: 'person', message: 'not tonight: the fridge is warming up', fix: null });
    assert.match(told.content[0]?.text ?? '', /Denied by a person, who wrote: "not tonight: the fridge is warming up"/);
    assert.equal((await made.refused('job_results', { job_id: id }))['code'], 'no_results');
  });

  test('no to an envelope: the same', async () => {
    const made = await agent();
    const terms = { name: 'loop', program: bell, shots: 50, max_jobs: 3, max_cost: 2, expires_in_s: 600 };
    const id = String(of(await made.call('request_envelope', { ...terms, backend: 'practice-qpu' }), 'envelope_id'));
    await person.denyEnvelope(id, 'ask for one job first');
    const told = await made.call('envelope_status', { envelope_id: id, timeout_s: 5 });
    assert.match(told.content[0]?.text ?? '', /denied on practice-qpu[^]*Denied by a person, who wrote: "ask for one job first"/);
    assert.equal((await made.refused('request_envelope', terms))['code'], 'envelope_needless');
  });

  test('nothing: the wait ends as no error and says whom to ask', async () => {
    const made = await agent();
    const id = await waiting(made);
    const told = await made.call('wait_for_job', { job_id: id, timeout_s: 1 });
    assert.match(told.content[0]?.text ?? '', /Still waiting after 1 s; that is no failure\.[^]*dewar approve job_/);
    assert.equal((await made.refused('job_results', { job_id: id }))['code'], 'not_ended');
    await person.cancel(id);
  });

  test('a denial by policy is an answer with the narrowest fix', async () => {
    const made = await agent();
    const told = await made.call('submit_job', { program: bell, backend: 'practice-qpu', shots: 1_000_000 });
    assert.equal(of(told, 'status'), 'denied');
    assert.match(told.content[0]?.text ?? '', /Denied by policy:\n- shots\.limit: .* Would pass: ask for shots: 10000/);
  });
});

describe('what goes wrong between', () => {
  test('a wait that is cancelled ends, and the job waits on', async () => {
    const made = await agent();
    const id = await waiting(made);
    const stop = new AbortController();
    const waited = end(made.call, id, { signal: stop.signal });
    await sleep(200);
    stop.abort('changed my mind');
    await assert.rejects(waited);
    assert.equal(of(await made.call('job_status', { job_id: id }), 'status'), 'waiting');
    await person.cancel(id);
  });

  for (const how of ['closes its end', 'is killed with its server\'s pipes'] as const) {
    test(`a client that ${how} in the middle of a wait: the server ends, the broker holds nothing for it, the job waits on`, async () => {
      const made = await agent();
      const id = await waiting(made);
      const one = await raw();
      raws.splice(raws.indexOf(one), 1);
      one.send({ id: 1, method: 'tools/call', params: { name: 'wait_for_job', arguments: { job_id: id, timeout_s: 600 } } });
      await sleep(300);
      if (how === 'closes its end') one.child.stdin?.end();
      else {
        one.child.stdin?.destroy();
        one.child.stdout?.destroy();
      }
      assert.equal(await one.exited, 0);
      assert.equal((await person.job(id)).status, 'waiting');
      await person.cancel(id);
    });
  }

  test('a dozen clients that vanish one after another leave the session open for the next', async () => {
    const made = await agent();
    const id = await waiting(made);
    for (let round = 0; round < 3; round += 1) {
      const many = await Promise.all(Array.from({ length: 4 }, () => raw()));
      for (const one of many) for (let at = 0; at < 10; at += 1) one.send({ id: at, method: 'tools/call', params: { name: 'wait_for_job', arguments: { job_id: id, timeout_s: 600 } } });
      await sleep(100);
      for (const one of many) one.child.kill('SIGKILL');
      for (const one of many) await one.exited;
      raws.splice(0);
    }
    assert.equal(of(await made.call('job_status', { job_id: id }), 'status'), 'waiting');
    await person.cancel(id);
  });

  test('two clients at once on one session both work, and see the same jobs', async () => {
    const [one, two] = await Promise.all([agent(), agent()]);
    const ids = await Promise.all([one, two, one, two].map(async (made) => idOf(await made.call('submit_job', { program: bell, shots: 5 }))));
    assert.equal(new Set(ids).size, 4);
    const ended = await Promise.all(ids.map((id, at) => end((at % 2 === 0 ? two : one).call, id)));
    assert.ok(ended.every((told) => of(told, 'status') === 'completed'));
  });

  test('a client of another session sees none of it', async () => {
    await person.createSession({ name: 'other' });
    const [one, two] = await Promise.all([agent(), agent({ args: ['--session', 'other'] })]);
    const id = idOf(await one.call('submit_job', { program: bell, shots: 5 }));
    for (const name of ['job_status', 'wait_for_job', 'job_results', 'cancel_job']) assert.equal((await two.refused(name, { job_id: id }))['code'], 'not_found');
    assert.deepEqual(of(await two.call('list_jobs'), 'jobs'), []);
  });

  test('65,536 outcomes: the answer is small, and the resource says how to read them all', async () => {
    const made = await agent();
    const many = `OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[16] q;\nbit[16] c;\nh q;\nc = measure q;\n`;
    const id = idOf(await made.call('submit_job', { program: many, shots: 100_000, time_limit_s: 300 }));
    assert.equal(of(await end(made.call, id), 'status'), 'completed');
    const told = await made.call('job_results', { job_id: id, top: 64 });
    assert.equal((of(told, 'outcomes') as unknown[]).length, 64);
    assert.ok(Number(of(told, 'outcomes_left_out')) > 50_000);
    assert.ok(JSON.stringify(told).length < 16_000);
    const [whole] = (await made.client.readResource({ uri: String(of(told, 'whole')) })).contents;
    assert.match(whole !== undefined && 'text' in whole ? whole.text : '', /dewar results job_/);
  });

  test('malformed frames get typed errors, and the next call is answered', async () => {
    const one = await raw();
    for (const line of ['', 'garbage', '{"jsonrpc":"2.0"', '[]', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', '{"jsonrpc":"1.0","id":11,"method":"ping"}', '{"id":12}', '\u0000\u0001', '{"jsonrpc":"2.0","id":13,"method":"nope"}', '{"jsonrpc":"2.0","id":14,"method":"tools/call"}', '{"jsonrpc":"2.0","id":15,"method":"tools/call","params":{"name":1}}', '{"jsonrpc":"2.0","id":16,"method":"tools/call","params":{"name":"budget","arguments":[]}}', `{"jsonrpc":"2.0","id":17,"method":"tools/call","params":{"name":"budget","arguments":${'{"a":'.repeat(900)}1${'}'.repeat(900)}}}`, '{"jsonrpc":"2.0","id":18,"method":"tools/call","params":{"name":"approve","arguments":{}}}', '{"jsonrpc":"2.0","id":null,"method":"ping"}', '{"jsonrpc":"2.0","id":19,"result":{}}']) one.write(`${line}\n`);
    one.write(Buffer.from([0xff, 0xfe, 0x0a]));
    one.write(`${'x'.repeat(30_000_000)}\n`);
    one.send({ id: 'last', method: 'tools/call', params: { name: 'budget', arguments: {} } });
    const last = await one.answer('last');
    assert.notEqual(last.result?.isError, true);
    const codes = new Map(one.messages().flatMap(({ id, error }) => (id === undefined || error === undefined ? [] : [[id, error.code] as const])));
    assert.deepEqual([11, 13, 14, 15, 16, 17, 18].map((id) => codes.get(id)), [-32600, -32601, -32602, -32602, -32602, -32600, -32602]);
    assert.ok(one.messages().filter(({ id, error }) => id === undefined && (error?.code === -32700 || error?.code === -32600)).length >= 7);
  });

  test('whatever the environment says, stdout carries the protocol alone, and the server has none of its secrets and may start no program', async () => {
    const one = await raw({ DEBUG: '*', NODE_DEBUG: 'http,net,stream,child_process', NODE_OPTIONS: '--trace-warnings', FORCE_COLOR: '1', DEWAR_TEST_SECRET: 'hunter2' });
    one.send({ id: 1, method: 'tools/call', params: { name: 'list_backends', arguments: {} } });
    one.send({ id: 2, method: 'tools/list' });
    assert.notEqual((await one.answer(1)).result?.isError, true);
    await one.answer(2);
    assert.doesNotMatch(readFileSync(`/proc/${one.child.pid}/environ`, 'utf8'), /hunter2|NODE_DEBUG|DEWAR_HOME/);
    assert.match(readFileSync(`/proc/${one.child.pid}/cmdline`, 'utf8'), /--permission\0--allow-fs-read=\*/);
  });

  test('a broker that stops is a typed error in the middle of a wait and at the next call, and once it is up again the same server works', async () => {
    const made = await agent();
    const one = await raw();
    const id = await waiting(made);
    one.send({ id: 1, method: 'tools/call', params: { name: 'wait_for_job', arguments: { job_id: id, timeout_s: 600 } } });
    await sleep(200);
    await broker.kill();
    const told = await one.answer(1);
    assert.equal(told.result?.isError, true);
    assert.match(told.result?.content[0]?.text ?? '', /"code":"not_running"/);
    const error = await made.refused('budget');
    assert.deepEqual([error['code'], /dewar up/.test(error['fix'] ?? '')], ['not_running', true]);
    broker = await home.start();
    assert.equal(of(await made.call('job_status', { job_id: id }), 'status'), 'waiting');
    await approve(id);
    assert.equal(of(await end(made.call, id), 'status'), 'completed');
  });

  test('with no broker at the start the server starts all the same, says what is missing, and starts none itself', async () => {
    const empty = new TestHome();
    try {
      const made = await agentOn(empty);
      assert.equal((await made.refused('list_backends'))['code'], 'not_running');
      assert.equal((await made.refused('submit_job', { program: bell }))['code'], 'not_running');
      await assert.rejects(call(empty.control, 'GET', '/v1/status'));
      await empty.start();
      assert.match(JSON.stringify(of(await made.call('list_backends'), 'backends')), /simulator/);
      await made.close();
    } finally {
      await empty.close();
    }
  });
});
