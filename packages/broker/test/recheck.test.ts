// At the grant everything is looked at again: a changed price, policy, device, artifact or yes refuses it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyInput } from '@dewar/protocol';
import type { Policy } from '@dewar/policy/decide';
import type { Job } from '../src/core/job.ts';
import type { CorridorParts } from '../src/core/parts.ts';
import { analyse, analyserId } from '@dewar/openqasm';
import { dataFiles } from '../src/adapters/data-files.ts';
import { completed, policy, practiceLine, prices, refusalAtGrant, rig, sameCurrency, sha256, spentOn, type Rig } from './fixture.ts';

/** A yes-sayer: allows hardware without a person, as an edited policy might. */
const lenient: Policy = { digest: `sha256:${'1'.repeat(64)}`, evaluate: () => ({ allow: true, ask: false, reasons: [{ rule: 'test.allow', effect: 'allow', message: 'allowed', fix: null }] }) };

/** A job that is approved and queues behind another, and the parts to look at it with. */
async function queued(r: Rig, change: Partial<CorridorParts> = {}, atGrant?: () => void): Promise<{ job: Extract<Job, { phase: 'queued' }>; parts: CorridorParts }> {
  r.qpu.behave = () => new Promise(() => undefined);
  const first = await r.submit();
  await r.approve(first);
  await r.until(first.id, 'running');
  const second = await r.submit();
  await r.approve(second);
  if (atGrant) atGrant();
  const job = await r.job(second.id);
  assert.equal(job.phase, 'queued');
  if (job.phase !== 'queued') throw new TypeError('not queued');
  const parts: CorridorParts = {
    store: r.store, artifacts: r.artifacts, dataFiles, policy, analyser: { id: analyserId, analyse: (source) => analyse(source), draw: () => undefined }, prices, exchangeOn: () => sameCurrency, owner: 'owner', zone: 'UTC', queue: r.parts.queue, clock: r.clock, sha256, version: 'test',
    random: { bytes: (count) => new Uint8Array(count) }, signer: { sign: async () => new Uint8Array() }, report: () => undefined,
    backends: { devices: new Map([['simulator', r.simulator], ['practice-qpu', r.qpu]]), aliases: new Map() }, ...change,
  };
  return { job, parts };
}

const cases: readonly [string, (r: Rig) => Partial<CorridorParts>, string | null][] = [
  ['nothing changed: the grant is given', () => ({}), null],
  ['a dearer price', () => ({ prices: { ...prices, lines: [practiceLine({ per_task: '0.300001' })] } }), 'grant.resolved'],
  ['a cheaper price is another job too', () => ({ prices: { ...prices, lines: [practiceLine({ per_task: '0.000001' })] } }), 'grant.resolved'],
  ['a price past its last day', () => ({ prices: { ...prices, lines: [{ ...practiceLine(), valid_until: '2026-11-22' }] } }), 'grant.cannot_price'],
  ['no price any more', () => ({ prices: { ...prices, lines: [] } }), 'grant.cannot_price'],
  ['another policy', () => ({ policy: { ...policy, digest: lenient.digest, evaluate: (input: PolicyInput) => policy.evaluate(input) } }), 'grant.resolved'],
  ['another analyser', (r) => ({ analyser: { id: 'openqasm/9.9.9', analyse: (source) => analyse(source), draw: () => undefined }, store: r.store }), 'grant.resolved'],
  ['the device is gone', (r) => ({ backends: { devices: new Map([['simulator', r.simulator]]), aliases: new Map() } }), 'grant.backend_unknown'],
  ['the backend name now means another device', (r) => ({ backends: { devices: new Map([['simulator', r.simulator], ['practice-qpu', r.simulator]]), aliases: new Map() } }), 'grant.resolved'],
];

for (const [name, change, rule] of cases) {
  test(`at the grant: ${name}`, async () => {
    const r = await rig();
    try {
      const { job, parts } = await queued(r, change(r));
      assert.equal((await refusalAtGrant(parts, job))?.[0]?.rule ?? null, rule);
    } finally {
      r.close();
    }
  });
}

test('at the grant: a budget has become smaller than what others have left of it', async () => {
  const r = await rig();
  try {
    const { job, parts } = await queued(r);
    const day = (limit_micros: number) => r.corridor.budgets.set({ key: { scope: 'all', name: null, per: 'day', currency: 'XTS' }, limit_micros });
    // Two of 1.2216 are reserved: this job's own is not in its way.
    await day(2_443_200);
    assert.equal(await refusalAtGrant(parts, job), null);
    await day(2_443_199);
    assert.equal((await refusalAtGrant(parts, job))?.[0]?.rule, 'budget.limit');
  } finally {
    r.close();
  }
});

test('at the grant: the device can no longer run it', async () => {
  const r = await rig();
  try {
    const { job, parts } = await queued(r, {}, () => {
      r.qpu.limitText = 'it has no reset';
    });
    assert.equal((await refusalAtGrant(parts, job))?.[0]?.rule, 'device.limit');
  } finally {
    r.close();
  }
});

test('at the grant: a yes for another digest is no yes', async () => {
  const r = await rig();
  try {
    const { job, parts } = await queued(r);
    const approval = job.approval && { ...job.approval, resolved_digest: job.spec_digest };
    assert.equal((await refusalAtGrant(parts, { ...job, approval }))?.[0]?.rule, 'grant.approval');
    assert.equal((await refusalAtGrant(parts, { ...job, approval: null }))?.[0]?.rule, 'grant.unapproved');
  } finally {
    r.close();
  }
});

test('at the grant: a failing disk is no refusal, it is tried again', async () => {
  const r = await rig();
  try {
    const { job, parts } = await queued(r);
    const broken = Object.assign(Object.create(Object.getPrototypeOf(r.artifacts) as object) as typeof r.artifacts, { get: async () => Promise.reject(new TypeError('disk')) });
    await assert.rejects(refusalAtGrant({ ...parts, artifacts: broken }, job), TypeError);
  } finally {
    r.close();
  }
});

test('a reservation of yesterday is in no sum of today', async () => {
  const r = await rig({ budget: { day: 3_000_000 } });
  try {
    const { job, parts } = await queued(r);
    assert.equal(await refusalAtGrant(parts, job), null);
    r.clock.time += 24 * 3600_000;
    assert.equal(await refusalAtGrant(parts, job), null);
  } finally {
    r.close();
  }
});

test('a policy that allows hardware without a person still reserves, and the budget still holds', async () => {
  const r = await rig({ policy: lenient, budget: { day: 2_000_000 } });
  try {
    let open = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    r.qpu.behave = async (order) => {
      await held;
      return completed(order.shots);
    };
    const first = await r.submit();
    const second = await r.submit();
    assert.equal(second.phase === 'closing' && second.outcome.kind === 'denied' && second.outcome.by, 'budget');
    open();
    const ended = await r.until(first.id, 'ended');
    assert.equal(ended.phase === 'ended' && ended.outcome.kind, 'completed');
    await r.until(second.id, 'ended');
    assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 1_221_600 });
  } finally {
    r.close();
  }
});
