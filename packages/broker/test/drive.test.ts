// The drive under faults: what is sent again, what ends unsent, what a device loses.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DewarError } from '@dewar/protocol';
import type { Load } from '../src/core/ports.ts';
import { completed, receiptOf, withRig, type Rig, spentOn } from './fixture.ts';

/** A job whose intent is on disk and whose first submit failed, so that it is tried again. */
async function unsentJob(r: Rig): Promise<Awaited<ReturnType<Rig['submit']>>> {
  const waiting = await r.submit();
  r.qpu.refuse = new TypeError('the line is down');
  await r.approve(waiting);
  for (let tries = 0; r.qpu.submits.length === 0 && tries < 500; tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await r.job(waiting.id)).phase, 'sending');
  r.qpu.refuse = null;
  return waiting;
}

test('sending is tried again under the same grant, and nothing is journaled for a try', withRig(async (r) => {
  const job = await unsentJob(r);
  const before = (await r.store.view.jobEvents(job.id)).length;
  r.qpu.refuse = new TypeError('still down');
  for (let tries = 0; tries < 3; tries += 1) {
    r.clock.advance(60_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal((await r.store.view.jobEvents(job.id)).length, before);
  r.qpu.refuse = null;
  r.clock.advance(60_000);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind, 'completed');
  assert.equal(r.qpu.made.size, 1);
}));

test('a cancel that comes before the device has the job ends it unsent and uncharged', withRig(async (r) => {
  const job = await unsentJob(r);
  await r.corridor.cancel(job.id, 'person');
  r.clock.advance(60_000);
  const ended = await r.until(job.id, 'ended');
  assert.deepEqual(ended.phase === 'ended' && ended.outcome, { kind: 'cancelled', by: 'person' });
  assert.equal(r.qpu.made.size, 0);
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 0 });
  assert.equal((await receiptOf(r, ended)).predicate.outcome.kind, 'cancelled');
}));

test('what changed before the device has the job still counts: a damaged artifact is refused, not sent', withRig(async (r) => {
  const job = await unsentJob(r);
  writeFileSync(r.artifacts.path(r.code), 'OPENQASM 3.0;');
  r.clock.advance(60_000);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind === 'denied' && ended.outcome.reasons[0]?.rule, 'grant.artifact_digest_mismatch');
  assert.equal(r.qpu.made.size, 0);
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 0 });
  await receiptOf(r, ended);
}));

test('the brake holds a job that the device does not have yet, and lets it go on', withRig(async (r) => {
  const job = await unsentJob(r);
  await r.corridor.freeze(true, 'test');
  r.clock.advance(60_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await r.job(job.id)).phase, 'sending');
  assert.equal(r.qpu.made.size, 0);
  await r.corridor.freeze(false, 'test');
  r.clock.advance(60_000);
  await r.until(job.id, 'ended');
}));

test('a device that has lost the job ends it, with the charge unknown and the reservation kept', withRig(async (r) => {
  r.qpu.behave = () => Promise.reject(new DewarError({ code: 'device_lost', message: 'no record of it' }));
  const job = await r.submit({ shots: 1000 });
  await r.approve(job);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.cost, 'unknown');
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 1_200_000, settled: 0 });
  await receiptOf(r, ended);
}));

test('a run that its device ended by itself is a failure, not somebody\'s cancel', withRig(async (r) => {
  r.qpu.behave = async () => ({ kind: 'cancelled', output: '', charged: 'none' });
  const job = await r.submit();
  await r.approve(job);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind === 'failed' && ended.outcome.error.code, 'device_lost');
}));

test('results too large to be read back are a failure, said at once', withRig(async (r) => {
  r.qpu.behave = async (order) => {
    const outcome = completed(order.shots);
    if (outcome.kind !== 'completed') return outcome;
    return { ...outcome, results: { ...outcome.results, registers: [{ name: 'x'.repeat(17_000_000), size: 2 }] } };
  };
  const job = await r.submit();
  await r.approve(job);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind === 'failed' && ended.outcome.error.code, 'run_output_limit');
}));

test('how long the agent gives itself does not make a program impossible to simulate', withRig(async (r) => {
  r.simulator.limit = (_facts: unknown, load?: Load) => ((load?.shots ?? 0) > 1 || (load?.timeLimit ?? 0) < 3600 ? 'too long' : null);
  const job = await r.submit({ time_limit_s: 1 });
  assert.equal(job.decision.reasons[0]?.rule, 'simulate.first');
}, { simulated: false }));
