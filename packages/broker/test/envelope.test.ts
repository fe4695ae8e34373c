// Envelopes: one yes covers what is inside its terms, singly counted, and nothing else (invariant 3).
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { envelopeView, type Envelope } from '../src/core/envelope.ts';
import type { Job } from '../src/core/job.ts';
import { completed, practiceLine, receiptOf, refusesWith, rig, session, withRig, spentOn, type Rig } from './fixture.ts';

const ansatz = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float[64] theta;\nqubit[2] q;\nbit[2] c;\nry(theta) q[0];\ncx q[0], q[1];\nc = measure q;\n';
type Fields = Readonly<Record<string, unknown>>;

/** The ansatz in the store, and simulated once. */
async function stored(r: Rig): Promise<string> {
  const code = await r.artifacts.put(new TextEncoder().encode(ansatz));
  await r.until((await r.submit({ code_blob: code, backend: 'simulator', parameters: { theta: 0 } })).id, 'ended');
  return code;
}

const asked = async (r: Rig, code: string, change: Fields = {}): Promise<Envelope> =>
  r.corridor.envelopes.request(new TextEncoder().encode(JSON.stringify({
    name: 'loop', code_blob: code, backend: 'ibmq_qpu_1', parameters: { theta: { min: -1, max: 1 } }, shots: 100, max_jobs: 3, max_cost: 2, expires_in_s: 3600, ...change,
  })), session);

async function live(r: Rig, code: string, change: Fields = {}): Promise<Envelope> {
  const envelope = await asked(r, code, change);
  assert.equal(envelope.phase, 'waiting', JSON.stringify(envelope.decision.reasons));
  return r.corridor.envelopes.approve(envelope.id, { terms_digest: envelope.terms_digest, nonce: envelope.phase === 'waiting' ? envelope.nonce : '' });
}

const under = (r: Rig, code: string, envelope: Envelope, change: Fields = {}): Promise<Job> =>
  r.submit({ code_blob: code, backend: 'ibmq_qpu_1', shots: 100, parameters: { theta: 0.5 }, envelope: envelope.id, ...change });

const rulesOf = (job: Job): string[] => job.decision.reasons.map(({ rule }) => rule);
const viewOf = async (r: Rig, { id }: Envelope) => {
  const found = await r.store.view.envelope(id);
  return envelopeView(found ?? assert.fail('gone'), await r.store.view.envelopeUse(id), r.clock.now());
};

test('a variational loop runs under one yes: each job is covered, reserved, settled and receipted singly', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code);
  for (const theta of [0.5, -0.25, 1]) {
    const job = await under(r, code, envelope, { parameters: { theta } });
    assert.notEqual(job.phase, 'waiting');
    assert.deepEqual(rulesOf(job), ['hardware.ask', 'envelope.covers']);
    const ended = await r.until(job.id, 'ended');
    const { predicate } = await receiptOf(r, ended);
    assert.equal(predicate.envelope?.id, envelope.id);
    assert.equal(predicate.envelope?.terms_digest, envelope.terms_digest);
    assert.equal(predicate.approval, null);
    assert.equal(predicate.outcome.kind, 'completed');
  }
  const view = await viewOf(r, envelope);
  assert.equal(view.status, 'spent');
  assert.deepEqual(view.used, { jobs: 3, shots: 300, amount: { currency: 'XTS', micros: 3 * 390_000 } });
  const fourth = await under(r, code, envelope);
  assert.equal(fourth.phase, 'waiting');
  assert.match(fourth.decision.reasons.at(-1)?.message ?? '', /its 3 jobs are used up/);
}));

const outside: readonly (readonly [string, Fields, RegExp])[] = [
  ['a value below its range', { parameters: { theta: -1.0000001 } }, /theta is -1.0000001, and may be from -1 to 1/],
  ['one point of a sweep above its range', { parameters: { theta: [0, 1.5] }, shots: 50 }, /theta is 1.5/],
  ['more shots than one job may take', { shots: 101 }, /101 shots are above 100 a job/],
  ['a sweep with more shots in all', { parameters: { theta: [0, 0.5] }, shots: 51 }, /102 shots/],
  ['a longer time limit', { time_limit_s: 61 }, /time_limit_s 61/],
  ['an image', { image: 'miner:1' }, /image or packages/],
  ['another name of the same device', { backend: 'practice-qpu' }, /the backend is not ibmq_qpu_1/],
];
for (const [what, change, why] of outside) {
  test(`outside asks again: ${what}`, withRig(async (r) => {
    const code = await stored(r);
    const envelope = await live(r, code);
    const job = await under(r, code, envelope, change);
    assert.equal(job.phase, 'waiting');
    assert.equal(rulesOf(job).at(-1), 'envelope.outside');
    assert.match(job.decision.reasons.at(-1)?.message ?? '', why);
    assert.equal((await r.store.view.envelopeUse(envelope.id)).jobs, 0);
  }));
}

test('outside asks again: other data, another program, other parameters', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code);
  const other = await r.artifacts.put(new TextEncoder().encode(ansatz.replace('cx q[0], q[1];', 'cx q[0], q[1]; x q[0];')));
  await r.until((await r.submit({ code_blob: other, backend: 'simulator', parameters: { theta: 0 } })).id, 'ended');
  const jobs = [await under(r, code, envelope, { data: [r.code] }), await under(r, other, envelope)];
  assert.deepEqual(jobs.map((job) => [job.phase, job.decision.reasons.at(-1)?.message.replace(/.*: /, '')]), [['waiting', 'the data is other data'], ['waiting', 'the program is another one']]);
  const plain = await r.artifacts.put(new TextEncoder().encode(ansatz.replace('input float[64] theta;\n', '').replace('theta', '0.5')));
  await r.until((await r.submit({ code_blob: plain, backend: 'simulator' })).id, 'ended');
  const fixed = await live(r, plain, { parameters: {} });
  assert.notEqual((await r.submit({ code_blob: plain, backend: 'ibmq_qpu_1', shots: 100, envelope: fixed.id })).phase, 'waiting');
}));

test('its money is a bound of its own: what does not fit into what is left asks again, and what was released is left again', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code, { max_cost: 0.8, max_jobs: 10 });
  r.qpu.behave = async (order) => ({ ...completed(order.shots), charged: 'none' });
  await r.until((await under(r, code, envelope)).id, 'ended');
  assert.equal((await r.store.view.envelopeUse(envelope.id)).amount?.micros, 0);
  r.qpu.behave = async (order) => completed(order.shots);
  for (const _ of [1, 2]) await r.until((await under(r, code, envelope)).id, 'ended');
  const third = await under(r, code, envelope);
  assert.equal(third.phase, 'waiting');
  assert.match(third.decision.reasons.at(-1)?.message ?? '', /the money in all/);
}));

test('a question under another policy is not answered: no job would be inside', withRig(async (r) => {
  const envelope = await asked(r, await stored(r));
  assert.equal(envelope.phase, 'waiting');
  const { policy } = r.parts;
  Object.assign(r.parts, { policy: { ...policy, digest: r.code, evaluate: policy.evaluate.bind(policy) } });
  const yes = { terms_digest: envelope.terms_digest, nonce: envelope.phase === 'waiting' ? envelope.nonce : '' };
  await assert.rejects(r.corridor.envelopes.approve(envelope.id, yes), refusesWith('approval_stale'));
  Object.assign(r.parts, { policy });
  assert.equal((await r.corridor.envelopes.approve(envelope.id, yes)).phase, 'live');
}));

test('many at once never take more than its jobs', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code, { max_jobs: 4, max_cost: 100 });
  const jobs = await Promise.all(Array.from({ length: 12 }, () => under(r, code, envelope)));
  assert.equal(jobs.filter(({ phase }) => phase !== 'waiting').length, 4);
  assert.equal((await r.store.view.envelopeUse(envelope.id)).jobs, 4);
}));

test('a deny of the policy, the brake and the day budget beat it', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code, { shots: 10_000, max_jobs: 20, max_cost: 100 });
  r.qpu.limitText = 'it has no such gate';
  const denied = await under(r, code, envelope);
  assert.deepEqual([denied.phase === 'closing' && denied.outcome.kind, rulesOf(denied).includes('envelope.covers')], ['denied', false]);
  r.qpu.limitText = null;
  await r.corridor.freeze(true, 'test');
  const frozen = await under(r, code, envelope);
  assert.equal(frozen.phase === 'closing' && frozen.outcome.kind === 'denied' && frozen.outcome.reasons[0]?.rule, 'broker.frozen');
  await r.corridor.freeze(false, 'test');
  await r.until((await under(r, code, envelope, { shots: 5000 })).id, 'ended');
  const poor = await under(r, code, envelope, { shots: 10_000 });
  assert.equal(poor.phase === 'closing' && poor.outcome.kind === 'denied' && poor.outcome.by, 'policy', JSON.stringify(poor.decision.reasons));
}, { budget: { day: 10_000_000 } }));

test('closed while a job queues: the grant refuses, nothing is sent, the money comes back', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code);
  let finish = (): void => undefined;
  r.qpu.behave = (order) => new Promise((resolve) => {
    finish = () => resolve(completed(order.shots));
  });
  const first = await under(r, code, envelope);
  await r.until(first.id, 'running');
  const second = await under(r, code, envelope);
  await r.corridor.envelopes.close(envelope.id, 'person');
  finish();
  const [one, two] = [await r.until(first.id, 'ended'), await r.until(second.id, 'ended')];
  assert.ok('outcome' in one && one.outcome.kind === 'completed');
  assert.ok('outcome' in two && two.outcome.kind === 'denied' && two.outcome.by === 'grant');
  assert.equal(two.outcome.reasons[0]?.rule, 'grant.envelope');
  assert.equal(r.qpu.made.size, 1);
  assert.equal((await spentOn(r.store.view, '2026-11-23')).reserved, 0);
  await receiptOf(r, two);
  await assert.rejects(r.corridor.envelopes.close(envelope.id, 'session'), refusesWith('already_ended'));
}));

test('past its end nothing is covered, and what queues then is refused at the grant', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code, { expires_in_s: 60 });
  let finish = (): void => undefined;
  r.qpu.behave = (order) => new Promise((resolve) => {
    finish = () => resolve(completed(order.shots));
  });
  await r.until((await under(r, code, envelope)).id, 'running');
  const queued = await under(r, code, envelope);
  r.clock.advance(60_000);
  assert.match((await under(r, code, envelope)).decision.reasons.at(-1)?.message ?? '', /it ended at/);
  finish();
  const ended = await r.until(queued.id, 'ended');
  assert.ok('outcome' in ended && ended.outcome.kind === 'denied' && ended.outcome.by === 'grant', JSON.stringify(ended));
  assert.equal((await viewOf(r, envelope)).status, 'expired');
}));

test('a yes repeats the terms and the nonce, once, in time, without the brake; a no says why', withRig(async (r) => {
  const code = await stored(r);
  const waiting = await asked(r, code);
  assert.ok(waiting.phase === 'waiting');
  const yes = { terms_digest: waiting.terms_digest, nonce: waiting.nonce };
  await assert.rejects(r.corridor.envelopes.approve(waiting.id, { ...yes, nonce: 'x' }), refusesWith('approval_stale'));
  await assert.rejects(r.corridor.envelopes.approve(waiting.id, { ...yes, terms_digest: r.code }), refusesWith('approval_stale'));
  await r.corridor.freeze(true, 'test');
  await assert.rejects(r.corridor.envelopes.approve(waiting.id, yes), refusesWith('frozen'));
  await r.corridor.freeze(false, 'test');
  const early = await under(r, code, waiting);
  assert.match(early.decision.reasons.at(-1)?.message ?? '', /nobody has said yes/);
  await r.corridor.envelopes.approve(waiting.id, yes);
  await assert.rejects(r.corridor.envelopes.approve(waiting.id, yes), refusesWith('not_waiting'));
  const refused = await r.corridor.envelopes.deny((await asked(r, code)).id, 'not tonight');
  assert.deepEqual((await viewOf(r, refused)).denied, { by: 'person', message: 'not tonight', fix: null });
  assert.match((await under(r, code, refused)).decision.reasons.at(-1)?.message ?? '', /it was denied/);
  const late = await asked(r, code, { expires_in_s: 60 });
  r.clock.advance(60_000);
  await assert.rejects(r.corridor.envelopes.approve(late.id, { terms_digest: late.terms_digest, nonce: late.phase === 'waiting' ? late.nonce : '' }), refusesWith('approval_expired'));
}));

test('another session\'s envelope is as unknown as none', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code);
  await assert.rejects(r.submit({ code_blob: code, backend: 'ibmq_qpu_1', parameters: { theta: 0 }, envelope: envelope.id }, { ...session, id: 'session_00000000000000000001', name: 'other' }), refusesWith('not_found'));
  await assert.rejects(r.submit({ code_blob: code, backend: 'ibmq_qpu_1', parameters: { theta: 0 }, envelope: 'env_00000000000000000000' }), refusesWith('not_found'));
}));

test('a dry run says whether the envelope covers, and takes nothing out of it', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code);
  const dry = async (theta: number): Promise<string | undefined> => {
    const answer = await r.corridor.submit(new TextEncoder().encode(JSON.stringify({ job_name: 't', code_blob: code, backend: 'ibmq_qpu_1', shots: 100, parameters: { theta }, envelope: envelope.id, dry_run: true })), session);
    return 'decision' in answer ? answer.decision.reasons.at(-1)?.rule : undefined;
  };
  assert.deepEqual([await dry(0), await dry(2)], ['envelope.covers', 'envelope.outside']);
  assert.equal((await r.store.view.envelopeUse(envelope.id)).jobs, 0);
}));

test('what cannot be asked for', withRig(async (r) => {
  const code = await stored(r);
  await assert.rejects(asked(r, code, { backend: 'simulator' }), refusesWith('envelope_needless'));
  await assert.rejects(asked(r, code, { max_cost: undefined }), refusesWith('request_invalid'));
  await assert.rejects(asked(r, code, { parameters: { gamma: 1 } }), refusesWith('parameters_invalid'));
  await assert.rejects(asked(r, code, { parameters: { theta: { min: 1, max: -1 } } }), refusesWith('request_invalid'));
  for (const change of [{ max_jobs: 0 }, { max_jobs: 1001 }, { expires_in_s: 59 }, { shots: 0 }, { approved: true }, { terms: {} }, { max_cost: -1 }, { backend: null }]) await assert.rejects(asked(r, code, change), refusesWith('request_invalid'), JSON.stringify(change));
  const many = await asked(r, code, { shots: 10_001 });
  assert.equal(many.phase === 'ended' && many.end.kind, 'denied');
  const unset = await asked(r, code, { parameters: {} });
  assert.ok(unset.phase === 'waiting' || unset.phase === 'ended');
  for (let count = 0; count < 10; count += 1) await asked(r, code).catch(() => undefined);
  await assert.rejects(asked(r, code), refusesWith('too_many_pending'));
}));

test('another price list, another policy: the terms are not those any more', async () => {
  const r = await rig();
  try {
    const code = await stored(r);
    const envelope = await live(r, code);
    const why = async (parts: Partial<Rig['parts']>): Promise<string | undefined> => {
      const again = Object.assign(r.parts, parts);
      const job = await under(r, code, envelope);
      assert.ok(again);
      return job.decision.reasons.at(-1)?.message;
    };
    const { prices, policy } = r.parts;
    assert.match((await why({ prices: { ...prices, lines: [practiceLine({ dated: '2026-12-01' })] } })) ?? '', /price list is another one/);
    assert.match((await why({ prices: { ...prices, lines: [practiceLine({ per_task: '0.300001' })] } })) ?? '', /price is above/);
    assert.match((await why({ prices, policy: { ...policy, digest: r.code, evaluate: (input) => policy.evaluate(input) } })) ?? '', /policy or the analyser changed/);
    assert.equal((await under(r, code, envelope, { parameters: { theta: 0 } })).phase, 'waiting');
    Object.assign(r.parts, { policy });
    assert.notEqual((await under(r, code, envelope)).phase, 'waiting');
  } finally {
    r.close();
  }
});

test('after a restart it is as it was: live, with what was used', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code);
  await r.until((await under(r, code, envelope)).id, 'ended');
  const again = await r.restart();
  try {
    assert.equal((await again.store.view.envelopeUse(envelope.id)).jobs, 1);
    assert.notEqual((await under(again, code, envelope)).phase, 'waiting');
  } finally {
    again.close();
  }
}, { checked: false }));

test('an envelope changed on disk stops it, and verify names it', withRig(async (r) => {
  const code = await stored(r);
  const envelope = await live(r, code);
  const db = new DatabaseSync(join(r.folder, 'journal.db'));
  const row = db.prepare('SELECT data FROM envelopes WHERE id = ?').get(envelope.id);
  db.prepare('UPDATE envelopes SET data = ? WHERE id = ?').run(String(row?.['data']).replace('"max_jobs":3', '"max_jobs":900'), envelope.id);
  db.close();
  await assert.rejects(under(r, code, envelope), refusesWith('journal_invalid'));
  assert.ok((await r.store.verify()).problems.some((problem) => problem.includes(envelope.id)));
}, { checked: false }));

test('property: whatever the jobs, those that run without a person are inside, and sums never pass the terms', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.record({ theta: fc.double({ min: -1.2, max: 1.2, noNaN: true }), shots: fc.integer({ min: 1, max: 120 }), points: fc.integer({ min: 1, max: 3 }), close: fc.boolean() }), { minLength: 1, maxLength: 8 }), async (wishes) => {
    const r = await rig();
    try {
      const code = await stored(r);
      const envelope = await live(r, code, { max_jobs: 4, max_shots: 250, max_cost: 1.5 });
      let jobs = 0;
      let shots = 0;
      for (const { theta, shots: each, points } of wishes) {
        const value = Object.is(theta, -0) ? 0 : theta;
        const job = await under(r, code, envelope, { shots: each, parameters: { theta: points === 1 ? value : Array.from({ length: points }, () => value) } });
        const free = job.phase !== 'waiting';
        const inside = Math.abs(value) <= 1 && each * points <= 100 && jobs < 4 && shots + each * points <= 250;
        if (free) {
          assert.ok(inside, JSON.stringify({ theta, each, points, jobs, shots }));
          jobs += 1;
          shots += each * points;
        }
        if (!inside) assert.ok(!free);
      }
      const used = await r.store.view.envelopeUse(envelope.id);
      assert.deepEqual([used.jobs, used.shots], [jobs, shots]);
      assert.ok((used.amount?.micros ?? 0) <= 1_500_000);
    } finally {
      r.close();
    }
  }), { numRuns: 25 });
});

test('the digest of terms does not depend on the order of fields', withRig(async (r) => {
  const code = await stored(r);
  const [one, two] = [await asked(r, code, { parameters: { theta: { min: -1, max: 1 } } }), await asked(r, code, { parameters: { theta: { max: 1, min: -1 } } })];
  assert.equal(one.terms_digest, two.terms_digest);
}));
