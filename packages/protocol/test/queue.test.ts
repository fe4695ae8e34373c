// A place in a line, in words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laneOf, placeText, startText } from '../src/index.ts';

for (const [likely, cautious, wanted] of [
  [0, null, 'starts at any moment'], [0, 0, 'starts at any moment'], [40, null, 'starts in about 40 s'], [40, 40, 'starts in about 40 s'], [40, 90, 'starts in about 40 s, 90 s if runs are long'],
  [179, 180, 'starts in about 179 s, 3 min if runs are long'], [3600, 10_800, 'starts in about 60 min, 3 h if runs are long'],
] as const) {
  test(`${likely} and ${cautious} seconds: ${wanted}`, () => assert.equal(startText({ start_after_s: { likely, cautious }, basis: 'b' }), wanted));
}

test('what is not known is said, with why, and no number', () => {
  assert.equal(startText({ start_after_s: null, basis: 'not known yet: 0 of the 3 runs' }), 'start not known yet: 0 of the 3 runs');
  assert.equal(startText({ start_after_s: null, basis: 'the brake is on' }), 'start not known: the brake is on');
  assert.equal(placeText({ position: 2, of: 3, lane: 'batch', estimate: { start_after_s: null, basis: 'the brake is on' } }), 'place 2 of 3, batch; start not known: the brake is on');
});

test('a job that names no lane is interactive', () => {
  assert.equal(laneOf({}), 'interactive');
  assert.equal(laneOf({ lane: 'batch' }), 'batch');
});
