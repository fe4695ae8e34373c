// `dewar quote` and `dewar prices` against a stand-in broker: what they send, what they show, and that nothing of it is a terminal's command.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { status, type Answers } from '@dewar/client/test/fake-broker';
import { bellFacts, bellSource, sampleDigest, samplePrices, sampleQuote } from '@dewar/client/test/samples';
import type { DeviceQuote, QuotesAnswer } from '@dewar/protocol';
import { runCli, withFakes } from './run-cli.ts';

const { simulated_before: _before, simulatable: _can, simulator_limit: _limit, ...facts } = bellFacts;
const free = sampleQuote({ device: 'simulator', provider: null, configured: true, backends: ['simulator'], free: true, amount: null, basis: 'it is free', dated: null, source: null, age_days: null });
const analog = sampleQuote({ device: 'braket-quera-aquila', amount: null, basis: null, why_not: 'braket-quera-aquila runs analog programs, not OpenQASM' });

function door(quotes: readonly DeviceQuote[], change: Partial<QuotesAnswer> = {}): Answers {
  return {
    'PUT /v1/artifacts': () => status(201, { digest: sampleDigest('a'), size: bellSource.length }),
    [`GET /v1/artifacts/${encodeURIComponent(sampleDigest('a'))}/quotes`]: { digest: sampleDigest('a'), shots: 1000, points: 1, time_limit_s: 60, facts, quotes, ...change },
    'GET /v1/prices': { prices: samplePrices },
  };
}

async function quoted(answers: Answers, ...options: readonly string[]) {
  let ended: Awaited<ReturnType<typeof runCli>> | undefined;
  let asked: readonly { readonly url: string; readonly body: string }[] = [];
  await withFakes({ session: answers }, async ({ home, session }) => {
    const file = join(home, 'bell.qasm');
    writeFileSync(file, bellSource);
    ended = await runCli(['quote', file, ...options], { home });
    asked = session.asked;
  });
  assert.ok(ended);
  return { ...ended, asked };
}

test('the program is sent, and the sizes that were given; a table comes back in the order of the broker', async () => {
  const { code, stdout, stderr, asked } = await quoted(door([free, sampleQuote(), analog]), '--shots', '1000', '--points', '20', '--time-limit', '3');
  assert.equal(code, 0, stderr);
  assert.equal(asked[0]?.body, bellSource);
  assert.match(asked[1]?.url ?? '', /\/quotes\?shots=1000&points=20&time_limit_s=3$/);
  assert.match(stdout, /^simulator +free +yes +it is free\nbraket-iqm-garnet +1\.75 USD +2026-11-01 +no +0\.30 a task \+ 1000 shots × 0\.00145\n$/m);
  assert.ok(!stdout.includes('aquila'));
  assert.match(stderr, /1 more device that cannot be chosen for it: --all says why/);
});

test('with --all, what has no price stands last with its reason', async () => {
  const { stdout, stderr } = await quoted(door([sampleQuote(), analog]), '--all');
  assert.match(stdout, /\nbraket-quera-aquila +braket-quera-aquila runs analog programs, not OpenQASM\n$/);
  assert.ok(!stderr.includes('--all'));
});

test('outdated prices, gates that are not exact, and rates are told', async () => {
  const converted = { amount: { currency: 'USD', micros: 2_000_000 }, rate: '1 EUR = 1.0812 USD (2026-11-01)' };
  const { stdout, stderr } = await quoted(door([sampleQuote({ outdated: true, converted })], { facts: { ...facts, confidence: 'unknown' } }));
  assert.match(stdout, /1\.75 USD = 2\.00 USD +2026-11-01 OUTDATED/);
  assert.match(stderr, /cannot be counted[^]*by the rates: 1 EUR = 1\.0812 USD \(2026-11-01\)\n[^]*dewar prices outdated/);
});

test('as JSON it is the answer, with --all the whole of it', async () => {
  const all = await quoted(door([sampleQuote(), analog]), '--all', '--json');
  assert.deepEqual([all.stderr, JSON.parse(all.stdout).quotes], ['', [sampleQuote(), analog]]);
  assert.deepEqual(JSON.parse((await quoted(door([sampleQuote(), analog]), '--json')).stdout).quotes, [sampleQuote()]);
});

test('no text of a broker is a terminal\'s command', async () => {
  const hostile = '\u001b]0;x\u0007\u202e\n';
  const { stdout, stderr } = await quoted(door([sampleQuote({ device: hostile, basis: hostile, dated: hostile }), sampleQuote({ device: hostile, amount: null, why_not: hostile })]), '--all');
  assert.doesNotMatch(`${stdout}${stderr}`.replaceAll('\n', ''), /[\p{C}]/u);
  assert.equal(stdout.trimEnd().split('\n').length, 5);
});

test('a size that is none is refused before anything is sent', async () => {
  const { code, asked } = await quoted(door([]), '--points', '1001');
  assert.deepEqual([code, asked.length], [2, 0]);
});

test('prices: the list, one device in full, and what is old with where to look it up', async () => {
  await withFakes({ session: door([]) }, async ({ home }) => {
    const shown = async (...args: readonly string[]): Promise<string> => {
      const ended = await runCli(['prices', ...args], { home });
      assert.equal(ended.code, 0, ended.stderr);
      return ended.stdout;
    };
    assert.match(await shown(), /braket-iqm-garnet +2026-11-01 +22 +catalogue +0\.30 a task[^]*ibm-heron-payg/);
    const full = await shown('--device', 'braket-iqm-garnet');
    assert.match(full, /Source +aws\.amazon\.com\/braket\/pricing\nNote +read in November/);
    assert.ok(!full.includes('ibm'));
    assert.match(await shown('outdated'), /^device.*\nibm-heron-payg +2026-05-01 +206 +catalogue +ibm\.com\/quantum\/pricing\n$/);
    assert.match(await shown('outdated', '--days', '21'), /braket-iqm-garnet[^]*ibm-heron-payg/);
    assert.equal(await shown('outdated', '--days', '300'), 'no price is older than 300 days\n');
    assert.equal(await shown('--device', 'nowhere'), 'there is no price line for it\n');
    assert.deepEqual(JSON.parse(await shown('outdated', '--json')), { prices: [samplePrices[1]] });
  });
});
