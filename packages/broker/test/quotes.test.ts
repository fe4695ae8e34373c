// Quotes and the price list at the two doors, on the rig's store.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pricesAnswer, quotesAnswer, type ErrorBody, type QuotesAnswer } from '@dewar/protocol';
import { priceLineFrom } from '../src/adapters/price-files.ts';
import { assess } from '../src/core/assess.ts';
import { controlApp } from '../src/server/control-api.ts';
import { sessionApp } from '../src/server/session-api.ts';
import { bell, policiesOf, prices, rig, session, sha256, type Rig } from './fixture.ts';

const byGate = priceLineFrom({ device: 'far-away', dated: '2026-05-01', source: 's', currency: 'USD', per_task: '1', per_gate_shot: { one_qubit: '0.01', two_qubit: '0.02' } }, true);
const gone = priceLineFrom({ device: 'long-gone', dated: '2026-05-01', valid_until: '2026-06-01', source: 's', currency: 'USD', per_task: '1' }, true);

async function withDoors(use: (r: Rig, ask: (door: 'session' | 'control', path: string) => Promise<{ readonly status: number; readonly body: unknown }>) => Promise<void>): Promise<void> {
  const r = await rig({ prices: { ...prices, lines: [...prices.lines, byGate, gone] } });
  try {
    const common = { corridor: r.corridor, store: r.store, artifacts: r.artifacts, analyser: r.parts.analyser, backends: r.parts.backends, prices: r.parts.prices, clock: r.clock, version: 'test', help: '', report: (error: unknown) => void r.errors.push(error) };
    const no = (): Promise<never> => Promise.reject(new Error('not here'));
    const apps = {
      session: sessionApp(common, () => session),
      control: controlApp({
        ...common, home: '', since: '', policies: policiesOf(r), sha256, keys: { receipt_pem: '', checkpoint_vkey: '' }, socketOf: (name) => name, openSession: no, changeSession: no, shutDown: () => undefined,
        tcp: { view: () => null, open: no, close: async () => {}, issueToken: no, revokeTokens: async () => 0 },
      }),
    };
    await use(r, async (door, path) => {
      const answer = await apps[door].request(path, { headers: { host: 'dewar' } }, { incoming: { headers: {} } });
      return { status: answer.status, body: await answer.json() };
    });
  } finally {
    r.close();
  }
}

test('both doors quote a stored program on all devices: free, practice, the catalogue, and why not', () => withDoors(async (r, ask) => {
  const { status, body } = await ask('session', `/v1/artifacts/${r.code}/quotes?shots=1000&points=2&time_limit_s=5`);
  assert.equal(status, 200);
  const answer: QuotesAnswer = quotesAnswer.parse(body);
  assert.deepEqual([answer.digest, answer.shots, answer.points, answer.time_limit_s, answer.facts.two_qubit_gates], [r.code, 1000, 2, 5, 1]);
  assert.deepEqual(answer.quotes.map(({ device, amount, outdated }) => [device, amount?.micros ?? null, outdated]), [['simulator', null, false], ['practice-qpu', 2_100_000, false], ['far-away', 62_000_000, true], ['long-gone', null, true]]);
  assert.match(answer.quotes.at(-1)?.why_not ?? '', /was valid until 2026-06-01/);
  assert.deepEqual((await ask('control', `/v1/artifacts/${r.code}/quotes?shots=1000&points=2&time_limit_s=5`)).body, body);
}));

test('left out, a job\'s own defaults are quoted; the quote is that of a dry run', () => withDoors(async (r, ask) => {
  const answer = quotesAnswer.parse((await ask('session', `/v1/artifacts/${r.code}/quotes`)).body);
  assert.deepEqual([answer.shots, answer.points, answer.time_limit_s], [1024, 1, 60]);
  const submitted = await r.submit();
  assert.ok(submitted.phase === 'waiting' && submitted.quote.kind === 'priced');
  const own = answer.quotes.find(({ device }) => device === 'practice-qpu');
  assert.deepEqual([own?.amount, own?.basis, own?.dated], [submitted.quote.amount, submitted.quote.basis, submitted.quote.prices_dated]);
}));

test('an assessed job knows how old its price is; a free one has none', () => withDoors(async (r) => {
  const age = async (backend: string): Promise<number | null> => (await assess({ job_name: 'age', code_blob: r.code, backend }, [], r.parts, r.store.view)).price_age_days;
  assert.deepEqual([await age('practice-qpu'), await age('simulator')], [22, null]);
}));

test('a program whose gates cannot be counted keeps its other prices', () => withDoors(async (r, ask) => {
  const code = await r.artifacts.put(new TextEncoder().encode(bell.replace('h q[0];', 'while (c[0]) { h q[0]; c[0] = measure q[0]; }')));
  const { quotes } = quotesAnswer.parse((await ask('session', `/v1/artifacts/${code}/quotes`)).body);
  assert.match(quotes.find(({ device }) => device === 'far-away')?.why_not ?? '', /charges by the gate, and the gates of this program cannot be counted \(line \d/);
  assert.equal(quotes.find(({ device }) => device === 'practice-qpu')?.amount?.micros, 1_221_600);
}));

for (const [what, path, code] of [
  ['an unknown digest', `/v1/artifacts/sha256:${'0'.repeat(64)}/quotes`, 'artifact_unknown'],
  ['no digest', '/v1/artifacts/bell.qasm/quotes', 'artifact_unknown'],
  ['no shots', '/v1/artifacts/CODE/quotes?shots=0', 'request_invalid'],
  ['more shots than a spec may ask for', '/v1/artifacts/CODE/quotes?shots=1000000001', 'request_invalid'],
  ['more points than a sweep has', '/v1/artifacts/CODE/quotes?points=1001', 'request_invalid'],
  ['a time that is none', '/v1/artifacts/CODE/quotes?time_limit_s=1e3', 'request_invalid'],
] as const) {
  test(`quotes of ${what}: ${code}`, () => withDoors(async (r, ask) => {
    assert.equal(((await ask('session', path.replace('CODE', r.code))).body as { readonly error: ErrorBody }).error.code, code);
  }));
}

test('the price list is the same at both doors, and fits its schema', () => withDoors(async (_r, ask) => {
  const { body } = await ask('session', '/v1/prices');
  assert.deepEqual(pricesAnswer.parse(body).prices.map(({ device, lapsed, shipped }) => [device, lapsed, shipped]), [['far-away', false, true], ['long-gone', true, true], ['practice-qpu', false, false]]);
  assert.deepEqual((await ask('control', '/v1/prices')).body, body);
}));
