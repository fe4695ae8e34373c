// What is unlike a session's jobs so far, and the policy input that says so and is kept.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonDigest, type Anomaly, type Json, type Money, type PolicyInput } from '@dewar/protocol';
import { anomaliesOf } from '../src/core/anomalies.ts';
import { localTime } from '../src/core/local-time.ts';
import type { Habits } from '../src/core/ports.ts';
import { changeSession } from '../src/core/sessions.ts';
import { session, sha256, withRig, type Rig } from './fixture.ts';

const usual: Habits = { ranBefore: true, knowsDevice: true, amounts: [], recent: 0 };
const xts = (...micros: number[]): Money[] => micros.map((each) => ({ currency: 'XTS', micros: each }));
const amount: Money = { currency: 'XTS', micros: 1000 };

for (const [what, habits, hour, expected] of [
  ['as always', {}, 12, []],
  ['a program that no QPU has run', { ranBefore: false }, 12, ['first_time']],
  ['a device that the session has not used', { knowsDevice: false }, 12, ['new_backend']],
  ['ten times the median', { amounts: xts(100, 1, 900) }, 12, ['ten_times']],
  ['less than ten times', { amounts: xts(101, 1, 900) }, 12, []],
  ['too few to say what is usual', { amounts: xts(1, 1) }, 12, []],
  ['cheap in another currency', { amounts: [...xts(100), { currency: 'EUR', micros: 1 }, { currency: 'EUR', micros: 1 }] }, 12, []],
  ['thirty submits in ten minutes', { recent: 30 }, 12, ['burst']],
  ['twenty-nine', { recent: 29 }, 12, []],
  ['ten in the evening', {}, 22, ['night']],
  ['before six', {}, 5, ['night']],
  ['six', {}, 6, []],
  ['all at once', { ranBefore: false, knowsDevice: false, amounts: xts(1, 1, 1), recent: 99 }, 0, ['first_time', 'new_backend', 'ten_times', 'burst', 'night']],
] satisfies readonly (readonly [string, Partial<Habits>, number, readonly Anomaly[]])[]) {
  test(`unusual: ${what}`, () => assert.deepEqual(anomaliesOf({ ...usual, ...habits }, amount, hour), expected));
}

test('the time is that of the zone: another day, another hour, a summer', () => {
  assert.deepEqual(localTime(Date.parse('2026-11-29T23:30:00Z'), 'Europe/Berlin'), { at: '2026-11-29T23:30:00.000Z', zone: 'Europe/Berlin', weekday: 1, hour: 0, minute: 30 });
  assert.deepEqual([localTime(Date.parse('2026-07-01T12:00:00Z'), 'Europe/Berlin').hour, localTime(Date.parse('2026-07-01T12:00:00Z'), 'Asia/Kolkata').minute], [14, 30]);
  assert.throws(() => localTime(0, 'Nowhere/None'), RangeError);
});

const inputOf = async (r: Rig, id: Awaited<ReturnType<Rig['submit']>>): Promise<PolicyInput> => JSON.parse((await r.store.view.policyInput(id.decision.input)) ?? 'null') as PolicyInput;

test('the input of each decision is kept under its digest: at the submit, and once more at the grant', withRig(async (r) => {
  const first = await r.submit();
  const input = await inputOf(r, first);
  assert.equal(jsonDigest(input as unknown as Json, sha256), first.decision.input);
  assert.deepEqual(input.anomalies, ['first_time', 'new_backend']);
  assert.deepEqual([input.session.user, input.session.project, input.time.hour, input.quote.age_days], ['owner', null, 12, 22]);
  assert.deepEqual(input.budgets.map(({ id, remaining_micros, needs_micros }) => [id, remaining_micros, needs_micros]), [['all/day/XTS', 50_000_000, 1_221_600], ['all/job/XTS', 10_000_000, 1_221_600]]);
  await r.approve(first);
  await r.until(first.id, 'ended');
  assert.deepEqual((await inputOf(r, await r.submit())).anomalies, []);
  const grant = (await r.store.view.jobEvents(first.id)).find(({ type }) => type === 'grant.issued');
  assert.ok(grant);
  assert.deepEqual((await r.store.verify()).problems, []);
}));

test('a simulator job is like any other: it counts in no budget and is never unusual', withRig(async (r) => {
  const input = await inputOf(r, await r.submit({ backend: 'simulator' }));
  assert.deepEqual([input.anomalies, input.budgets, input.quote.age_days], [[], [], null]);
}));

test('whose work it is comes from the person: a change counts from the next job on, and the journal tells', withRig(async (r) => {
  await r.store.commit(async (tx) => {
    await tx.addSession(session);
    await tx.append({ type: 'session.created', body: { summary: 'made', session: { ...session, read: [] } } });
  });
  const changed = await changeSession(r.parts, 'default', { project: 'alpha', user: 'ada' });
  assert.deepEqual((await inputOf(r, await r.submit({ agent: { project: 'beta', user: 'root' } }, changed))).session, { name: 'default', containment: 'uncontained', user: 'ada', project: 'alpha' });
  assert.deepEqual(await changeSession(r.parts, 'default', { user: null }), { ...session, project: 'alpha' });
  assert.deepEqual((await r.store.view.sessions())[0], { ...session, project: 'alpha' });
  await assert.rejects(changeSession(r.parts, 'nobody', {}), /no such session/);
}));
