// How long `dewar policy diff` takes: its own decide loop on a history that a stand-in broker, in a thread of its own, pages out over a socket.
// Usage: node bench/policy-diff.ts [--count N]: so many past jobs, 100,000 if left out.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { ControlClient } from '../packages/client/src/index.ts';
import { decideAgain, decideOn, loadPolicy, parseBundle, sha256, withDeciders } from '../packages/policy/src/index.ts';
import type { JsonObject, PolicyInput } from '../packages/protocol/src/index.ts';

const shipped = new URL('../policies/default/', import.meta.url);
const bundle = parseBundle(readFileSync(new URL('quantum_policy.bundle.json', shipped)));
const wasm = readFileSync(new URL('quantum_policy.wasm', shipped));

/** Jobs as a year of them may be: a fifth for a QPU, all different, each with the decision that the shipped policy gives. */
function serve(socket: string): void {
  const policy = loadPolicy(bundle, wasm);
  const { bases } = JSON.parse(readFileSync(new URL('cases.json', shipped), 'utf8')) as { readonly bases: { readonly simulator: PolicyInput & JsonObject; readonly qpu: PolicyInput & JsonObject } };
  const variety = 2000;
  const bodies = Array.from({ length: variety }, (_, place) => {
    const shots = 1 + ((place * 7919) % 12_000);
    const input: PolicyInput = { ...(place % 5 === 0 ? bases.qpu : bases.simulator), shots, shots_per_point: shots };
    return `"at":"2026-11-23T07:00:00.000Z","decision":${JSON.stringify(decideOn(policy, input, sha256))},"input":${JSON.stringify(input)}}`;
  });
  const idOf = (place: number): string => `job_01k9${String(place).padStart(16, '0')}`;
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? '', 'http://dewar').searchParams;
    const limit = Number(query.get('limit'));
    const from = Number(query.get('before')?.slice(8) ?? 10_000_000) - 1;
    const decisions = Array.from({ length: limit }, (_, place) => `{"job_id":"${idOf(from - place)}",${bodies[(from - place) % variety]}`);
    response.end(`{"decisions":[${decisions.join(',')}],"next":"${idOf(from - limit + 1)}"}`);
  });
  server.listen(socket, () => parentPort?.postMessage('listening'));
}

async function measure(count: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-bench-'));
  const socket = join(folder, 'b.sock');
  const worker = new Worker(new URL(import.meta.url), { workerData: socket });
  try {
    await new Promise((resolve) => worker.once('message', resolve));
    const control = new ControlClient(socket);
    const began = performance.now();
    let most = 0;
    const { seen, same } = await withDeciders(bundle, wasm, ({ decide, threads }) => decideAgain({
      page: (limit, before) => control.pastDecisions(limit, before), decide, atOnce: threads, most: count, keep: 20, signal: new AbortController().signal,
      onProgress: () => { most = Math.max(most, process.memoryUsage.rss()); },
    }));
    const seconds = (performance.now() - began) / 1000;
    if (seen !== count || same !== count) throw new Error(`${same} of ${seen} came out the same, not all ${count}`);
    console.log('past jobs    seconds    a second    seconds for 1,000,000    most memory, MiB');
    console.log(`${String(count).padStart(9)}   ${seconds.toFixed(1).padStart(8)}   ${String(Math.round(count / seconds)).padStart(9)}   ${String(Math.round((seconds / count) * 1_000_000)).padStart(22)}   ${String(Math.round(most / 1_048_576)).padStart(17)}`);
  } finally {
    await worker.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (isMainThread) {
  const { values } = parseArgs({ options: { count: { type: 'string', default: '100000' } } });
  await measure(Math.min(9_000_000, Math.max(1, Number(values.count) || 1)));
} else serve(String(workerData));
