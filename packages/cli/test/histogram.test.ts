// Counts as bars: order, proportion and width.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { width } from '../src/escape.ts';
import { histogram } from '../src/histogram.ts';
import { plain } from '../src/line.ts';

const text = (counts: Record<string, number>, columns = 40, top?: number): string[] => histogram(counts, columns, top).map(plain);

test('the most frequent comes first, equals in order of their bits', () => {
  assert.deepEqual(text({ '11': 5, '00': 5, '01': 90 }).map((line) => line.slice(0, 2)), ['01', '00', '11']);
});

test('bars are in proportion, in eighths of a column', () => {
  assert.deepEqual(text({ '0': 8, '1': 3 }, 29), ['0 ████████████████ 8   72.7%', '1 ██████           3   27.3%']);
  assert.match(text({ '0': 128, '1': 9 }, 31)[1] ?? '', /^1 █▏ /);
});

test('what was seen once stays visible', () => {
  assert.match(text({ '0': 1_000_000, '1': 1 })[1] ?? '', /▏/);
});

test('what was not seen has no bar', () => {
  assert.doesNotMatch(text({ '0': 10, '1': 0 })[1] ?? '', /[█▏▎▍▌▋▊▉]/);
});

test('beyond the top the rest is summed up', () => {
  const counts = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [index.toString(2).padStart(5, '0'), 20 - index]));
  const lines = text(counts);
  assert.equal(lines.length, 17);
  assert.equal(lines[16], '… 4 more, 10 shots together');
});

test('no counts give no lines', () => assert.deepEqual(text({}), []));

test('every line fits the width', () => {
  fc.assert(fc.property(
    fc.dictionary(fc.string({ unit: fc.constantFrom('0', '1'), minLength: 1, maxLength: 120 }), fc.integer({ min: 0, max: 1_000_000_000 }), { maxKeys: 30 }), fc.integer({ min: 40, max: 200 }),
    (counts, columns) => { for (const line of text(counts, columns)) assert.ok(width(line) <= columns, line); },
  ));
});
