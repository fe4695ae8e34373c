// The client against a stand-in broker: good answers, strange answers, silence.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createServer } from 'node:net';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DewarError, type ErrorCode, type JobStatus } from '@dewar/protocol';
import { answerLimit, ControlClient, SessionClient } from '../src/index.ts';
import { fakeBroker, refuse, status, type Answers } from './fake-broker.ts';
import { sampleBudget, sampleDigest, sampleJob, sampleJobId, samplePending, sampleResults, sampleStatus, waitingJob } from './samples.ts';

const code = (wanted: ErrorCode) => (error: unknown) => {
  assert.ok(error instanceof DewarError, String(error));
  assert.equal(error.code, wanted);
  return true;
};

async function withBroker(answers: Answers, use: (broker: Awaited<ReturnType<typeof fakeBroker>>) => Promise<void>): Promise<void> {
  const broker = await fakeBroker(answers);
  try {
    await use(broker);
  } finally {
    await broker.close();
  }
}

test('an absent socket is not_running and says how to start the broker', async () => {
  await assert.rejects(new SessionClient('/nonexistent/api.sock').budgets(), (error) => code('not_running')(error) && error instanceof DewarError && error.fix === 'dewar up');
});

test('a plain file in the place of the socket is not_running', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'dewar-client-')), 'api.sock');
  writeFileSync(file, '');
  await assert.rejects(new SessionClient(file).budgets(), code('not_running'));
});

test('a broker that hangs up without an answer is not_running', async () => {
  const socketPath = join(mkdtempSync(join(tmpdir(), 'dewar-client-')), 'api.sock');
  const server = createServer((socket) => socket.destroy()).listen(socketPath);
  await assert.rejects(new SessionClient(socketPath).budgets(), code('not_running'));
  server.close();
});

test('a job spec is sent byte for byte, so that a number keeps its digits', async () => {
  const spec = '{"max_cost": 5.00, "job_name":"x"}';
  await withBroker({ 'POST /v1/jobs': () => status(201, { dry_run: false, job: sampleJob() }) }, async (broker) => {
    const answer = await new SessionClient(broker.socketPath).submit(new TextEncoder().encode(spec));
    assert.equal(answer.dry_run, false);
    assert.deepEqual(broker.asked.map(({ method, url, body, contentType }) => ({ method, url, body, contentType })), [{ method: 'POST', url: '/v1/jobs', body: spec, contentType: 'application/json' }]);
  });
});

test('a submit that comes too fast is sent again after the time that the broker names; the signal ends the pause', async () => {
  let asked = 0;
  const busy = (retry: string) => (_: unknown, response: import('node:http').ServerResponse): object => {
    asked += 1;
    response.setHeader('retry-after', retry);
    return asked === 1 ? refuse(429, { code: 'rate_limited', message: 'too fast', fix: 'wait' }) : status(201, { dry_run: false, job: sampleJob() });
  };
  await withBroker({ 'POST /v1/jobs': busy('1') }, async (broker) => {
    assert.equal((await new SessionClient(broker.socketPath).submit(new Uint8Array(2))).dry_run, false);
    assert.equal(asked, 2);
  });
  for (const told of ['3600', '31', '9999']) {
    asked = 0;
    await withBroker({ 'POST /v1/jobs': busy(told) }, async (broker) => {
      await assert.rejects(new SessionClient(broker.socketPath).submit(new Uint8Array(2)), code('rate_limited'));
      assert.equal(asked, 1);
    });
  }
  asked = 0;
  const reason = new Error('stopped');
  const stop = new AbortController();
  const stopping = (asking: unknown, response: import('node:http').ServerResponse): object => {
    response.once('close', () => setTimeout(() => stop.abort(reason), 50));
    return busy('20')(asking, response);
  };
  await withBroker({ 'POST /v1/jobs': stopping }, async (broker) => {
    await assert.rejects(new SessionClient(broker.socketPath).submit(new Uint8Array(2), { signal: stop.signal }), (error) => error === reason);
    assert.equal(asked, 1);
  });
});

test('an artifact goes as octets and comes back as its digest', async () => {
  await withBroker({ 'PUT /v1/artifacts': () => status(201, { digest: sampleDigest('a'), size: 3 }) }, async (broker) => {
    assert.deepEqual(await new SessionClient(broker.socketPath).putArtifact(new Uint8Array([1, 2, 3])), { digest: sampleDigest('a'), size: 3 });
    assert.equal(broker.asked[0]?.contentType, 'application/octet-stream');
  });
});

test('the broker\'s refusal arrives whole: code, path, got, allowed, fix', async () => {
  const error = { code: 'spec_unknown_field', message: 'no field', path: '/shotz', got: '"shotz"', allowed: 'shots', fix: 'remove it' } as const;
  await withBroker({ 'POST /v1/jobs': () => refuse(400, error) }, async (broker) => {
    await assert.rejects(new SessionClient(broker.socketPath).submit(new Uint8Array(2)), (thrown) => {
      assert.ok(thrown instanceof DewarError);
      assert.deepEqual(thrown.toBody(), error);
      return true;
    });
  });
});

const strange: [string, (response: import('node:http').ServerResponse) => void][] = [
  ['HTML', (response) => response.end('<html>')],
  ['nothing', (response) => response.end()],
  ['another shape', (response) => response.end('{"budgets":[{"currency":"XTS"}]}')],
  ['invalid UTF-8', (response) => response.end(Buffer.from([0x7b, 0xff, 0x7d]))],
  ['an error code from nowhere', (response) => response.writeHead(400).end('{"error":{"code":"rm_rf","message":"x"}}')],
  ['status 500 and no body', (response) => response.writeHead(500).end()],
  ['a redirect', (response) => response.writeHead(302, { location: 'http://example.org' }).end()],
];
for (const [name, write] of strange) {
  test(`an answer that is ${name} is refused, not shown`, async () => {
    await withBroker({ 'GET /v1/budget': (_, response) => write(response) }, async (broker) => {
      await assert.rejects(new SessionClient(broker.socketPath).budgets(), code('internal'));
    });
  });
}

test('an answer above the limit is cut off', async () => {
  const chunk = Buffer.alloc(1_048_576, 0x20);
  await withBroker({
    'GET /v1/budget': (_, response) => {
      for (let sent = 0; sent <= answerLimit; sent += chunk.length) response.write(chunk);
      response.end();
    },
  }, async (broker) => {
    await assert.rejects(new SessionClient(broker.socketPath).budgets(), code('body_too_large'));
  });
});

test('an answer cut short is not taken for a whole one', async () => {
  await withBroker({
    'GET /v1/budget': (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"budgets":', () => response.destroy());
    },
  }, async (broker) => {
    await assert.rejects(new SessionClient(broker.socketPath).budgets(), (error) => error instanceof DewarError && ['not_running', 'body_truncated'].includes(error.code));
  });
});

test('a request that takes too long is request_timeout', async () => {
  await withBroker({ 'GET /v1/status': () => undefined }, async (broker) => {
    await assert.rejects(new ControlClient(broker.socketPath).status({ timeoutMs: 50 }), code('request_timeout'));
  });
});

test('the caller\'s signal ends a request with the signal\'s own reason', async () => {
  const stop = new AbortController();
  const reason = new Error('enough');
  await withBroker({ 'GET /v1/budget': () => { stop.abort(reason); return undefined; } }, async (broker) => {
    await assert.rejects(new SessionClient(broker.socketPath).budgets({ signal: stop.signal }), (error) => error === reason);
    await assert.rejects(new SessionClient(broker.socketPath).budgets({ signal: stop.signal }), (error) => error === reason);
  });
});

test('wait polls on until the job has ended, and tells each change', async () => {
  const course: JobStatus[] = ['waiting', 'queued', 'running', 'completed'];
  let at = 0;
  await withBroker({
    [`GET /v1/jobs/${sampleJobId}`]: () => ({ job: waitingJob() }),
    [`GET /v1/jobs/${sampleJobId}/wait`]: () => ({ job: sampleJob({ status: course[(at += 1)] ?? 'completed' }) }),
  }, async (broker) => {
    const seen: JobStatus[] = [];
    const job = await new SessionClient(broker.socketPath).wait(sampleJobId, { onJob: (next) => seen.push(next.status) });
    assert.equal(job.status, 'completed');
    assert.deepEqual(seen, course);
    assert.deepEqual(broker.asked.slice(1).map(({ url }) => new URLSearchParams(url.split('?')[1]).get('after')), ['waiting', 'queued', 'running']);
  });
});

test('wait gives the job as it is when its time has passed', async () => {
  await withBroker({
    [`GET /v1/jobs/${sampleJobId}`]: () => ({ job: waitingJob() }),
    [`GET /v1/jobs/${sampleJobId}/wait`]: () => ({ job: waitingJob() }),
  }, async (broker) => {
    const job = await new SessionClient(broker.socketPath).wait(sampleJobId, { timeoutMs: 600 });
    assert.equal(job.status, 'waiting');
    assert.ok(broker.asked.length < 10, `a socket that answers at once must not make the client spin: ${broker.asked.length} requests`);
  });
});

test('a socket whose job goes to and fro without end does not make the caller spin', async () => {
  let asked = 0;
  await withBroker({
    [`GET /v1/jobs/${sampleJobId}`]: () => ({ job: waitingJob() }),
    [`GET /v1/jobs/${sampleJobId}/wait`]: () => ({ job: waitingJob({ status: (asked += 1) % 2 === 0 ? 'waiting' : 'queued' }) }),
  }, async (broker) => {
    await new SessionClient(broker.socketPath).wait(sampleJobId, { timeoutMs: 600 });
    assert.ok(broker.asked.length < 15, `${broker.asked.length} requests`);
  });
});

test('wait ends at once when aborted between polls', async () => {
  const stop = new AbortController();
  await withBroker({
    [`GET /v1/jobs/${sampleJobId}`]: () => ({ job: waitingJob() }),
    [`GET /v1/jobs/${sampleJobId}/wait`]: () => { setTimeout(() => stop.abort(new Error('enough')), 20); return { job: waitingJob() }; },
  }, async (broker) => {
    await assert.rejects(new SessionClient(broker.socketPath).wait(sampleJobId, { signal: stop.signal }));
  });
});

test('results with a key that is no bit string are refused', async () => {
  const bad = { ...sampleResults, results: { ...sampleResults.results, counts: { '\u001b[2J': 1 } } };
  await withBroker({ [`GET /v1/jobs/${sampleJobId}/results`]: bad }, async (broker) => {
    await assert.rejects(new SessionClient(broker.socketPath).results(sampleJobId), code('internal'));
  });
});

test('a job id cannot leave its place in the path', async () => {
  await withBroker({}, async (broker) => {
    await assert.rejects(new SessionClient(broker.socketPath).job('../freeze?x'), code('not_found'));
    assert.equal(broker.asked[0]?.url, '/v1/jobs/..%2Ffreeze%3Fx');
  });
});

test('an approval repeats the digest and nonce it was given', async () => {
  const { job, nonce } = samplePending();
  await withBroker({ [`POST /v1/jobs/${sampleJobId}/approve`]: { job: sampleJob({ status: 'queued' }) } }, async (broker) => {
    await new ControlClient(broker.socketPath).approve(job.job_id, { resolved_digest: job.resolved_digest, nonce });
    assert.deepEqual(JSON.parse(broker.asked[0]?.body ?? ''), { resolved_digest: job.resolved_digest, nonce });
  });
});

test('every view on the control socket parses as it is typed', async () => {
  const tcp = { port: 7443, url: 'https://localhost:7443', certificate_pem: 'pem', certificate_file: '/x', sha256: 'ab'.repeat(32) };
  await withBroker({
    'GET /v1/status': sampleStatus,
    'GET /v1/pending': { pending: [samplePending()], envelopes: [] },
    [`GET /v1/pending/${sampleJobId}`]: { pending: samplePending() },
    'GET /v1/sessions': { sessions: [{ id: 'session_x', name: 'default', containment: 'uncontained', socket: '/x', created: '2026-11-23T07:00:00Z', read: [] }] },
    'GET /v1/journal': { size: 1, root: 'x', checkpoint: 'y' },
    'GET /v1/journal/verify': { ok: true, size: 1, root: 'x', checkpoint: 'y', problems: [] },
    'GET /v1/keys': { receipt_pem: 'pem', checkpoint_vkey: 'vkey' },
    'GET /v1/tcp': { tcp }, 'POST /v1/tcp': { tcp }, 'POST /v1/tcp/close': { tcp: null }, 'POST /v1/sessions/default/tokens': { token: `dewar_session_${'0'.repeat(64)}`, session: 'default', created: '2026-11-23T07:00:00Z' },
    'POST /v1/sessions/default/tokens/revoke': { revoked: 1 },
    'POST /v1/freeze': { frozen: true }, 'POST /v1/thaw': { frozen: false }, 'POST /v1/shutdown': {},
  }, async (broker) => {
    const client = new ControlClient(broker.socketPath);
    assert.deepEqual(await client.status(), sampleStatus);
    assert.deepEqual(await client.pendings(), { pending: [samplePending()], envelopes: [] });
    assert.deepEqual(await client.pending(sampleJobId), samplePending());
    assert.equal((await client.sessions())[0]?.name, 'default');
    assert.equal((await client.journal()).size, 1);
    assert.equal((await client.verifyJournal()).ok, true);
    assert.equal((await client.keys()).receipt_pem, 'pem');
    assert.equal(await client.freeze('why'), true);
    assert.equal(await client.thaw(), false);
    assert.deepEqual([await client.tcp(), await client.openTcp(0)], [tcp, tcp]);
    await client.closeTcp();
    assert.equal((await client.issueToken('default')).session, 'default');
    assert.equal(await client.revokeTokens('default'), 1);
    await client.shutdown();
  });
});

test('a budget overrun, which leaves less than nothing, can be read', async () => {
  const overrun = { ...sampleBudget, remaining_micros: -5, frozen: true };
  await withBroker({ 'GET /v1/budget': { budgets: [overrun] } }, async (broker) => {
    assert.deepEqual(await new SessionClient(broker.socketPath).budgets(), [overrun]);
  });
});
