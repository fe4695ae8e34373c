// What follows a failure on the way to a device, as a table; and that no paid job goes out twice unless that is safe.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DewarError, type ErrorCode } from '@dewar/protocol';
import { RateLimited } from '../src/core/submit-rates.ts';
import { beforeSend, courseAfter, pauseAfter, type During, type Safeguards } from '../src/core/retry.ts';
import { completed, receiptOf, spentOn, TestDevice, withRig, type Rig } from './fixture.ts';

const failed = (code: ErrorCode): DewarError => new DewarError({ code, message: 'test' });
const busy = new RateLimited('busy', 90, 'fewer');
const down = new TypeError('the line is down');
const booleans = [true, false] as const;
const all: readonly Safeguards[] = (['honoured', 'none'] as const).flatMap((keys) => booleans.flatMap((finds) => booleans.map((paid) => ({ keys, finds, paid }))));

for (const [what, during, error, wanted] of [
  ['a refused submit', 'submit', failed('device_refused'), 'end none'],
  ['a device that lost it at the submit', 'submit', failed('device_lost'), 'end unknown'],
  ['a device that lost it while it ran', 'wait', failed('device_lost'), 'end unknown'],
  ['a device that lost it when asked', 'find', failed('device_lost'), 'end unknown'],
  ['a device that is not configured', 'own', failed('device_lost'), 'again'],
  ['asked and refused, which proves nothing', 'find', failed('device_refused'), 'again'],
  ['asked, and the line is down', 'find', down, 'again'],
  ['waited, and the line is down', 'wait', down, 'again'],
  ['a full disk', 'own', failed('storage_full'), 'again'],
  ['a device that is busy and took nothing', 'submit', busy, 'again'],
] as const satisfies readonly (readonly [string, During, unknown, string])[]) {
  test(`${what}: ${wanted}, whatever the device can do`, () => {
    for (const safeguards of all) {
      const course = courseAfter({ during, error, safeguards });
      assert.equal(course.kind === 'end' ? `end ${course.charged}` : course.kind, wanted, JSON.stringify(safeguards));
    }
  });
}

test('a submit that may have arrived: the device is asked, or the key makes it safe, or it is free; else it ends, charge unknown', () => {
  for (const error of [down, failed('storage_full'), failed('request_timeout'), 'no error at all']) {
    for (const safeguards of all) {
      const { keys, finds, paid } = safeguards;
      const wanted = finds ? { kind: 'find first' } : keys === 'honoured' || !paid ? { kind: 'again' } : { kind: 'end', charged: 'unknown' };
      assert.deepEqual(courseAfter({ during: 'submit', error, safeguards }), wanted);
      assert.equal(beforeSend(safeguards, false), finds ? 'find first' : keys === 'honoured' || !paid ? 'send' : 'lost');
      assert.equal(beforeSend(safeguards, true), finds ? 'find first' : 'send');
    }
  }
});

test('pauses double up to a minute, with jitter of half, and are never shorter than the device asked for, nor longer than an hour', () => {
  for (let attempt = 1; attempt < 80; attempt += 1) {
    const most = Math.min(1000 * 2 ** attempt, 60_000);
    for (const chance of [0, 0.25, 0.999]) {
      const pause = pauseAfter({ error: down, attempt, chance });
      assert.ok(pause >= most / 2 && pause <= most && Number.isInteger(pause), `${attempt} ${chance} ${pause}`);
    }
  }
  assert.ok(pauseAfter({ error: busy, attempt: 1, chance: 0 }) >= 90_000);
  assert.equal(pauseAfter({ error: new RateLimited('never', 1e9, 'none'), attempt: 1, chance: 0 }), 3_600_000);
  assert.equal(pauseAfter({ error: new RateLimited('soon', 1, 'some'), attempt: 10, chance: 0 }), 30_000);
});

/** The rig's QPU without what keeps a job from being made twice. */
function disarm(r: Rig, keys: 'honoured' | 'none', finds = false): void {
  Object.assign(r.qpu, { keys, find: finds ? TestDevice.prototype.find : null });
}

async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}

for (const error of [down, failed('request_timeout')]) test(`a paid job that may have arrived at a device that can neither tell nor keep to keys is never sent again (${error.name})`, withRig(async (r) => {
  disarm(r, 'none');
  r.qpu.refuse = error;
  const job = await r.submit({ shots: 1000 });
  await r.approve(job);
  const ended = await r.until(job.id, 'ended');
  assert.deepEqual(r.qpu.submits.length, 1);
  assert.equal(ended.phase === 'ended' && ended.outcome.kind === 'failed' && ended.outcome.error.code, 'device_lost');
  assert.equal(ended.phase === 'ended' && ended.cost, 'unknown');
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 1_200_000, settled: 0 });
  await receiptOf(r, ended);
}));

test('the same device says that it is busy: nothing arrived, so it is sent again, not before the time that was asked for', withRig(async (r) => {
  disarm(r, 'none');
  r.qpu.refuse = busy;
  const job = await r.submit();
  await r.approve(job);
  for (let tries = 0; r.qpu.submits.length === 0 && tries < 500; tries += 1) await settled();
  r.qpu.refuse = null;
  r.clock.advance(89_000);
  await settled();
  assert.equal(r.qpu.submits.length, 1);
  r.clock.advance(1000);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind, 'completed');
  assert.equal(r.qpu.made.size, 1);
}));

test('a device that keeps to keys and cannot tell gets the same key again, and makes one job', withRig(async (r) => {
  disarm(r, 'honoured');
  const submit = r.qpu.submit.bind(r.qpu);
  let broken = true;
  // The answer is lost, not the job.
  r.qpu.submit = async (order) => {
    const id = await submit(order);
    if (!broken) return id;
    broken = false;
    throw down;
  };
  const job = await r.submit();
  await r.approve(job);
  for (let tries = 0; r.qpu.submits.length === 0 && tries < 500; tries += 1) await settled();
  r.clock.advance(60_000);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind, 'completed');
  assert.deepEqual([r.qpu.submits.length, new Set(r.qpu.submits).size, r.qpu.made.size], [2, 1, 1]);
}));

test('after a restart an intent may have been sent: without find and keys a paid job ends, a free one goes on', withRig(async (r) => {
  r.qpu.refuse = down;
  const job = await r.submit();
  await r.approve(job);
  for (let tries = 0; r.qpu.submits.length === 0 && tries < 500; tries += 1) await settled();
  assert.equal((await r.job(job.id)).phase, 'sending');
  disarm(r, 'none');
  r.qpu.refuse = null;
  const again = await r.restart();
  const ended = await again.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind === 'failed' && ended.outcome.error.code, 'device_lost');
  assert.equal(r.qpu.made.size, 0);
  await again.store.close();
}, { checked: false }));

test('a cancel of a job that may have arrived unseen is no proof that it did not: it ends with the charge unknown', withRig(async (r) => {
  disarm(r, 'honoured');
  r.qpu.refuse = down;
  const job = await r.submit();
  await r.approve(job);
  for (let tries = 0; r.qpu.submits.length === 0 && tries < 500; tries += 1) await settled();
  await r.corridor.cancel(job.id, 'person');
  r.qpu.refuse = null;
  r.clock.advance(60_000);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.cost, 'unknown');
  assert.equal(r.qpu.made.size, 0);
}));

test('jobs of sessions take turns on a device, and each is told where it stands', withRig(async (r) => {
  const other = { id: 'session_00000000000000000001', name: 'other', containment: 'uncontained', created: '2026-11-23T12:00:00.000Z', read: [] } as const;
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  r.simulator.behave = (order) => new Promise((resolve) => {
    begun.push(order.key.replace('.1', ''));
    ends.push(() => resolve(completed(order.shots)));
  });
  const own = [];
  for (let count = 0; count < 4; count += 1) own.push(await r.submit({ backend: 'simulator' }));
  const guest = await r.submit({ backend: 'simulator' }, other);
  const batch = await r.submit({ backend: 'simulator', lane: 'batch' }, other);
  for (let tries = 0; (begun.length === 0 || r.corridor.queue()[0]?.waiting.length !== 5) && tries < 500; tries += 1) await settled();
  assert.deepEqual(r.corridor.queue()[0]?.waiting.map(({ job_id }) => job_id).slice(0, 1), [guest.id], 'before those of the session that has the device');
  const place = r.corridor.placeOf(await r.job(batch.id));
  assert.deepEqual([place?.lane, place?.of], ['batch', 5]);
  for (let count = 0; count < 6; count += 1) {
    for (let tries = 0; ends.length <= count && tries < 500; tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    r.clock.advance(1000);
    ends[count]?.();
  }
  for (const job of [...own, guest, batch]) await r.until(job.id, 'ended');
  assert.equal(begun[1], guest.id);
  assert.equal(r.corridor.placeOf(await r.job(batch.id)), undefined);
}));
