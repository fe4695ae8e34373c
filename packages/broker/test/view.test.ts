// A job's view says what is true in its phase, and nothing of another.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Money } from '@dewar/protocol';
import { mint } from '../src/core/grant.ts';
import type { Approval, Waiting } from '../src/core/job.ts';
import * as moves from '../src/core/moves.ts';
import { isOver, jobView, statusOf } from '../src/core/view.ts';
import { refusesWith, rig, sha256, withRig } from './fixture.ts';

const r = await rig();
const waiting = (await r.submit()) as Waiting;
const { view: device } = r.qpu;
r.close();
const at = '2026-11-23T12:00:00.000Z';
const money: Money = { currency: 'XTS', micros: 1 };
const reserved: moves.Reserved = { reservation: { day: '2026-11-23', amount: money, payer: { user: 'owner', project: null, session: 'default', backend: 'practice-qpu' } }, warnings: [] };
const approval: Approval = { id: 'apr_00000000000000000000', at, resolved_digest: waiting.resolved_digest };
const queued = moves.approved(waiting, approval, reserved).after;
const sending = moves.sending(queued, mint(queued, 0, { bytes: (count) => new Uint8Array(count) }, sha256).grant, waiting.decision).after;
const running = moves.answered(sending, 'practice-1').after;
const ended = (outcome: moves.RunEnd['outcome'], charged: Money | 'unknown' | null = money) => moves.runEnded(running, { outcome, charged, output: waiting.spec_digest, budgets: ['all/day/XTS'] }, at).after;
const keys = (job: Parameters<typeof jobView>[0]): string[] => Object.keys(jobView(job, device, { progress: { done: 1, total: 2 } })).filter((key) => ['expires', 'approval', 'grant', 'provider_job_id', 'progress', 'ended', 'denied', 'failure', 'results_digest', 'cost'].includes(key));

test('each phase shows its own fields', () => {
  assert.deepEqual(keys(waiting), ['expires']);
  assert.deepEqual(keys(queued), ['approval']);
  assert.deepEqual(keys({ ...queued, approval: null }), []);
  assert.deepEqual(keys(sending), ['approval', 'grant']);
  assert.deepEqual(keys(running), ['approval', 'grant', 'provider_job_id', 'progress']);
  assert.ok(!('progress' in jobView(running, device, undefined)));
  assert.deepEqual(keys(ended({ kind: 'completed', results: waiting.spec_digest })), ['approval', 'grant', 'provider_job_id', 'ended', 'results_digest', 'cost']);
  assert.deepEqual(keys(ended({ kind: 'failed', error: { code: 'run_failed', message: 'x' } }, 'unknown')), ['approval', 'grant', 'provider_job_id', 'ended', 'failure']);
  assert.deepEqual(keys(ended({ kind: 'cancelled', by: 'person' }, null)), ['approval', 'grant', 'provider_job_id', 'ended']);
  assert.deepEqual(keys(moves.deniedByPerson(waiting, 'no', at).after), ['ended', 'denied']);
});

test('the status is the phase, then the outcome; over is only what has its receipt', () => {
  const closing = ended({ kind: 'completed', results: waiting.spec_digest });
  const over = moves.signed(closing, waiting.spec_digest).after;
  assert.deepEqual([waiting, queued, sending, running, closing, over].map(statusOf), ['waiting', 'queued', 'running', 'running', 'completed', 'completed']);
  assert.deepEqual([running, closing, over].map(isOver), [false, false, true]);
  assert.deepEqual([closing, over].map((job) => jobView(job, device, undefined).receipt), [false, true]);
});

test('a denial without a reason still says that it is one', () => {
  const { after } = moves.deniedByPerson(waiting, 'no', at);
  assert.deepEqual(jobView({ ...after, outcome: { kind: 'denied', by: 'person', reasons: [] } }, undefined, undefined).denied, { by: 'person', message: 'denied', fix: null });
  assert.equal(jobView(after, undefined, undefined).device.max_qubits, 0, 'a device that is gone');
});

test('a job that never was can be neither answered nor cancelled', withRig(async (own) => {
  const id = 'job_00000000000000000000';
  await assert.rejects(own.corridor.cancel(id, 'person'), refusesWith('not_found'));
  await assert.rejects(own.corridor.deny(id, 'no'), refusesWith('not_found'));
}));
