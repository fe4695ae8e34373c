// The two doors in this process, on the rig's store: what they answer when something under them is wrong.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { DewarError, type ErrorBody, type PendingView } from '@dewar/protocol';
import type { Artifacts } from '../src/core/ports.ts';
import { controlApp } from '../src/server/control-api.ts';
import { newApp, openDoor } from '../src/server/door.ts';
import { sessionApp } from '../src/server/session-api.ts';
import type { TcpParts } from '../src/server/tcp-api.ts';
import { bell, completed, policiesOf, rig, session, sha256, type Rig } from './fixture.ts';

const noTcp: TcpParts = { view: () => null, open: () => Promise.reject(new Error('not here')), close: async () => {}, issueToken: () => Promise.reject(new Error('not here')), revokeTokens: async () => 0 };

interface Doors {
  readonly rig: Rig;
  readonly session: string;
  readonly control: string;
  readonly shutDowns: () => number;
}

async function doors(t: TestContext, artifactsOf: (r: Rig) => Artifacts = (r) => r.artifacts, options: Parameters<typeof rig>[0] = {}): Promise<Doors> {
  const r = await rig(options);
  const folder = mkdtempSync(join(tmpdir(), 'dewar-doors-'));
  const report = (error: unknown): void => void r.errors.push(error);
  const common = { corridor: r.corridor, store: r.store, artifacts: artifactsOf(r), analyser: r.parts.analyser, backends: r.parts.backends, prices: r.parts.prices, clock: r.clock, version: 'test', help: 'the help', report };
  let shutDowns = 0;
  const control = controlApp({
    ...common, home: folder, since: 'now', policies: policiesOf(r), sha256, keys: { receipt_pem: 'p', checkpoint_vkey: 'v' }, socketOf: (name) => name, tcp: noTcp,
    openSession: () => Promise.reject(new Error('not here')), changeSession: () => Promise.reject(new Error('not here')),
    shutDown: () => {
      shutDowns += 1;
    },
  });
  const paths = { session: join(folder, 'session.sock'), control: join(folder, 'control.sock') };
  const opened = [await openDoor({ socket: paths.session, app: sessionApp(common, () => session), peer: null, report }), await openDoor({ socket: paths.control, app: control, peer: null, report })];
  t.after(async () => {
    for (const door of opened) await door.close();
    r.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { rig: r, ...paths, shutDowns: () => shutDowns };
}

function get(socketPath: string, path: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false, headers: { host: 'dewar' } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      }).on('end', () => resolve({ status: answer.statusCode ?? 0, text })).on('error', reject);
    }).on('error', reject).end();
  });
}

async function refusal(socketPath: string, path: string): Promise<ErrorBody> {
  return (JSON.parse((await get(socketPath, path)).text) as { readonly error: ErrorBody }).error;
}

test('results are answered as they are stored, to the byte', async (t) => {
  const { rig: r, session: socket } = await doors(t);
  // A number-like key would come first, and 11 before 100, if this were read and printed again.
  r.simulator.behave = async (order) => {
    const done = completed(order.shots);
    return done.kind === 'completed' ? { ...done, results: { ...done.results, registers: [{ name: 'c', size: 3 }], counts: { '011': 1, '11': 2, '100': 3 } } } : done;
  };
  const { id } = await r.submit({ backend: 'simulator' });
  const job = await r.until(id, 'ended');
  assert.ok(job.phase === 'ended' && job.outcome.kind === 'completed');
  const { results } = job.outcome;
  const stored = new TextDecoder().decode(await r.artifacts.get(results));
  const { status, text } = await get(socket, `/v1/jobs/${id}/results`);
  assert.equal(status, 200);
  assert.equal(text, `{"job_id":"${id}","results_digest":"${results}","results":${stored}}`);
  assert.notEqual(JSON.stringify(JSON.parse(stored)), stored, 'else this shows nothing');
});

test('a session is not told where the broker keeps its files; the person is', async (t) => {
  const broken = (r: Rig): Artifacts => ({ put: (bytes) => r.artifacts.put(bytes), get: () => Promise.reject(new DewarError({ code: 'storage_failed', message: 'a file could not be read', got: '/home/p/state/artifacts/ab', fix: 'look at the disk' })) });
  const { rig: r, session: agent, control } = await doors(t, broken);
  const { id } = await r.submit({ backend: 'simulator' });
  await r.until(id, 'ended');
  assert.deepEqual(await refusal(agent, `/v1/jobs/${id}/results`), { code: 'storage_failed', message: 'a file could not be read', fix: 'look at the disk' });
  assert.equal((await refusal(control, `/v1/jobs/${id}/results`)).got, '/home/p/state/artifacts/ab');
});

test('a caller that leaves before the answer has stopped the broker all the same', async (t) => {
  const { control, shutDowns } = await doors(t);
  const socket = connect(control);
  socket.end('POST /v1/shutdown HTTP/1.1\r\nhost: dewar\r\n\r\n', () => socket.destroy());
  for (let tries = 0; shutDowns() === 0 && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(shutDowns(), 1);
});

test('a waiting job whose program is gone or altered is shown as that, and hides no other', async (t) => {
  const { rig: r, control } = await doors(t);
  const [gone, altered] = await Promise.all(['// gone', '// altered'].map((note) => r.artifacts.put(new TextEncoder().encode(`${bell}${note}`))));
  assert.ok(gone && altered);
  const waiting: string[] = [];
  for (const code_blob of [r.code, gone, altered]) {
    await r.until((await r.submit({ code_blob, backend: 'simulator' })).id, 'ended');
    // Ids, and so the order of jobs, go by the time.
    r.clock.advance(10);
    const job = await r.submit({ code_blob });
    assert.equal(job.phase, 'waiting');
    waiting.push(job.id);
  }
  rmSync(r.artifacts.path(gone));
  writeFileSync(r.artifacts.path(altered), 'OPENQASM 3.0;');
  const all = JSON.parse((await get(control, '/v1/pending')).text) as { readonly pending: readonly PendingView[] };
  assert.deepEqual(all.pending.map(({ job }) => job.job_id), waiting);
  assert.deepEqual(all.pending.map(({ source }) => source), [bell, '', '']);
  assert.match(all.pending[1]?.source_error ?? '', /no artifact of that digest/);
  assert.match(all.pending[2]?.source_error ?? '', /have changed/);
  assert.equal(all.pending[0]?.source_error, null);
  for (const [index, id] of waiting.entries()) {
    const { pending } = JSON.parse((await get(control, `/v1/pending/${id}`)).text) as { readonly pending: PendingView };
    assert.deepEqual([pending.source, pending.source_error], [all.pending[index]?.source, all.pending[index]?.source_error]);
  }
});

test('the program of one waiting job is shown whole, that of each in a list to a limit', async (t) => {
  const { rig: r, control } = await doors(t);
  const code_blob = await r.artifacts.put(new TextEncoder().encode(`${bell}// ${'\u202ex'.repeat(30_000)}\n// the end\n`));
  await r.until((await r.submit({ code_blob, backend: 'simulator' })).id, 'ended');
  const { id } = await r.submit({ code_blob });
  const { pending } = JSON.parse((await get(control, `/v1/pending/${id}`)).text) as { readonly pending: PendingView };
  assert.ok(pending.source.endsWith('// the end\n') && !pending.source.includes('\u202e'));
  const [listed] = (JSON.parse((await get(control, '/v1/pending')).text) as { readonly pending: readonly PendingView[] }).pending;
  assert.ok(listed && listed.source.length <= 65_536 && listed.source.endsWith('...'));
});

test('a socket is made with mode 0600 under any mask, which is then as it was', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-mode-'));
  const before = process.umask(0);
  t.after(() => {
    process.umask(before);
    rmSync(folder, { recursive: true, force: true });
  });
  const door = await openDoor({ socket: join(folder, 'a.sock'), app: newApp(() => undefined, { tellsPaths: false }), peer: null, report: () => undefined });
  t.after(() => door.close());
  assert.equal(statSync(join(folder, 'a.sock')).mode & 0o777, 0o600);
  assert.equal(process.umask(), 0);
});

test('a session that submits too fast is told in whole seconds when to come again, and the line is shown to the person only', async (t) => {
  const made = await doors(t, undefined, { queue: { submits: { per_minute: 20, burst: 1 } } });
  const answer = await new Promise<{ status: number; retry: string | undefined; body: { error: ErrorBody } }>((resolve, reject) => {
    request({ socketPath: made.session, path: '/v1/jobs', method: 'POST', agent: false, headers: { host: 'dewar', 'content-type': 'application/json' } }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      }).on('end', () => resolve({ status: incoming.statusCode ?? 0, retry: incoming.headers['retry-after'], body: JSON.parse(text) }));
    }).on('error', reject).end('{}');
  });
  assert.deepEqual([answer.status, answer.retry, answer.body.error.code], [429, '3', 'rate_limited']);
  assert.match(answer.body.error.fix ?? '', /^wait 3 s/);
  const shown: { queue: { device: string; waiting: unknown[] }[] } = JSON.parse((await get(made.control, '/v1/queue')).text);
  assert.deepEqual(shown.queue.map(({ device, waiting }) => [device, waiting.length]), [['simulator', 0], ['practice-qpu', 0]]);
  assert.equal((await get(made.session, '/v1/queue')).status, 404);
});
