// The corridor's promises: what is asked, allowed, denied; what a yes binds; what a restart does.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { DewarError } from '@dewar/protocol';
import { bell, completed, receiptOf, refusesWith, session, withRig, spentOn } from './fixture.ts';

test('a simulator job runs without a person and ends in a receipt that verifies', withRig(async (r) => {
  const job = await r.until((await r.submit({ backend: 'simulator' })).id, 'ended');
  assert.equal(job.phase === 'ended' && job.outcome.kind, 'completed');
  const { predicate } = await receiptOf(r, job);
  assert.equal(predicate.job_id, job.id);
  assert.equal(predicate.approval, null);
  assert.equal(predicate.cost, null);
}));

test('hardware waits for a person; after the yes it runs once, under a grant, and the money is settled', withRig(async (r) => {
  const waiting = await r.submit({ shots: 1000 });
  assert.equal(waiting.phase, 'waiting');
  assert.deepEqual(waiting.decision.reasons.map((reason) => reason.rule), ['hardware.ask']);
  assert.deepEqual(r.qpu.submits, []);
  await r.approve(waiting);
  const ended = await r.until(waiting.id, 'ended');
  assert.deepEqual(r.qpu.submits, [`${waiting.id}.1`]);
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 1_200_000 });
  const { predicate } = await receiptOf(r, ended);
  assert.deepEqual(predicate.cost, { currency: 'XTS', micros: 1_200_000 });
  assert.equal(predicate.provider_job_id, 'practice-1');
  const types = (await r.store.view.jobEvents(waiting.id)).map((event) => event.type);
  assert.deepEqual(types, ['job.submitted', 'job.decided', 'approval.given', 'budget.reserved', 'grant.issued', 'provider.requested', 'provider.answered', 'run.ended', 'budget.settled', 'grant.revoked', 'receipt.signed']);
}));

test('a million shots are denied with the rule and what would pass, and the refusal has a receipt', withRig(async (r) => {
  const job = await r.submit({ shots: 1_000_000 });
  const ended = await r.until(job.id, 'ended');
  assert.equal(job.decision.reasons[0]?.rule, 'shots.limit');
  assert.equal(job.decision.reasons[0]?.fix, 'ask for shots: 10000');
  const { predicate } = await receiptOf(r, ended);
  assert.equal(predicate.outcome.kind, 'denied');
}));

test('simulate first: the same program elsewhere is denied hardware until it has run on a simulator', withRig(async (r) => {
  assert.equal((await r.submit()).decision.reasons[0]?.rule, 'simulate.first');
  await r.until((await r.submit({ backend: 'simulator', shots: 7 })).id, 'ended');
  assert.equal((await r.submit()).phase, 'waiting');
}, { simulated: false }));

test('a byte flipped while an approved job queues: the grant refuses, nothing is sent, the money comes back', withRig(async (r) => {
  const waiting = await r.submit();
  let open = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = await r.submit();
  const redeemed = new Promise<void>((resolve) => {
    r.qpu.behave = async (order) => {
      resolve();
      await held;
      return completed(order.shots);
    };
  });
  await r.approve(first);
  await redeemed;
  await r.approve(waiting);
  assert.equal((await r.job(waiting.id)).phase, 'queued');
  const path = r.artifacts.path(r.code);
  const bytes = readFileSync(path);
  bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  open();
  const ended = await r.until(waiting.id, 'ended');
  assert.deepEqual(ended.phase === 'ended' && ended.outcome.kind === 'denied' && [ended.outcome.by, ended.outcome.reasons[0]?.rule], ['grant', 'grant.artifact_digest_mismatch']);
  assert.deepEqual(r.qpu.submits, [`${first.id}.1`]);
  assert.equal((await spentOn(r.store.view, '2026-11-23')).reserved, 0);
}));

test('the token buys the program once: a second redeem, another token and a spent grant are refused', withRig(async (r) => {
  const seen: unknown[] = [];
  r.qpu.behave = async (order) => {
    await order.redeem(order.token).catch((error: unknown) => seen.push((error as DewarError).code));
    return completed(order.shots);
  };
  const waiting = await r.submit();
  await r.approve(waiting);
  await r.until(waiting.id, 'ended');
  assert.deepEqual(seen, ['grant_invalid']);
}));

test('a yes must repeat the digest and the nonce that were shown', withRig(async (r) => {
  const job = await r.submit();
  assert.equal(job.phase, 'waiting');
  if (job.phase !== 'waiting') return;
  await assert.rejects(r.corridor.approve(job.id, { resolved_digest: job.spec_digest, nonce: job.nonce }), refusesWith('approval_stale'));
  await assert.rejects(r.corridor.approve(job.id, { resolved_digest: job.resolved_digest, nonce: 'x' }), refusesWith('approval_stale'));
  await r.approve(job);
  await assert.rejects(r.approve(job), refusesWith('not_waiting'));
}));

test('a question nobody answers expires, and a yes that comes later is refused', withRig(async (r) => {
  const job = await r.submit();
  r.clock.advance(24 * 3600_000);
  await assert.rejects(r.approve(job), (error: unknown) => refusesWith('approval_expired')(error) || refusesWith('not_waiting')(error));
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind === 'denied' && ended.outcome.by, 'expiry');
}));

test('the person\'s no reaches the agent with its reason', withRig(async (r) => {
  const job = await r.submit();
  await r.corridor.deny(job.id, 'not tonight');
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind === 'denied' && ended.outcome.reasons[0]?.message, 'not tonight');
}));

test('the brake holds what is approved, refuses a yes and new work, and lets go', withRig(async (r) => {
  const job = await r.submit();
  await r.corridor.freeze(true, 'test');
  await assert.rejects(r.approve(job), refusesWith('frozen'));
  assert.equal((await r.submit({ backend: 'simulator' })).decision.reasons[0]?.rule, 'broker.frozen');
  await r.corridor.freeze(false, 'test');
  await r.approve(job);
  await r.until(job.id, 'ended');
}));

test('cancel: waiting, queued and running jobs end as cancelled; one that has ended says so', withRig(async (r) => {
  const waiting = await r.submit();
  await r.corridor.cancel(waiting.id, 'session');
  assert.equal((await r.until(waiting.id, 'ended')).phase, 'ended');
  r.qpu.behave = (_order, signal) => new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'cancelled', output: '', charged: 'none' }));
  });
  const running = await r.submit();
  await r.approve(running);
  await r.until(running.id, 'running');
  const queued = await r.submit();
  await r.approve(queued);
  await r.corridor.cancel(queued.id, 'person');
  await r.until(queued.id, 'ended');
  await r.corridor.cancel(running.id, 'session');
  const ended = await r.until(running.id, 'ended');
  assert.deepEqual(ended.phase === 'ended' && ended.outcome, { kind: 'cancelled', by: 'session' });
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 0 });
  await assert.rejects(r.corridor.cancel(running.id, 'session'), refusesWith('already_ended'));
}));

test('the day budget holds against many at once: what is left over is denied at the yes', withRig(async (r) => {
  const jobs = [];
  for (let index = 0; index < 6; index += 1) jobs.push(await r.submit({ shots: 1000 }));
  let open = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  r.qpu.behave = async (order) => {
    await held;
    return completed(order.shots);
  };
  const answers = await Promise.all(jobs.map((job) => r.approve(job)));
  const totals = await spentOn(r.store.view, '2026-11-23');
  assert.ok(totals.reserved + totals.settled <= 4_000_000, JSON.stringify(totals));
  assert.equal(answers.filter((job) => job.phase === 'queued').length, 3);
  open();
  for (const job of jobs) await r.until(job.id, 'ended');
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 3_600_000 });
}, { budget: { day: 4_000_000 } }));

test('a device that cannot say what it charged keeps the reservation', withRig(async (r) => {
  r.qpu.behave = async () => ({ kind: 'failed', error: { code: 'device_lost', message: 'lost' }, output: '', charged: 'unknown' });
  const job = await r.submit({ shots: 1000 });
  await r.approve(job);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.cost, 'unknown');
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 1_200_000, settled: 0 });
  assert.equal((await receiptOf(r, ended)).predicate.cost, 'unknown');
}));

test('a device that refuses charges nothing', withRig(async (r) => {
  r.qpu.refuse = new DewarError({ code: 'device_refused', message: 'no' });
  const job = await r.submit();
  await r.approve(job);
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind, 'failed');
  assert.deepEqual(await spentOn(r.store.view, '2026-11-23'), { reserved: 0, settled: 0 });
}));

test('at most 20 jobs of a session are open, other sessions go on', withRig(async (r) => {
  for (let index = 0; index < 20; index += 1) await r.submit();
  await assert.rejects(r.submit(), refusesWith('too_many_pending'));
  const other = { ...session, name: 'other', id: 'session_00000000000000000001' };
  assert.equal((await r.submit({}, other)).phase, 'waiting');
}));

test('a dry run gives the submit\'s own decision and leaves nothing behind', withRig(async (r) => {
  const before = (await r.store.view.head()).size;
  const spec = { job_name: 'test', code_blob: r.code, backend: 'practice-qpu', shots: 1_000_000 };
  const bytes = (more: object): Uint8Array => new TextEncoder().encode(JSON.stringify({ ...spec, ...more }));
  const dry = await r.corridor.submit(bytes({ dry_run: true }), session);
  assert.equal((await r.store.view.head()).size, before);
  const real = await r.corridor.submit(bytes({}), session);
  assert.ok('dryRun' in dry && 'job' in real);
  if ('dryRun' in dry && 'job' in real) assert.deepEqual(dry.decision, real.job.decision);
}));

test('after a restart waiting jobs still wait, queued ones run, and a running one is not sent again', withRig(async (first) => {
  const waiting = await first.submit();
  const running = await first.submit();
  first.qpu.behave = () => new Promise(() => undefined);
  await first.approve(running);
  await first.until(running.id, 'running');
  const queued = await first.submit();
  await first.approve(queued);
  const second = await first.restart();
  second.qpu.behave = async (order) => completed(order.shots);
  await second.until(running.id, 'ended');
  await second.until(queued.id, 'ended');
  assert.equal((await second.job(waiting.id)).phase, 'waiting');
  assert.deepEqual(second.qpu.submits, [`${running.id}.1`, `${queued.id}.1`]);
  assert.deepEqual((await second.store.verify()).problems, []);
  second.close();
}, { checked: false }));

test('a clock set back stops new work with a clear error and loses nothing', withRig(async (r) => {
  r.clock.time -= 3600_000;
  await assert.rejects(r.submit({ backend: 'simulator' }), refusesWith('clock_backwards'));
  r.clock.time += 3600_000;
  assert.equal((await r.submit()).phase, 'waiting');
}));

test('bad programs and references are refused at the door with nothing journaled', withRig(async (r) => {
  const before = (await r.store.view.head()).size;
  const put = (text: string | Uint8Array): Promise<string> => r.artifacts.put(typeof text === 'string' ? new TextEncoder().encode(text) : text);
  await assert.rejects(r.submit({ code_blob: `sha256:${'0'.repeat(64)}` }), refusesWith('artifact_unknown'));
  await assert.rejects(r.submit({ code_blob: await put(new Uint8Array([0xff, 0xfe])) }), refusesWith('program_format'));
  await assert.rejects(r.submit({ code_blob: await put('print("hello")') }), refusesWith('program_format'));
  await assert.rejects(r.submit({ code_blob: await put(`${bell}// \uffff`) }), refusesWith('program_format'));
  await assert.rejects(r.submit({ program: { format: 'qasm2' } }), refusesWith('program_format'));
  await assert.rejects(r.submit({ backend: 'nowhere' }), refusesWith('backend_unknown'));
  await assert.rejects(r.submit({ data: ['file:/etc/passwd'] }), refusesWith('data_refused'));
  await assert.rejects(r.submit({ surprise: 1 } as object), refusesWith('spec_unknown_field'));
  assert.equal((await r.store.view.head()).size, before);
  assert.ok(bell.includes('measure'));
}));

test('a device\'s error text is recorded as plain text, and its receipt can be signed', withRig(async (r) => {
  r.qpu.behave = async () => ({ kind: 'failed', error: { code: 'run_failed', message: `\u001b]0;owned\u0007 \uffff${'x'.repeat(100_000)}` }, output: '\u001b[2J', charged: 'none' });
  const job = await r.submit();
  await r.approve(job);
  const { predicate } = await receiptOf(r, await r.until(job.id, 'ended'));
  const text = JSON.stringify(predicate.outcome);
  assert.ok(text.length < 1200 && !text.includes('\\u001b') && text.includes('u{1b}'));
}));

test('a gate with the name of an object\'s innards is counted or refused, never lost', withRig(async (r) => {
  const source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\ngate __proto__ a { x a; }\ngate constructor a { x a; }\nqubit q;\nbit c;\n__proto__ q;\nconstructor q;\nc = measure q;\n';
  const code_blob = await r.artifacts.put(new TextEncoder().encode(source));
  const job = await r.submit({ code_blob, backend: 'simulator' }).catch((error: unknown) => error);
  if (job instanceof DewarError) assert.equal(job.code, 'program_invalid');
  else await receiptOf(r, await r.until((job as { id: `job_${string}` }).id, 'ended'));
}));

test('a bill above its reservation is journaled as an overrun and freezes the budget until a person has looked', withRig(async (r) => {
  r.qpu.behave = async (order) => ({ ...completed(order.shots), charged: { currency: 'XTS', micros: 2_000_000 } });
  const job = await r.submit({ shots: 1000 });
  await r.approve(job);
  const { predicate } = await receiptOf(r, await r.until(job.id, 'ended'));
  assert.deepEqual([predicate.cost, predicate.overrun], [{ currency: 'XTS', micros: 2_000_000 }, true]);
  assert.equal((await r.submit()).decision.reasons[0]?.rule, 'budget.frozen');
  await r.corridor.budgets.thaw(null, 'seen');
  assert.equal((await r.submit()).phase, 'waiting');
}));

test('the brake holds what has not begun, also across a restart; what the device has goes on', withRig(async (first) => {
  first.qpu.behave = () => new Promise(() => undefined);
  const running = await first.submit();
  await first.approve(running);
  await first.until(running.id, 'running');
  const queued = await first.submit();
  await first.approve(queued);
  await first.corridor.freeze(true, 'test');
  const second = await first.restart();
  second.qpu.behave = async (order) => completed(order.shots);
  await second.until(running.id, 'ended');
  assert.equal((await second.job(queued.id)).phase, 'queued');
  await second.corridor.freeze(false, 'test');
  await second.until(queued.id, 'ended');
  second.close();
}, { checked: false }));

test('a device that is taken out of the configuration: what queued for it is refused at the grant, nothing spins', withRig(async (first) => {
  await first.corridor.freeze(true, 'test');
  await first.corridor.freeze(false, 'test');
  first.qpu.behave = () => new Promise(() => undefined);
  const running = await first.submit();
  await first.approve(running);
  await first.until(running.id, 'running');
  const queued = await first.submit();
  await first.approve(queued);
  const second = await first.restart({ without: 'practice-qpu' });
  const ended = await second.until(queued.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind === 'denied' && ended.outcome.reasons[0]?.rule, 'grant.backend_unknown');
  assert.equal((await second.job(running.id)).phase, 'running');
  second.close();
}, { checked: false }));

test('the brake pulled while a job is about to be granted holds it, and does not end it', withRig(async (r) => {
  const job = await r.submit();
  const approving = r.approve(job);
  const braking = r.corridor.freeze(true, 'test');
  await Promise.all([approving, braking]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await r.job(job.id)).phase, 'queued');
  await r.corridor.freeze(false, 'test');
  const ended = await r.until(job.id, 'ended');
  assert.equal(ended.phase === 'ended' && ended.outcome.kind, 'completed');
}));

test('what the simulator could not compile when it tried is impossible to simulate, and a person is asked', withRig(async (r) => {
  assert.equal((await r.submit()).decision.reasons[0]?.rule, 'simulate.first');
  r.simulator.behave = async () => ({ kind: 'failed', error: { code: 'program_invalid', message: 'no simulator takes this gate' }, output: '', charged: 'none' });
  await r.until((await r.submit({ backend: 'simulator' })).id, 'ended');
  const asked = await r.submit();
  assert.deepEqual(asked.decision.reasons.map(({ rule }) => rule), ['hardware.ask', 'simulate.impossible']);
  assert.match(asked.decision.reasons[1]?.message ?? '', /no simulator takes this gate/);
}, { simulated: false }));
