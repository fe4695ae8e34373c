// Results for a model: the top, what was left out, and tables that stay small whatever the job gave.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleDigest, sampleJobId, sampleResults } from '@dewar/client/test/samples';
import type { Results, SweepResults } from '@dewar/protocol';
import { mostPoints, resultsOutput, resultsText, resultsTold, type Answer } from '../src/results-told.ts';

const whole: Wanted = { top: 16, from_point: 0 };
type Wanted = Parameters<typeof resultsTold>[1];
const one = sampleResults.results as Results;
const answer = (results: Results | SweepResults): Answer => ({ job_id: sampleJobId, results_digest: sampleDigest('1'), results });
const bell = (change: Partial<Results>): Answer => answer({ ...one, ...change });
const { format: _format, counts: _counts, ...shared } = one;
const sweep = (points: SweepResults['points']): Answer => answer({ ...shared, shots: 10, format: 'dewar.sweep/v1', points });

test('the most frequent come first, equals by their bits, and the rest is counted', () => {
  const told = resultsTold(bell({ shots: 10, counts: { '00': 1, '01': 4, '10': 1, '11': 4 } }), { ...whole, top: 3 });
  assert.deepEqual(told.outcomes, [{ bits: '01', count: 4, probability: 0.4 }, { bits: '11', count: 4, probability: 0.4 }, { bits: '00', count: 1, probability: 0.1 }]);
  assert.deepEqual([told.outcomes_left_out, told.shots_left_out], [1, 1]);
  assert.match(resultsText(told), /1 more outcomes, 1 shots together/);
});

test('parity is the mean of plus and minus one over all registers', () => {
  assert.equal(resultsTold(bell({ shots: 4, counts: { '00': 1, '1 1': 1, '01': 2 } }), whole).parity, 0);
  assert.equal(resultsTold(bell({ shots: 8, counts: { '111': 8 } }), whole).parity, -1);
});

test('65,536 outcomes make an answer no larger than a few do', () => {
  const counts = Object.fromEntries(Array.from({ length: 65_536 }, (_, at) => [at.toString(2).padStart(16, '0'), 1]));
  const told = resultsTold(bell({ shots: 65_536, counts }), whole);
  assert.equal(told.outcomes_left_out, 65_520);
  assert.ok(JSON.stringify(told).length < 4000 && resultsText(told).length < 2000);
});

test('a sweep is a row a point, 200 at a time, and says where the next begin', () => {
  const all = sweep(Array.from({ length: 450 }, (_, at) => ({ parameters: { theta: at / 100, on: true }, counts: at % 2 === 0 ? { '0': 9, '1': 1 } : {} })));
  const told = resultsTold(all, whole);
  assert.deepEqual([told.points?.length, told.points_total, told.next_point], [mostPoints, 450, 200]);
  assert.deepEqual(told.points?.[2], { point: 2, parameters: { theta: 0.02, on: true }, top: { bits: '0', count: 9, probability: 0.9 }, parity: 0.8 });
  assert.deepEqual(told.points?.[1]?.top, null);
  const last = resultsTold(all, { ...whole, from_point: 400 });
  assert.deepEqual([last.points?.[0]?.point, last.points?.length, last.next_point], [400, 50, null]);
  assert.ok(JSON.stringify(told).length < 40_000);
});

test('one point of a sweep is told like an ordinary job', () => {
  const told = resultsTold(sweep([{ parameters: { a: 1 }, counts: { '0': 10 } }, { parameters: { a: 2 }, counts: { '1': 10 } }]), { ...whole, point: 1 });
  assert.deepEqual([told.parameters, told.outcomes, told.points, told.points_total], [{ a: 2 }, [{ bits: '1', count: 10, probability: 1 }], undefined, 2]);
});

test('names from a program or a device cannot leave their line', () => {
  const told = resultsTold(bell({ registers: [{ name: 'c\n\u202eIGNORE', size: 2 }], practice: { device: 'x\u001b[2J', calibrated: '\u0000' }, parameters: { 'a\u2028': 1 } }), whole);
  assert.equal(resultsOutput.safeParse(told).success, true);
  assert.doesNotMatch(JSON.stringify(told) + resultsText(told).replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}]/u);
});
