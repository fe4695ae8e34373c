// The tour's agent: a process that holds one socket and no key. An order a line on stdin makes it upload a circuit and submit a job spec; it tells of it on stdout.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { SessionClient } from '@dewar/client';
import { DewarError, type ErrorBody } from '@dewar/protocol';

interface Order {
  readonly n: number;
  readonly circuit: string;
  readonly spec: string;
}

const session = new SessionClient(process.env['DEWAR_SOCKET'] ?? '');

function tell(n: number, what: { readonly job_id: string } | { readonly end: string; readonly keys: number } | { readonly error: ErrorBody }): void {
  process.stdout.write(`${JSON.stringify({ n, ...what })}\n`);
}

async function carryOut({ n, circuit, spec }: Order): Promise<void> {
  await session.putArtifact(await readFile(circuit));
  const answer = await session.submit(await readFile(spec));
  if (answer.dry_run) throw new Error('the tour orders no dry runs');
  const { job_id } = answer.job;
  tell(n, { job_id });
  const job = await session.wait(job_id);
  const results = job.status === 'completed' ? (await session.results(job_id)).results : undefined;
  tell(n, { end: job.status, keys: results?.format === 'dewar.results/v1' ? Object.keys(results.counts).length : 0 });
}

// When the tour is gone, however it went, so is its agent.
process.stdin.on('end', () => process.exit(0));
createInterface({ input: process.stdin }).on('line', (line) => {
  const order: Order = JSON.parse(line);
  carryOut(order).catch((error: unknown) => {
    tell(order.n, { error: error instanceof DewarError ? error.toBody() : { code: 'internal', message: String(error) } });
  });
});
