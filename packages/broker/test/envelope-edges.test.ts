// Envelopes at their edges: the last millisecond, a doubt that no card showed, questions that nobody answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '../src/core/envelope.ts';
import type { Job } from '../src/core/job.ts';
import type { Store } from '../src/core/ports.ts';
import { receiptOf, session, withRig, type Rig } from './fixture.ts';

const head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n';
const turn = `${head}input float theta;\nqubit[2] q;\nbit[2] c;\nry(theta) q[0];\nc = measure q;\n`;
const pick = `${head}input int n;\nqubit[2] q;\nbit[2] c;\nx q[n];\nc = measure q;\n`;
type Fields = Readonly<Record<string, unknown>>;

async function simulated(r: Rig, source: string, parameters: Fields): Promise<string> {
  const code = await r.artifacts.put(new TextEncoder().encode(source));
  await r.until((await r.submit({ code_blob: code, backend: 'simulator', parameters })).id, 'ended');
  return code;
}

const ask = (r: Rig, code: string, change: Fields): Promise<Envelope> =>
  r.corridor.envelopes.request(new TextEncoder().encode(JSON.stringify({ name: 'edge', code_blob: code, backend: 'ibmq_qpu_1', shots: 100, max_jobs: 20, max_cost: 20, expires_in_s: 3600, ...change })), session);

async function live(r: Rig, code: string, change: Fields): Promise<Envelope> {
  const waiting = await ask(r, code, change);
  assert.ok(waiting.phase === 'waiting', JSON.stringify(waiting.decision));
  return r.corridor.envelopes.approve(waiting.id, { terms_digest: waiting.terms_digest, nonce: waiting.nonce });
}

const under = (r: Rig, code: string, envelope: Envelope, parameters: Fields): Promise<Job> => r.submit({ code_blob: code, backend: 'ibmq_qpu_1', shots: 100, envelope: envelope.id, parameters });

for (const early of [1, 2, 3, 4, 5, 6]) {
  test(`a job that enters as its envelope ends, ${early} looks at the clock before, is outside or has a receipt that verifies`, withRig(async (r) => {
    const code = await simulated(r, turn, { theta: 0 });
    const envelope = await live(r, code, { parameters: { theta: { min: -1, max: 1 } }, expires_in_s: 60 });
    let time = Date.parse(envelope.terms.until) - early - 1;
    r.clock.now = () => (time += 1);
    const job = await under(r, code, envelope, { theta: 0.5 });
    if (job.phase !== 'waiting') await receiptOf(r, await r.until(job.id, 'ended'));
    assert.deepEqual(r.errors, []);
  }));
}

test('a doubt that the card of the envelope did not show asks again', withRig(async (r) => {
  const code = await simulated(r, pick, { n: 0 });
  const envelope = await live(r, code, { parameters: { n: { min: 0, max: 9 } } });
  assert.deepEqual(envelope.decision.reasons.map(({ rule }) => rule), ['hardware.ask', 'envelope.terms']);
  assert.notEqual((await under(r, code, envelope, { n: 1 })).phase, 'waiting');
  const strange = await under(r, code, envelope, { n: 7 });
  assert.equal(strange.facts.confidence, 'unknown');
  assert.equal(strange.phase, 'waiting');
  assert.match(strange.decision.reasons.at(-1)?.message ?? '', /facts\.confidence/);
}));

test('questions that nobody answered in time are not read again, however many', async () => {
  let most = 0;
  const around = (store: Store): Store => ({
    view: store.view, verify: () => store.verify(),
    commit: (work) => store.commit((tx) => work(Object.assign(Object.create(tx) as typeof tx, {
      envelopes: async (filter: Parameters<typeof tx.envelopes>[0]) => {
        const found = await tx.envelopes(filter);
        most = Math.max(most, found.length);
        return found;
      },
    }))),
  });
  await withRig(async (r) => {
    const code = await simulated(r, turn, { theta: 0 });
    for (let round = 0; round < 3; round += 1) {
      for (let count = 0; count < 10; count += 1) await ask(r, code, { parameters: { theta: 0 }, expires_in_s: 60 });
      r.clock.advance(60_000);
    }
    await ask(r, code, { parameters: { theta: 0 } });
    assert.ok(most <= 10, `${most} rows read`);
  }, { around })();
});
