// The line before a device, where a job stands in it, who is woken when a job changes, and clients that wait and go away.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Changes, DeviceLine } from '../src/core/line.ts';
import { openDoor } from '../src/server/door.ts';
import { sessionApp } from '../src/server/session-api.ts';
import type { JobId } from '@dewar/protocol';
import { prices, queue, rig, session, TestClock } from './fixture.ts';

const lineOf = (slots: number, held: boolean, clock = new TestClock()): DeviceLine => new DeviceLine({ device: 'practice-qpu', slots, rules: queue.rules, clock }, held);
const jobId = (name: string | number): JobId => `job_${name}`;
const place = (job: JobId, underway = false) => ({ job, session: 'default', lane: 'interactive', underway }) as const;
const turn = (): Promise<void> => sleep(0);

test('jobs of one session: first come, first served, and never more at once than there are slots', async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(fc.constantFrom('enter', 'release', 'leave', 'hold', 'let go'), { maxLength: 60 }), async (slots, steps) => {
    const line = lineOf(slots, false);
    const waiting: JobId[] = [];
    const served: JobId[] = [];
    const releases: (() => void)[] = [];
    let count = 0;
    let held = false;
    for (const step of steps) {
      if (step === 'enter') {
        const job = jobId(count);
        count += 1;
        waiting.push(job);
        void line.enter(place(job)).then((release) => {
          if (release === null) return;
          served.push(job);
          releases.push(release);
        });
      } else if (step === 'release') {
        const release = releases.shift();
        release?.();
        // Given back twice, it still is one slot.
        release?.();
      } else if (step === 'leave') {
        const job = waiting.find((one) => !served.includes(one));
        if (job !== undefined) {
          line.leave(job);
          await turn();
          if (!served.includes(job)) waiting.splice(waiting.indexOf(job), 1);
        }
      } else {
        held = step === 'hold';
        line.hold(held);
      }
      const before = served.length;
      await turn();
      assert.ok(releases.length <= slots, `${releases.length} at once`);
      if (held && step !== 'hold' && step !== 'enter') assert.equal(served.length, before);
      assert.deepEqual(served, waiting.slice(0, served.length), 'in the order of coming');
    }
  }), { numRuns: 100 });
});

test('a held line serves nobody until it is let go', async () => {
  const line = lineOf(1, true);
  let came = 0;
  for (const job of ['a', 'b']) void line.enter(place(jobId(job))).then((release) => { if (release) came += 1; });
  await turn();
  assert.equal(came, 0);
  line.hold(false);
  await turn();
  assert.equal(came, 1);
});

test('the brake does not hold what the device has already', async () => {
  const line = lineOf(1, true);
  const came: string[] = [];
  void line.enter(place(jobId('new'))).then((release) => { if (release) came.push('new'); });
  void line.enter(place(jobId('underway'), true)).then((release) => {
    came.push('underway');
    release?.();
  });
  await turn();
  assert.deepEqual(came, ['underway']);
});

test('leaving a line that one is not in is nothing', () => {
  const line = lineOf(1, false);
  line.leave(jobId('nobody'));
});

test('a place and its estimate: unknown before three runs, cautious after ten, and none while the brake holds the line', async () => {
  const clock = new TestClock();
  const line = lineOf(1, false, clock);
  const releases: (() => void)[] = [];
  for (const job of ['a', 'b', 'c']) void line.enter(place(jobId(job))).then((release) => { if (release) releases.push(release); });
  await turn();
  assert.equal(line.placeOf(jobId('a')), undefined, 'it runs');
  assert.deepEqual([line.placeOf(jobId('b'))?.position, line.placeOf(jobId('c'))?.position, line.placeOf(jobId('c'))?.of], [1, 2, 2]);
  assert.deepEqual(line.placeOf(jobId('c'))?.estimate, { start_after_s: null, basis: 'not known yet: 3 runs on practice-qpu are needed, 0 are known' });
  for (let run = 0; run < 3; run += 1) line.took(10_000);
  clock.advance(4000);
  assert.deepEqual(line.placeOf(jobId('b'))?.estimate.start_after_s, { likely: 6, cautious: null });
  assert.deepEqual(line.placeOf(jobId('c'))?.estimate.start_after_s, { likely: 16, cautious: null });
  for (let run = 0; run < 7; run += 1) line.took(run < 5 ? 10_000 : 20_000);
  assert.deepEqual(line.placeOf(jobId('c'))?.estimate.start_after_s, { likely: 16, cautious: 36 });
  clock.advance(7000);
  assert.equal(line.placeOf(jobId('b'))?.estimate.start_after_s?.likely, 9, 'it ran longer than most: what is left is that of those that did');
  clock.advance(60_000);
  assert.deepEqual(line.placeOf(jobId('b'))?.estimate, { start_after_s: null, basis: 'not known: a run on practice-qpu takes longer than any of its last 10' });
  line.hold(true);
  assert.match(line.placeOf(jobId('b'))?.estimate.basis ?? '', /brake/);
  assert.equal(line.placeOf(jobId('b'))?.estimate.start_after_s, null);
  const view = line.view();
  assert.deepEqual([view.held, view.running.map(({ job_id }) => job_id), view.waiting.map(({ job_id }) => job_id)], [true, [jobId('a')], [jobId('b'), jobId('c')]]);
  line.hold(false);
  line.leave(jobId('b'));
  assert.equal(line.placeOf(jobId('c'))?.position, 1);
  releases[0]?.();
  await turn();
  assert.equal(line.placeOf(jobId('c')), undefined);
});

test('who listens is told until it stops, and one that stops while it is told harms nobody', () => {
  const changes = new Changes();
  const told: string[] = [];
  const stopA = changes.listen('job', () => {
    told.push('a');
    stopA();
  });
  const stopB = changes.listen('job', () => told.push('b'));
  changes.tell('job');
  changes.tell('job');
  changes.tell('another');
  stopB();
  stopB();
  changes.tell('job');
  assert.deepEqual(told, ['a', 'b', 'b']);
});

test('a client that waits and vanishes leaves no listener and no timer behind', async () => {
  const r = await rig();
  const folder = mkdtempSync(join(tmpdir(), 'd-'));
  const socket = join(folder, 's');
  const open = { listeners: 0, most: 0, timers: 0 };
  const listen = r.corridor.changes.listen.bind(r.corridor.changes);
  r.corridor.changes.listen = (job, call) => {
    open.listeners += 1;
    open.most = Math.max(open.most, open.listeners);
    const stop = listen(job, call);
    return () => {
      open.listeners -= 1;
      stop();
    };
  };
  const clock = { now: () => r.clock.now(), after: (ms: number, call: () => void) => {
    open.timers += 1;
    const stop = r.clock.after(ms, call);
    return () => {
      open.timers -= 1;
      stop();
    };
  } };
  const app = sessionApp({ corridor: r.corridor, store: r.store, artifacts: r.artifacts, analyser: r.parts.analyser, backends: { devices: new Map(), aliases: new Map() }, prices, clock, version: 'test', help: '', report: (error) => r.errors.push(error) }, () => session);
  const door = await openDoor({ socket, app, peer: null, report: (error) => r.errors.push(error) });
  try {
    const job = await r.submit();
    const clients = Array.from({ length: 20 }, () => connect(socket).on('error', () => undefined));
    for (const client of clients) client.write(`GET /v1/jobs/${job.id}/wait?timeout_s=120 HTTP/1.1\r\nhost: a\r\n\r\n`);
    for (let tries = 0; open.listeners < 20 && tries < 200; tries += 1) await sleep(10);
    assert.deepEqual([open.listeners, open.timers], [20, 20]);
    r.corridor.changes.tell(job.id);
    await sleep(20);
    assert.equal(open.listeners, 20, 'woken for nothing, they wait on');
    clients.forEach((client, index) => (index % 2 === 0 ? client.destroy() : client.end()));
    for (let tries = 0; open.listeners > 0 && tries < 200; tries += 1) await sleep(10);
    assert.deepEqual([open.listeners, open.timers], [0, 0]);
    assert.equal(open.most, 20);
    assert.deepEqual(r.errors, []);
  } finally {
    await door.close();
    r.close();
    rmSync(folder, { recursive: true });
  }
});
