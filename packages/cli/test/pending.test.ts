// A waiting job's program: shown whole, and what becomes of a job whose program cannot be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PendingView } from '@dewar/protocol';
import type { Answers } from '@dewar/client/test/fake-broker';
import { sampleJob, sampleJobId, samplePending, waitingJob } from '@dewar/client/test/samples';
import { runCli, withFakes } from './run-cli.ts';

/** Without the list of all that waits: nothing but `dewar pending` itself needs it. */
const desk = (pending: PendingView, sent: unknown[] = []): Answers => ({
  'GET /v1/jobs': { jobs: [sampleJob({ job_id: 'job_01k9zzzzzzzzzzzzzzz9' }), waitingJob()] },
  'GET /v1/envelopes': { envelopes: [] },
  [`GET /v1/pending/${sampleJobId}`]: { pending },
  [`POST /v1/jobs/${sampleJobId}/approve`]: (asked) => { sent.push(asked.body); return { job: waitingJob({ status: 'queued' }) }; },
  [`POST /v1/jobs/${sampleJobId}/deny`]: () => ({ job: waitingJob({ status: 'denied' }) }),
});

test('a job whose program cannot be read is shown, not approved, and can be denied', async () => {
  const sent: unknown[] = [];
  const broken = samplePending({ source: '', source_error: 'the stored bytes have changed' });
  await withFakes({ control: desk(broken, sent) }, async ({ home }) => {
    const shown = await runCli(['pending', 'last'], { home });
    assert.match(shown.stdout, /^The stored program cannot be read: the stored bytes have changed$/m);
    const refused = await runCli(['approve', sampleJobId, '--yes'], { home });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /\(approval_stale\)/);
    assert.deepEqual(sent, []);
    assert.equal((await runCli(['deny', 'last', '--reason', 'damaged'], { home })).code, 0);
  });
});

test('pending --source prints the program with line numbers, escaped, and wants a job', async () => {
  const source = 'OPENQASM 3.0;\n// \u001b[2J\n';
  await withFakes({ control: desk(samplePending({ source })) }, async ({ home }) => {
    assert.equal((await runCli(['pending', 'last', '--source'], { home })).stdout, '   1  OPENQASM 3.0;\n   2  // \\u{1b}[2J\n');
    assert.equal((await runCli(['pending', '--source'], { home })).code, 2);
  });
});
