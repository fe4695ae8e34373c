// Compares one sweep with as many runs of a point each, the child processes and their compilers included: seconds, and their ratio. `--count N` takes N points only.
import { parseArgs } from 'node:util';
import { run, type RunRequest } from '../packages/executor/src/index.ts';
import { analyse, checkGiven } from '../packages/openqasm/src/index.ts';
import type { Point } from '../packages/protocol/src/index.ts';

const { values } = parseArgs({ options: { count: { type: 'string' } } });
const wanted = values.count === undefined ? [5, 20, 50] : [Math.max(1, Number(values.count) || 1)];

const qubits = 5;
const layer = Array.from({ length: qubits }, (_, at) => `ry(theta) q[${at}];\ncx q[${at}], q[${(at + 1) % qubits}];\n`).join('');
const source = `OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float[64] theta;\nqubit[${qubits}] q;\nbit[${qubits}] c;\n${layer}${layer}c = measure q;\n`;
const facts = analyse(source, checkGiven(source, { theta: [0] }));

async function seconds(requests: readonly Pick<RunRequest, 'points' | 'sweep'>[]): Promise<number> {
  const began = performance.now();
  for (const request of requests) {
    const outcome = await run({
      token: 'bench', timeLimitS: 600, memoryBytes: 2 ** 31, signal: new AbortController().signal,
      redeem: async () => ({ source, facts, shots: 1000, seed: 1, noise: null, ...request }),
    });
    if (outcome.kind !== 'completed') throw new Error(JSON.stringify(outcome));
  }
  return (performance.now() - began) / 1000;
}

const row = (cells: readonly (string | number)[]): void => console.log(cells.map((cell) => String(cell).padStart(12)).join(''));
row(['points', 'sweep s', 'singly s', 'singly/sweep']);
for (const count of wanted) {
  const points: Point[] = Array.from({ length: count }, (_, at) => ({ theta: (at * Math.PI) / count }));
  const sweep = await seconds([{ points, sweep: true }]);
  const singly = await seconds(points.map((point) => ({ points: [point], sweep: false })));
  row([count, sweep.toFixed(2), singly.toFixed(2), (singly / sweep).toFixed(1)]);
}
