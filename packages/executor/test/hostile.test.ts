// A child that lies, floods, redeems twice or dies is never believed and never left behind.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunOutcome } from '../src/run.ts';
import { isGone, requestOf, runWatched, waitFor } from './fixture.ts';

const script = new URL('./children/hostile.mjs', import.meta.url);

async function hostile(behaviour: string, timeLimitS = 60): Promise<{ outcome: RunOutcome; redeemed: number }> {
  let redeemed = 0;
  const { outcome, pid } = await runWatched({ token: behaviour, timeLimitS, redeem: async () => {
    redeemed += 1;
    return requestOf();
  } }, script);
  assert.ok(isGone(pid), 'the process is gone');
  return { outcome, redeemed };
}

describe('a child that is not to be trusted', () => {
  it('is believed when it keeps to the protocol', async () => {
    const { outcome, redeemed } = await hostile('good');
    assert.ok(outcome.kind === 'completed' && outcome.results.format === 'dewar.results/v1');
    assert.deepEqual(outcome.results.counts, { '00': 40, '11': 60 });
    assert.equal(redeemed, 1);
  });

  for (const behaviour of ['other-token', 'results-first', 'progress-first', 'not-json', 'unknown-type', 'extra-field', 'null', 'flood-unfinished-line']) {
    it(`never gets the program: ${behaviour}`, async () => {
      const { outcome, redeemed } = await hostile(behaviour);
      assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_failed', JSON.stringify(outcome));
      assert.match(outcome.error.message, /broke its protocol/);
      assert.equal(redeemed, 0);
    });
  }

  for (const behaviour of [
    'redeem-twice', 'redeem-again', 'too-few-shots', 'too-many-shots', 'negative-count', 'fraction', 'zero-count', 'long-key', 'wrong-digit', 'proto-key', 'same-key-twice', 'unsorted',
    'missing-count', 'register-name', 'register-twice', 'wrong-method', 'own-seed', 'own-engine', 'progress-past-end', 'progress-other-total', 'error-of-broker', 'long-error',
    'million-keys', 'extra-point', 'no-points', 'flood-progress',
  ]) {
    it(`is not believed, and redeems once: ${behaviour}`, async () => {
      const { outcome, redeemed } = await hostile(behaviour);
      assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_failed', JSON.stringify(outcome).slice(0, 500));
      assert.match(outcome.error.message, /broke its protocol/);
      assert.equal(redeemed, 1);
    });
  }

  it('is named by its exit code when it leaves', async () => {
    const { outcome } = await hostile('exit-early');
    assert.ok(outcome.kind === 'failed' && outcome.error.got === 'code 3', JSON.stringify(outcome));
  });

  it('prints 64 KiB at most, and is not held up by printing more', async () => {
    const { outcome } = await hostile('print');
    assert.equal(outcome.kind, 'completed');
    assert.equal(outcome.output.length, 65_536);
  });

  it('takes its own children with it', async () => {
    const { outcome } = await hostile('grandchild');
    const pid = Number(outcome.output.trim());
    assert.ok(pid > 0);
    await waitFor('the grandchild is gone', () => isGone(pid));
  });

  it('is charged with the memory of its own children', async () => {
    const { outcome } = await runWatched({ token: 'grandchild-memory', memoryBytes: 400 * 2 ** 20, redeem: async () => requestOf() }, script);
    assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_memory_limit', JSON.stringify(outcome));
  });

  it('cannot outlast its time by ignoring signals', async () => {
    const { outcome } = await hostile('deaf', 1);
    assert.ok(outcome.kind === 'failed' && outcome.error.code === 'run_time_limit');
  });
});
