// Token buckets in virtual time: never more than the burst and what the time brought, exactly, whatever the clock does; and what a session is told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DewarError } from '@dewar/protocol';
import { RateLimited, SubmitRates } from '../src/core/submit-rates.ts';
import { TokenBucket } from '../src/core/token-bucket.ts';
import { refusesWith, TestClock, withRig } from './fixture.ts';

const rate = fc.record({ per_minute: fc.integer({ min: 1, max: 6000 }), burst: fc.integer({ min: 1, max: 300 }) });

test('in any span: at most the burst and what the span brought; and one that asks all the time gets exactly that', () => {
  fc.assert(fc.property(rate, fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 400 }), (limit, gaps) => {
    const bucket = new TokenBucket(limit, 0);
    const taken: number[] = [];
    let now = 0;
    for (const gap of gaps) {
      now += gap;
      if (bucket.take(now) === 0) taken.push(now);
    }
    for (const [i, from] of taken.entries()) {
      for (let j = i; j < taken.length; j += 1) assert.ok(j - i + 1 <= limit.burst + (((taken[j] ?? 0) - from) * limit.per_minute) / 60_000);
    }
  }), { numRuns: 60 });
  fc.assert(fc.property(rate, (limit) => {
    const bucket = new TokenBucket(limit, 0);
    let got = 0;
    for (let now = 0; now <= 60_000; now += 10) for (let tries = 0; tries < 3; tries += 1) if (bucket.take(now) === 0) got += 1;
    // What cannot be kept for want of room, and what is asked for too seldom, is lost.
    assert.ok(got <= limit.burst + limit.per_minute);
    if (limit.burst > 2) assert.ok(got >= limit.per_minute, `${got} of ${limit.per_minute}`);
  }), { numRuns: 60 });
});

test('the wait that it tells is the wait that it takes, to the millisecond', () => {
  fc.assert(fc.property(rate, fc.integer({ min: 0, max: 100_000 }), (limit, start) => {
    const bucket = new TokenBucket(limit, start);
    for (let count = 0; count < limit.burst; count += 1) assert.equal(bucket.take(start), 0);
    const wait = bucket.take(start);
    assert.ok(wait > 0);
    if (wait > 1) assert.ok(bucket.take(start + wait - 1) > 0);
    assert.equal(bucket.take(start + wait), 0);
  }));
});

test('a clock that goes back brings nothing, stops nothing, and a refusal costs nothing', () => {
  const bucket = new TokenBucket({ per_minute: 60, burst: 2 }, 1_000_000);
  assert.deepEqual([bucket.take(1_000_000), bucket.take(1_000_000), bucket.take(1_000_000)], [0, 0, 1000]);
  assert.equal(bucket.take(0), 1000, 'nothing came');
  for (let tries = 0; tries < 50; tries += 1) assert.equal(bucket.take(0), 1000);
  assert.equal(bucket.take(1000), 0, 'it goes on from the time that the clock has now');
  assert.equal(bucket.take(9_000_000), 0);
  assert.equal(bucket.take(9_000_000), 0);
  assert.ok(bucket.take(9_000_000) > 0, 'never more than the burst, however far the clock jumps');
});

test('each session has a bucket of its own, and is told when to come again', () => {
  const clock = new TestClock();
  const rates = new SubmitRates({ per_minute: 30, burst: 3 }, clock);
  for (let count = 0; count < 3; count += 1) rates.take('a');
  const error = (() => {
    try {
      rates.take('a');
    } catch (thrown) {
      return thrown;
    }
    return undefined;
  })();
  assert.ok(error instanceof RateLimited && error.code === 'rate_limited');
  assert.equal(error.retryAfterS, 2);
  assert.match(error.fix ?? '', /^wait 2 s/);
  rates.take('b');
  clock.advance(error.retryAfterS * 1000);
  rates.take('a');
  assert.throws(() => rates.take('a'), RateLimited);
});

test('a long program weighs more, whether it is run, asked about or drawn; one above a full bucket waits for a full one', () => {
  const clock = new TestClock();
  const rates = new SubmitRates({ per_minute: 60, burst: 10 }, clock);
  rates.weigh('a', 16_383);
  rates.weigh('a', 8 * 16_384);
  assert.throws(() => rates.weigh('a', 3 * 16_384), (error) => error instanceof RateLimited && error.retryAfterS === 1);
  clock.advance(1000);
  rates.weigh('a', 3 * 16_384);
  assert.throws(() => rates.weigh('a', 1_048_576), (error) => error instanceof RateLimited && error.retryAfterS === 10);
  clock.advance(10_000);
  rates.weigh('a', 1_048_576);
});

test('jobs, dry runs, envelope requests and what does not parse take from one bucket; what is refused is recorded nowhere', withRig(async (r) => {
  const bytes = (body: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(body));
  const before = (await r.store.view.head()).size;
  const spec = { job_name: 'x', code_blob: r.code, backend: 'simulator' };
  const own = { id: 'session_00000000000000000001', name: 'fast', containment: 'uncontained', created: '2026-11-23T12:00:00.000Z', read: [] } as const;
  await r.corridor.submit(bytes({ ...spec, dry_run: true }), own);
  await assert.rejects(r.corridor.submit(bytes('nonsense'), own), refusesWith('spec_invalid'));
  await assert.rejects(r.corridor.envelopes.request(bytes({}), own), DewarError);
  for (const again of [() => r.corridor.submit(bytes(spec), own), () => r.corridor.submit(bytes({ ...spec, dry_run: true }), own), () => r.corridor.envelopes.request(bytes({}), own)]) {
    await assert.rejects(again(), refusesWith('rate_limited'));
  }
  assert.equal((await r.store.view.head()).size, before);
  r.clock.advance(1000);
  assert.ok('job' in (await r.corridor.submit(bytes(spec), own)));
}, { queue: { submits: { per_minute: 60, burst: 3 } } }));
