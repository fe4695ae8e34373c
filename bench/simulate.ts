// Compares the state-vector sampler with qsharp-lang's own shot loop: time per circuit, and their ratio. `--count N` runs N small circuits only.
import { parseArgs } from 'node:util';
import { openCompiler } from '../packages/executor/src/simulation/compile.ts';
import { simulate } from '../packages/executor/src/simulation/simulate.ts';

const { values } = parseArgs({ options: { count: { type: 'string' } } });

interface Case {
  readonly qubits: number;
  readonly gates: number;
  readonly shots: number;
}

const all: readonly Case[] = [
  { qubits: 2, gates: 10, shots: 100 }, { qubits: 5, gates: 50, shots: 1000 }, { qubits: 10, gates: 100, shots: 1000 }, { qubits: 12, gates: 200, shots: 1000 },
  { qubits: 14, gates: 100, shots: 100 }, { qubits: 16, gates: 100, shots: 50 }, { qubits: 20, gates: 60, shots: 10 }, { qubits: 24, gates: 60, shots: 1 },
];
const wanted = values.count === undefined ? all : all.slice(0, 4).slice(0, Number(values.count)).map((entry) => ({ ...entry, shots: Math.min(entry.shots, 100) }));

function circuit({ qubits, gates }: Case): string {
  const lines = Array.from({ length: gates }, (_, index) =>
    index % 3 === 0 ? `cx q[${index % qubits}], q[${(index + 1) % qubits}];` : `ry(${((index * 37) % 100) / 50 + 0.01}) q[${index % qubits}];`);
  return `OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[${qubits}] q;\nbit[${qubits}] c;\n${lines.join('\n')}\nc = measure q;\n`;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

const compiler = await openCompiler(1);
// The first compilation pays for the engine's own warming up.
await simulate({ source: circuit({ qubits: 2, gates: 3, shots: 1 }), shots: 1, seed: 1, noise: null, qubits: 2, measurements: 2, dynamic: false }, compiler, () => {});
const row = (cells: readonly (string | number)[]): void => console.log(cells.map((cell) => String(cell).padStart(12)).join(''));
row(['qubits', 'gates', 'shots', 'ours s', 'loop s', 'loop/ours']);
for (const entry of wanted) {
  const program = { source: circuit(entry), shots: entry.shots, seed: 1, noise: null, qubits: entry.qubits, measurements: entry.qubits };
  const ours = await seconds(() => simulate({ ...program, dynamic: false }, compiler, () => {}));
  const loop = await seconds(() => simulate({ ...program, dynamic: true }, compiler, () => {}));
  row([entry.qubits, entry.gates, entry.shots, ours.toFixed(3), loop.toFixed(3), (loop / ours).toFixed(1)]);
}
