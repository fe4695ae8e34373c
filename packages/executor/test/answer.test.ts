// What a child says its results are: checked against the registers by a loop, whatever their number.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultsFrom } from '../src/answer.ts';
import { requestOf } from './fixture.ts';

const said = (registers: { name: string; size: number }[], keys: string[], counts: number[]) =>
  resultsFrom({ type: 'results', method: 'state-vector', registers, keys, counts }, requestOf());
const shots = requestOf().shots;

test('ten thousand registers are read as well as one', () => {
  const registers = Array.from({ length: 10_000 }, (_, index) => ({ name: `c${index}`, size: 1 }));
  const key = Array.from({ length: 10_000 }, () => '0').join(' ');
  const results = said(registers, [key], [shots]);
  assert.ok(typeof results === 'object' && results.counts[key] === shots);
  assert.equal(said(registers, [key.replace('0 0', '0  ')], [shots]), 'a key does not fit the registers');
  const wide = said(Array.from({ length: 10 }, (_, index) => ({ name: `w${index}`, size: 1_000_000 })), ['0'], [shots]);
  assert.equal(wide, 'a key does not fit the registers');
});

test('spaces stand between registers and nowhere else, the first declared rightmost', () => {
  const registers = [{ name: 'a', size: 1 }, { name: 'b', size: 3 }];
  assert.equal(typeof said(registers, ['101 0'], [shots]), 'object');
  for (const key of ['1 010', '10100', '101 2', ' 1010', '101 ', '1010 ']) assert.equal(said(registers, [key], [shots]), 'a key does not fit the registers', key);
});
