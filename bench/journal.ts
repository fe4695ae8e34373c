// How many durable commits a second the journal takes at 1, 8 and 64 at once, and how fast all of it is verified.
// Usage: node bench/journal.ts [--count N].
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkpointSignerFromPem, generateCheckpointKey } from '@dewar/receipt';
import { SqliteStore } from '../packages/broker/src/adapters/sqlite/store.ts';
import { sha256, systemClock, systemRandom } from '../packages/broker/src/adapters/system.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '2000' } } });
const count = Math.max(1, Number(values.count) || 1);
const folder = mkdtempSync(join(tmpdir(), 'dewar-bench-'));
const store = new SqliteStore({
  file: join(folder, 'journal.db'), clock: systemClock, random: systemRandom, sha256, signer: checkpointSignerFromPem('bench.local/journal', generateCheckpointKey().privatePem),
  onFatal: (error) => {
    throw error;
  },
});
// About the size of a submitted job's event.
const body = { summary: 'submitted from session default for practice-qpu', spec: { job_name: 'bench', code_blob: `sha256:${'0'.repeat(64)}`, backend: 'practice-qpu', shots: 1024 }, padding: 'x'.repeat(800) };

try {
  console.log(`${count} commits a row, one event of about 1 KB each, in ${folder}\n`);
  console.log('at once    commits a second    median ms    99th ms');
  for (const atOnce of [1, 8, 64]) {
    const times: number[] = [];
    let left = count;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const before = performance.now();
        await store.commit((tx) => tx.append({ type: 'broker.started', body }));
        times.push(performance.now() - before);
      }
    };
    const started = performance.now();
    await Promise.all(Array.from({ length: atOnce }, worker));
    const seconds = (performance.now() - started) / 1000;
    const sorted = times.toSorted((a, b) => a - b);
    const at = (part: number): string => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2);
    console.log(`${String(atOnce).padStart(7)}    ${String(Math.round(count / seconds)).padStart(16)}    ${at(0.5).padStart(9)}    ${at(0.99).padStart(7)}`);
  }
  const started = performance.now();
  const { size, problems } = await store.verify();
  const seconds = (performance.now() - started) / 1000;
  if (problems.length > 0) throw new Error(problems.join('; '));
  console.log(`\nverify: ${size} events in ${seconds.toFixed(2)} s, ${Math.round(size / seconds)} a second`);
} finally {
  await store.close();
  rmSync(folder, { recursive: true });
}
