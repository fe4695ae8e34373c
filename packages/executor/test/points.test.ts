// Sweeps in the executor: each point bound, sampled with a seed of its own, and refused where points do not answer alike.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DewarError } from '@dewar/protocol';
import { simulatePoints } from '../src/simulation/points.ts';
import type { Program } from '../src/wire.ts';
import { compilerHere as compiler, factsOf, qasm3, requestOf, runWatched } from './fixture.ts';

const rotation = `${qasm3}input float[64] theta;\nqubit q;\nbit c;\nry(theta) q;\nc = measure q;\n`;
const program = (changes: Partial<Program>): Program => ({ source: rotation, points: [{}], shots: 1000, seed: 7, noise: null, qubits: 1, measurements: 1, dynamic: false, ...changes });
const ones = ({ keys, counts }: { readonly keys: readonly string[]; readonly counts: readonly number[] }): number => counts[keys.indexOf('1')] ?? 0;

describe('a sweep', () => {
  it('answers each point with its own values, and tells progress over all shots', async () => {
    const told: number[] = [];
    const { registers, points } = await simulatePoints(program({ points: [{ theta: 0 }, { theta: Math.PI / 2 }, { theta: Math.PI }] }), await compiler, (done) => told.push(done));
    assert.deepEqual(registers, [{ name: 'c', size: 1 }]);
    assert.deepEqual([points.map(ones)[0], points.map(ones)[2]], [0, 1000]);
    assert.ok(Math.abs(ones(points[1] ?? assert.fail()) - 500) < 100);
    assert.deepEqual(told, [1000, 2000]);
  });

  it('samples equal points with different seeds, and the same sweep the same way twice', async () => {
    const sweep = program({ points: Array.from({ length: 4 }, () => ({ theta: 1.5 })) });
    const [one, two] = [await simulatePoints(sweep, await compiler, () => {}), await simulatePoints(sweep, await compiler, () => {})];
    assert.deepEqual(one, two);
    assert.ok(new Set(one.points.map(ones)).size > 1);
  });

  it('point k is the single job with seed + k', async () => {
    const sweep = await simulatePoints(program({ points: [{ theta: 1 }, { theta: 2 }] }), await compiler, () => {});
    const alone = await simulatePoints(program({ points: [{ theta: 2 }], seed: 8 }), await compiler, () => {});
    assert.deepEqual(sweep.points[1], alone.points[0]);
  });

  it('binds inside the arguments of gates that the program defines, where an angle is halved', async () => {
    const own = `${qasm3}input float theta;\nqubit q;\nbit c;\ngate half(t) a { ry(t/2) a; }\nhalf(2*theta) q;\nc = measure q;\n`;
    const { points } = await simulatePoints(program({ source: own, points: [{ theta: Math.PI }, { theta: -Math.PI }, { theta: 3 * Math.PI }] }), await compiler, () => {});
    assert.deepEqual(points.map(ones), [1000, 1000, 1000]);
  });

  it('runs loops as long as each point says', async () => {
    const looped = `${qasm3}input int n;\nqubit q;\nbit c;\nfor int i in [1:n] { x q; }\nc = measure q;\n`;
    const { points } = await simulatePoints(program({ source: looped, points: [{ n: 1 }, { n: 2 }, { n: 3 }] }), await compiler, () => {});
    assert.deepEqual(points.map(ones), [1000, 0, 1000]);
  });

  it('refuses points whose registers differ', async () => {
    const sized = `${qasm3}input int n;\nqubit[n] q;\nbit[n] c;\nc = measure q;\n`;
    await assert.rejects(simulatePoints(program({ source: sized, qubits: 2, measurements: 2, points: [{ n: 1 }, { n: 2 }] }), await compiler, () => {}), (error) => error instanceof DewarError && error.code === 'program_invalid');
  });

  it('runs in its own process and comes back as a table', async () => {
    const { outcome } = await runWatched({ redeem: async () => requestOf({ source: rotation, facts: factsOf({ qubits: 1, measurements: 1 }), points: [{ theta: 0 }, { theta: Math.PI }], sweep: true }) });
    assert.ok(outcome.kind === 'completed' && outcome.results.format === 'dewar.sweep/v1', JSON.stringify(outcome));
    assert.deepEqual(outcome.results.points, [{ parameters: { theta: 0 }, counts: { 0: 100 } }, { parameters: { theta: Math.PI }, counts: { 1: 100 } }]);
  });
});
