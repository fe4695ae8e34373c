// What a child says its results are: checked against the registers by a loop, whatever their number.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultsFrom } from '../src/answer.ts';
import { requestOf } from './fixture.ts';

const said = (registers: { name: string; size: number }[], keys: string[], counts: number[]) =>
  resultsFrom({ type: 'results', registers, points: [{ method: 'state-vector', keys, counts }] }, requestOf());
const shots = requestOf().shots;

test('ten thousand registers are read as well as one', () => {
  const registers = Array.from({ length: 10_000 }, (_, index) => ({ name: `c${index}`, size: 1 }));
  const key = Array.from({ length: 10_000 }, () => '0').join(' ');
  const results = said(registers, [key], [shots]);
  assert.ok(typeof results === 'object' && results.format === 'dewar.results/v1' && results.counts[key] === shots);
  assert.equal(said(registers, [key.replace('0 0', '0  ')], [shots]), 'a key does not fit the registers');
  const wide = said(Array.from({ length: 10 }, (_, index) => ({ name: `w${index}`, size: 1_000_000 })), ['0'], [shots]);
  assert.equal(wide, 'a key does not fit the registers');
});

test('spaces stand between registers and nowhere else, the first declared rightmost', () => {
  const registers = [{ name: 'a', size: 1 }, { name: 'b', size: 3 }];
  assert.equal(typeof said(registers, ['101 0'], [shots]), 'object');
  for (const key of ['1 010', '10100', '101 2', ' 1010', '101 ', '1010 ']) assert.equal(said(registers, [key], [shots]), 'a key does not fit the registers', key);
});

test('a sweep answers one row a point, in order, and as many as were asked for', () => {
  const sweep = requestOf({ sweep: true, points: [{ theta: 0.5 }, { theta: 1 }] });
  const registers = [{ name: 'c', size: 1 }];
  const row = (ones: number, method: 'state-vector' | 'shot-by-shot' = 'state-vector') => ({ method, keys: ['0', '1'], counts: [shots - ones, ones] });
  const results = resultsFrom({ type: 'results', registers, points: [row(10), row(60, 'shot-by-shot')] }, sweep);
  assert.ok(typeof results === 'object' && results.format === 'dewar.sweep/v1');
  assert.deepEqual(results.points.map(({ parameters, counts }) => [parameters, counts]), [[{ theta: 0.5 }, { 0: 90, 1: 10 }], [{ theta: 1 }, { 0: 40, 1: 60 }]]);
  assert.equal(results.points[0]?.engine, undefined);
  assert.equal(results.points[1]?.engine?.method, 'shot-by-shot');
  assert.match(JSON.stringify(resultsFrom({ type: 'results', registers, points: [row(10)] }, sweep)), /1 points, where 2/);
  assert.match(JSON.stringify(resultsFrom({ type: 'results', registers, points: [row(10), { ...row(10), counts: [1, 1] }] }, sweep)), /do not sum/);
  assert.match(JSON.stringify(resultsFrom({ type: 'results', registers, points: [row(10), { ...row(10), method: 'noisy-trajectories' }] }, sweep)), /was not asked for/);
});

test('one point with values keeps them beside its counts', () => {
  const results = resultsFrom({ type: 'results', registers: [{ name: 'c', size: 1 }], points: [{ method: 'state-vector', keys: ['0'], counts: [shots] }] }, requestOf({ points: [{ theta: 0.5 }] }));
  assert.ok(typeof results === 'object' && results.format === 'dewar.results/v1');
  assert.deepEqual(results.parameters, { theta: 0.5 });
});
