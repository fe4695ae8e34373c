// Envelopes at the command line: asked for as typed, answered from a card that shows every term.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bellFacts, neededBudgets, sampleBudget, sampleDigest, sampleEnvelope, sampleEnvelopeId, samplePending, samplePendingEnvelope, waitingJob } from '@dewar/client/test/samples';
import { anomalies, DewarError, type PendingEnvelopeView } from '@dewar/protocol';
import { card } from '../src/card.ts';
import { envelopeCard, envelopeLines } from '../src/envelope-text.ts';
import { escape, width } from '../src/escape.ts';
import { plain } from '../src/line.ts';
import { parametersFrom, rangesFrom } from '../src/parameters.ts';
import { assertGolden, runCli, withFakes } from './run-cli.ts';

const now = new Date('2026-11-23T07:01:00Z');
const shown = (pending: PendingEnvelopeView, columns = 80): string => envelopeCard(pending, { now, columns }).map((line) => plain(line).trimEnd()).join('\n');

test('the card of an envelope reads as pinned', () => assertGolden('card-envelope.txt', `${shown(samplePendingEnvelope())}\n`));

test('nothing that the agent wrote can leave its line, its column or its label', () => {
  const long = '\u001b[2J\u202e'.repeat(60);
  const base = sampleEnvelope();
  const hostile = samplePendingEnvelope({
    envelope: sampleEnvelope({
      name: long, tags: [long], agent: { note: long }, session: long, facts: { ...bellFacts, notes: [{ line: 1, text: long }], externs: [long] },
      terms: {
        ...base.terms, parameters: Object.fromEntries(Array.from({ length: 64 }, (_, at) => [`${'p'.repeat(60)}${at}`, { min: -1e300, max: 1e300 }])), image: 'i'.repeat(255), packages: Array.from({ length: 64 }, () => 'a==1'),
        data: Array.from({ length: 64 }, () => ({ digest: sampleDigest('9'), size: 1 })), device: { name: long, kind: 'qpu', practice: false },
      },
    }),
    source: `OPENQASM 3.0;${long}\n`.repeat(40), budgets: [{ ...sampleBudget, frozen: true, needs: null }], anomalies,
  });
  for (const columns of [40, 60, 80, 300]) {
    for (const line of [...envelopeCard(hostile, { now, columns }), ...envelopeLines(hostile.envelope, Math.min(columns, 80))].map(plain)) {
      assert.equal(line, escape(line), 'no character that a terminal obeys');
      assert.ok(width(line) <= Math.min(80, columns) || line.startsWith('env_'), line);
    }
  }
});

test('the card says how many inputs it has no room for, what varies first; show lists them all', () => {
  const fixed = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`harmless_looking_angle_${at}`, 0.5]));
  const base = sampleEnvelope();
  const envelope = sampleEnvelope({ terms: { ...base.terms, parameters: { ...fixed, layers: { min: 0, max: 2_000_000 } } } });
  const text = shown(samplePendingEnvelope({ envelope })).replaceAll(/\s+/g, ' ');
  assert.match(text, /May vary layers from 0 to 2000000 · harmless_looking_angle_0 0\.5/);
  assert.match(text, new RegExp(`! \\d+ more inputs not shown, of which 0 may vary: dewar envelope show ${sampleEnvelopeId}`));
  const whole = envelopeLines(envelope, 80).map(plain).join(' ').replaceAll(/\s+/g, ' ');
  for (const name of Object.keys(envelope.terms.parameters)) assert.ok(whole.includes(`${name} `), name);
});

test('the card says what all of an envelope would leave, a job limit of one job, and where not all of it fits now', () => {
  const [day, job] = neededBudgets(20_000_000);
  assert.ok(day !== undefined && job !== undefined);
  const text = shown(samplePendingEnvelope());
  assert.match(text, /all\/day 47\.50 XTS → 27\.50 XTS left \(practice money\), once all is used/);
  assert.match(text, /all\/job 1\.20 XTS of at most 10\.00 XTS a job \(practice money\)/);
  assert.match(text, /the yes reserves nothing: each job is reserved by itself/);
  assert.match(shown(samplePendingEnvelope({ budgets: [{ ...day, remaining_micros: 19_999_999 }] })).replaceAll(/\s+/g, ' '), /all\/day 19\.999999 XTS left \(practice money\): not all of 20\.00 XTS fits now/);
  assert.match(shown(samplePendingEnvelope({ budgets: [{ ...day, frozen: true }, job] })).replaceAll(/\s+/g, ' '), /all\/day FROZEN .* all\/job 1\.20 XTS/);
  assert.match(shown(samplePendingEnvelope({ budgets: [] })), /none in XTS covers it/);
});

test('a job\'s card tells its points and what they set', () => {
  const parameters = { theta: [0, 0.5, 1, 1.5, 2], phi: 0.25 };
  const text = card(samplePending({ job: waitingJob({ points: 5, spec: { ...waitingJob().spec, shots: 200, parameters } }) }), { now }).map(plain).join('\n');
  assert.match(text, /practice-qpu · 5 points × 200\nshots/);
  assert.match(text, /^Sets {6}theta = 0, 0\.5, … \(5 values, from 0 to 2\) · phi = 0\.25$/m);
});

test('approve --yes of an envelope sends the digest and nonce of the card it has shown; deny sends the reason', async () => {
  const sent: unknown[] = [];
  const note = (asked: { readonly body: string }, status: 'live' | 'denied') => {
    sent.push(JSON.parse(asked.body));
    return { envelope: sampleEnvelope({ status }) };
  };
  await withFakes({
    control: {
      [`GET /v1/pending/${sampleEnvelopeId}`]: { envelope_pending: samplePendingEnvelope() },
      [`POST /v1/envelopes/${sampleEnvelopeId}/approve`]: (asked) => note(asked, 'live'),
      [`POST /v1/envelopes/${sampleEnvelopeId}/deny`]: (asked) => note(asked, 'denied'),
    },
  }, async ({ home }) => {
    const approved = await runCli(['approve', sampleEnvelopeId, '--yes'], { home });
    assert.equal(approved.code, 0, approved.stderr);
    assert.match(approved.stderr, /wants an ENVELOPE, many jobs under one yes/);
    assert.match(approved.stdout, /^approved {2}env_/);
    assert.equal((await runCli(['deny', sampleEnvelopeId, '--reason', 'too wide'], { home })).code, 0);
    assert.deepEqual(sent, [{ terms_digest: sampleDigest('2'), nonce: 'nonce-2' }, { reason: 'too wide' }]);
    for (const args of [[sampleEnvelopeId], [sampleEnvelopeId, '--json']]) assert.equal((await runCli(['approve', ...args], { home })).code, 2);
  });
});

test('last is the newest of all that waits, a job or an envelope; where nothing waits it says so', async () => {
  const newest = 'env_01k9zzzzzzzzzzzzzzz9' as const;
  const denied: string[] = [];
  const control = (envelopes: readonly object[], jobs: readonly object[]) => ({
    'GET /v1/envelopes': { envelopes }, 'GET /v1/jobs': { jobs },
    [`POST /v1/envelopes/${newest}/deny`]: () => { denied.push('envelope'); return { envelope: sampleEnvelope({ status: 'denied' }) }; },
    [`POST /v1/jobs/${waitingJob().job_id}/deny`]: () => { denied.push('job'); return { job: waitingJob() }; },
  });
  await withFakes({ control: control([sampleEnvelope({ envelope_id: newest })], [waitingJob()]) }, async ({ home }) => void await runCli(['deny', 'last', '--reason', 'x'], { home }));
  await withFakes({ control: control([sampleEnvelope({ envelope_id: newest, status: 'live' })], [waitingJob()]) }, async ({ home }) => void await runCli(['deny', 'last', '--reason', 'x'], { home }));
  assert.deepEqual(denied, ['envelope', 'job']);
  await withFakes({ control: control([], []) }, async ({ home }) => assert.match((await runCli(['deny', 'last', '--reason', 'x'], { home })).stderr, /nothing waits for a person/));
});

test('nobody says yes to an envelope whose program cannot be read', async () => {
  await withFakes({ control: { [`GET /v1/pending/${sampleEnvelopeId}`]: { envelope_pending: samplePendingEnvelope({ source: '', source_error: 'the stored bytes have changed' }) } } }, async ({ home }) => {
    const ended = await runCli(['approve', sampleEnvelopeId, '--yes'], { home });
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /the stored bytes have changed/);
  });
});

test('envelope request sends what was typed, waits for the answer, and says how to go on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-envelope-'));
  const file = join(folder, 'vqe.qasm');
  writeFileSync(file, 'OPENQASM 3.0;');
  const sent: unknown[] = [];
  try {
    await withFakes({
      session: {
        'PUT /v1/artifacts': { digest: sampleDigest('a'), size: 13 },
        'POST /v1/envelopes': (asked) => {
          sent.push(JSON.parse(asked.body));
          return { envelope: sampleEnvelope() };
        },
        [`GET /v1/envelopes/${sampleEnvelopeId}`]: { envelope: sampleEnvelope({ status: 'live' }) },
      },
    }, async ({ home }) => {
      const ended = await runCli(['envelope', 'request', file, '--backend', 'ibmq_qpu_1', '--shots', '1000', '--jobs', '40', '--max-cost', '20', '--param', 'theta=-3.15..3.15', '--param', 'layers=2'], { home });
      assert.equal(ended.code, 0, ended.stderr);
      assert.deepEqual(sent, [{ name: 'vqe', code_blob: sampleDigest('a'), backend: 'ibmq_qpu_1', shots: 1000, max_jobs: 40, expires_in_s: 3600, parameters: { theta: { min: -3.15, max: 3.15 }, layers: 2 }, max_cost: 20 }]);
      assert.match(ended.stderr, /--envelope env_01k9zzzzzzzzzzzzzzz1/);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('parameters as typed: values, lists, evenly spaced; each name once', () => {
  assert.deepEqual(parametersFrom(['a=0.5', 'b=1,2,-3', 'c=0:1:5', 'd=true', 'θ=1e-3']), { a: 0.5, b: [1, 2, -3], c: [0, 0.25, 0.5, 0.75, 1], d: true, θ: 0.001 });
  assert.deepEqual(parametersFrom(['a=0:0.3:4']), { a: [0, 0.1, 0.2, 0.3] });
  assert.deepEqual(rangesFrom(['a=-1..1', 'b=2', 'c=false']), { a: { min: -1, max: 1 }, b: 2, c: false });
  for (const bad of ['a', '=1', 'a=', 'a=x', 'a=1,', 'a=0:1:0', 'a=0:1:1001', 'a=0:1', 'a=NaN', 'a=Infinity', '__proto__=1', '1a=1', 'a b=1']) assert.throws(() => parametersFrom([bad]), (error) => error instanceof DewarError && error.code === 'usage_invalid', bad);
  assert.throws(() => parametersFrom(['a=1', 'a=2']), { code: 'usage_invalid' });
  for (const bad of ['a=1..2..3', 'a=..', 'a=1..', 'a=1,2']) assert.throws(() => rangesFrom([bad]), { code: 'usage_invalid' }, bad);
});
