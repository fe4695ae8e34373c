// Prices: upper bounds from the list, refusals where there is no price, and never a zero for a QPU.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DewarError, type DeviceView } from '@dewar/protocol';
import { priceText, quoteFor } from '../src/core/quote.ts';
import { prices } from './fixture.ts';

const qpu: DeviceView = { name: 'practice-qpu', kind: 'qpu', practice: true, max_qubits: 16 };
const simulator: DeviceView = { name: 'simulator', kind: 'simulator', practice: false, max_qubits: 24 };
const unpriced = (error: unknown): boolean => error instanceof DewarError && error.code === 'cannot_price';

test('a task and its shots are priced to the millionth', () => {
  assert.deepEqual(quoteFor(qpu, 1024, prices), { kind: 'priced', amount: { currency: 'XTS', micros: 1_221_600 }, prices_dated: '2026-11-01', basis: '0.30 a task + 1024 shots × 0.0009' });
});

test('a listed simulator is free, and says why', () => assert.equal(quoteFor(simulator, 1, prices).kind, 'free'));

test('what cannot be priced is refused, never free', () => {
  assert.throws(() => quoteFor({ ...qpu, name: 'unlisted' }, 1, prices), unpriced);
  assert.throws(() => quoteFor({ ...simulator, name: 'unlisted' }, 1, prices), unpriced);
  assert.throws(() => quoteFor(qpu, 1, { ...prices, free: ['practice-qpu'] }), unpriced, 'a QPU is never free');
  assert.throws(() => quoteFor(qpu, 1, { ...prices, lines: [{ device: 'practice-qpu', per_task: 0, per_shot: 0 }] }), unpriced, 'a price of zero is no price');
  assert.throws(() => quoteFor(qpu, 1e9, { ...prices, lines: [{ device: 'practice-qpu', per_task: 0, per_shot: 1e8 }] }), unpriced, 'a sum that is no longer exact is no price');
});

test('the list reads as text', () => {
  assert.equal(priceText(qpu, prices), '0.30 a task + 0.0009 a shot XTS (2026-11-01)');
  assert.equal(priceText(simulator, prices), 'free');
  assert.equal(priceText({ ...qpu, name: 'unlisted' }, prices), 'no price: jobs are refused');
});
