// The moves as values: each follows an arrow, carries nothing that is no longer true, and tells the journal of every unit of money.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Decision, Money, Reason } from '@dewar/protocol';
import { mint } from '../src/core/grant.ts';
import { decidedPart, mayMove, type Approval, type Closing, type Job, type Queued, type Waiting } from '../src/core/job.ts';
import * as moves from '../src/core/moves.ts';
import type { Move } from '../src/core/moves.ts';
import { rig, sha256 } from './fixture.ts';

const r = await rig();
const waiting = (await r.submit({ shots: 1000 })) as Waiting;
r.close();
const at = '2026-11-23T12:00:00.000Z';
const money: Money = { currency: 'XTS', micros: 1_200_000 };
const reserved: moves.Reserved = { reservation: { day: '2026-11-23', amount: money, payer: { user: 'owner', project: null, session: 'default', backend: 'practice-qpu' } }, warnings: [] };
const reason: Reason = { rule: 'budget.day', effect: 'deny', message: 'no', fix: null };
const approval: Approval = { id: 'apr_00000000000000000000', at, resolved_digest: waiting.resolved_digest };
const queued = moves.approved(waiting, approval, reserved).after;
const free: Queued = { ...queued, reserved: null };
const { grant } = mint(queued, 0, { bytes: (count) => new Uint8Array(count) }, sha256);
const sending = moves.sending(queued, grant, waiting.decision).after;
const running = moves.answered(sending, 'practice-1').after;
const end = (charged: Money | 'unknown' | null): moves.RunEnd => ({ outcome: { kind: 'completed', results: waiting.spec_digest }, charged, output: waiting.spec_digest, budgets: ['all/day/XTS'] });
const denied: Decision = { ...waiting.decision, effect: 'deny', reasons: [reason] };
const decided = decidedPart(waiting);

const table: readonly (readonly [string, Job['phase'] | 'new', Move, readonly string[]])[] = [
  ['refused', 'new', moves.refused({ ...decided, decision: denied }, at), ['job.submitted', 'job.decided']],
  ['asked', 'new', moves.asked(decided, 'nonce', at), ['job.submitted', 'job.decided']],
  ['allowed for money', 'new', moves.allowed(decided, reserved), ['job.submitted', 'job.decided', 'budget.reserved']],
  ['allowed for free', 'new', moves.allowed(decided, { reservation: null, warnings: [] }), ['job.submitted', 'job.decided']],
  ['over budget at once', 'new', moves.overBudgetAtOnce(decided, reason, at), ['job.submitted', 'job.decided']],
  ['approved', 'waiting', moves.approved(waiting, approval, reserved), ['approval.given', 'budget.reserved']],
  ['over budget', 'waiting', moves.overBudget(waiting, approval, reason, at), ['approval.given']],
  ['denied', 'waiting', moves.deniedByPerson(waiting, 'no', at), ['approval.denied']],
  ['expired', 'waiting', moves.expired(waiting, at), ['approval.expired']],
  ['cancelled while waiting', 'waiting', moves.cancelled(waiting, 'session', at), ['job.cancelled']],
  ['cancelled in the queue', 'queued', moves.cancelled(queued, 'person', at), ['job.cancelled', 'budget.released']],
  ['cancelled in the queue, free', 'queued', moves.cancelled(free, 'person', at), ['job.cancelled']],
  ['refused at the grant', 'queued', moves.grantRefused(queued, [reason], at), ['grant.refused', 'budget.released']],
  ['sending', 'queued', moves.sending(queued, grant, waiting.decision), ['grant.issued', 'provider.requested']],
  ['granted anew, sending', 'sending', moves.regranted(sending, grant), ['grant.revoked', 'grant.issued']],
  ['granted anew, running', 'running', moves.regranted(running, grant), ['grant.revoked', 'grant.issued']],
  ['cancel asked, sending', 'sending', moves.cancelAsked(sending, 'session'), ['job.cancel_requested']],
  ['cancel asked, running', 'running', moves.cancelAsked(running, 'person'), ['job.cancel_requested']],
  ['answered', 'sending', moves.answered(sending, 'practice-1'), ['provider.answered']],
  ['refused by the device', 'sending', moves.refusedByDevice(sending, { code: 'device_refused', message: 'no' }, { ...money, micros: 0 }, at), ['provider.refused', 'budget.released', 'grant.revoked']],
  ['lost by the device', 'sending', moves.refusedByDevice(sending, { code: 'device_lost', message: 'no' }, 'unknown', at), ['provider.refused', 'grant.revoked']],
  ['cancelled, not sent', 'sending', moves.unsent(sending, { kind: 'cancelled', by: 'session' }, at), ['job.cancelled', 'budget.released', 'grant.revoked']],
  ['refused, not sent', 'sending', moves.unsent(sending, { kind: 'denied', by: 'grant', reasons: [reason] }, at), ['grant.refused', 'budget.released', 'grant.revoked']],
  ['ended and charged', 'running', moves.runEnded(running, end(money), at), ['run.ended', 'budget.settled', 'grant.revoked']],
  ['ended, charge unknown', 'running', moves.runEnded(running, end('unknown'), at), ['run.ended', 'grant.revoked']],
  ['ended above the reservation', 'running', moves.runEnded(running, end({ ...money, micros: 1_200_001 }), at), ['run.ended', 'budget.settled', 'budget.overrun', 'grant.revoked']],
  ['signed', 'closing', moves.signed(moves.expired(waiting, at).after, waiting.spec_digest), ['receipt.signed']],
];

for (const [what, from, move, events] of table) {
  test(`${what}: along an arrow, told as ${events.join(', ')}`, () => {
    assert.ok(mayMove(from, move.moving.type, move.after.phase));
    assert.deepEqual([...(move.first ?? []), move.moving, ...(move.then ?? [])].map(({ type }) => type), events);
    for (const { body } of [...(move.first ?? []), move.moving, ...(move.then ?? [])]) assert.ok(body.summary.length > 0);
  });
}

const fields: Readonly<Record<Job['phase'], readonly string[]>> = {
  waiting: ['nonce', 'expires'], queued: ['approval', 'reserved'], sending: ['approval', 'reserved', 'grant', 'idempotency_key', 'cancel'],
  running: ['approval', 'reserved', 'grant', 'idempotency_key', 'cancel', 'provider_job_id'],
  closing: ['approval', 'grant', 'provider_job_id', 'cost', 'output', 'outcome', 'ended'], ended: ['approval', 'grant', 'provider_job_id', 'cost', 'output', 'outcome', 'ended', 'receipt'],
};

test('each phase holds its own fields and none of an earlier phase\'s', () => {
  for (const [what, , { after }] of table) assert.deepEqual(Object.keys(after).toSorted(), [...Object.keys(decided), 'phase', ...fields[after.phase]].toSorted(), what);
});

test('no move tells the token\'s hash to the journal, and each gives back exactly what it reserved', () => {
  for (const [what, , move] of table) {
    const bodies = JSON.stringify([move.first, move.moving, move.then]);
    assert.ok(!bodies.includes(grant.token_sha256), what);
    const released = (move.then ?? []).find(({ type }) => type === 'budget.released');
    if (released) assert.deepEqual([released.body['amount'], (move.after as Closing).cost], [money, { ...money, micros: 0 }]);
  }
  assert.equal(sending.idempotency_key, `${waiting.id}.1`);
  assert.equal(running.reserved, money);
});
