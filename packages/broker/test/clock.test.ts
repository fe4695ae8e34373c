// The broker's clock: small steps back are smoothed over, large ones show.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { steadyClock } from '../src/adapters/system.ts';
import { TestClock } from './fixture.ts';

test('a step back of less than a minute is not seen', () => {
  const inner = new TestClock();
  const clock = steadyClock(inner);
  const start = clock.now();
  inner.time -= 59_000;
  assert.equal(clock.now(), start);
  inner.time += 60_000;
  assert.equal(clock.now(), start + 1000);
});

test('a larger one is seen, so that the journal can refuse it', () => {
  const inner = new TestClock();
  const clock = steadyClock(inner);
  const start = clock.now();
  inner.time -= 61_000;
  assert.equal(clock.now(), start - 61_000);
});

test('what an earlier process recorded counts as seen', () => {
  const inner = new TestClock();
  const clock = steadyClock(inner);
  clock.reach(inner.time + 30_000);
  assert.equal(clock.now(), inner.time + 30_000);
});
