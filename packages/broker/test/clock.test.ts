// The broker's clock: small steps back are smoothed over, large ones show.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DewarError } from '@dewar/protocol';
import { steadyClock } from '../src/adapters/system.ts';
import { rig, TestClock } from './fixture.ts';

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

test('a clock that was ahead once is refused with the time that it must pass, and with where that is explained', async () => {
  const r = await rig();
  r.clock.time += 3_600_000;
  await r.submit({ backend: 'simulator' });
  const last = new Date(r.clock.time).toISOString();
  r.clock.time -= 3_600_000;
  await assert.rejects(r.submit({ backend: 'simulator' }), (error: unknown) => {
    assert.ok(error instanceof DewarError && error.code === 'clock_backwards');
    assert.equal(error.allowed, `not before ${last}`);
    assert.match(error.fix ?? '', /docs\/operations\.md/);
    return true;
  });
  assert.match(readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8'), /^### A clock that was ahead$/m);
  r.close();
});
