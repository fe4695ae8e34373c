// Rates: dated, used either way round, never a millionth too little, and none at all for practice money.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { picosFrom } from '../src/core/picos.ts';
import { convert, rateText, type Rate } from '../src/core/rates.ts';

const rate = (from: string, to: string, decimal: string, dated = '2026-11-20'): Rate => ({ from, to, rate: picosFrom(decimal), dated, source: 'the bank of the tests' });
const today = '2026-11-23';
const eur = (micros: number) => ({ currency: 'EUR', micros });
const listed = rate('EUR', 'USD', '1.0812');

test('a rate converts as it is listed, and the other way round', () => {
  assert.deepEqual(convert(eur(10_000_000), 'USD', [listed], today), { amount: { currency: 'USD', micros: 10_812_000 }, rate: listed });
  assert.deepEqual(convert({ currency: 'USD', micros: 10_812_000 }, 'EUR', [listed], today), { amount: eur(10_000_000), rate: listed });
  assert.deepEqual(convert({ currency: 'USD', micros: 1 }, 'EUR', [listed], today)?.amount, eur(1), 'never nothing');
});

test('money in its own currency needs no rate', () => assert.deepEqual(convert(eur(5), 'EUR', [], today), { amount: eur(5), rate: null }));

test('no conversion is below the exact one, nor a millionth above it', () => {
  const decimal = fc.tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 1, max: 999_999_999_999 })).map(([whole, part]) => `${whole}.${String(part).padStart(12, '0')}`);
  fc.assert(fc.property(decimal, fc.integer({ min: 0, max: 1_000_000_000 }), (text, micros) => {
    const picos = picosFrom(text);
    const direct = convert(eur(micros), 'USD', [rate('EUR', 'USD', text)], today);
    assert.ok(direct);
    const over = BigInt(direct.amount.micros) * 10n ** 12n - BigInt(micros) * picos;
    assert.ok(over >= 0n && over < 10n ** 12n);
    const inverse = convert(eur(micros), 'USD', [rate('USD', 'EUR', text)], today);
    // Null where the exact amount is beyond what an integer holds.
    if (inverse === null) assert.ok(BigInt(micros) * 10n ** 12n > BigInt(Number.MAX_SAFE_INTEGER) * picos);
    else {
      const above = BigInt(inverse.amount.micros) * picos - BigInt(micros) * 10n ** 12n;
      assert.ok(above >= 0n && above < picos);
    }
  }));
});

test('there and back is never less than at first', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (micros) => {
    const there = convert(eur(micros), 'USD', [listed], today);
    assert.ok(there);
    assert.ok((convert(there.amount, 'EUR', [listed], today)?.amount.micros ?? -1) >= micros);
  }));
});

test('a rate counts for 31 days', () => {
  const at = (dated: string): boolean => convert(eur(1), 'USD', [rate('EUR', 'USD', '1', dated)], today) !== null;
  assert.deepEqual(['2026-10-23', '2026-10-24', '2026-10-22', '2026-11-24', '2026-11-25'].map(at), [true, true, false, true, false]);
});

test('the newest rate of the two is taken, whichever way it is listed; one dated far ahead does not hide it', () => {
  const found = convert(eur(1_000_000), 'USD', [rate('EUR', 'USD', '2', '2026-11-01'), rate('USD', 'EUR', '0.25', '2026-11-02'), rate('EUR', 'USD', '9', '2027-11-01')], today);
  assert.deepEqual(found?.amount, { currency: 'USD', micros: 4_000_000 });
});

test('no rate goes over a third currency', () => {
  assert.equal(convert(eur(1), 'GBP', [listed, rate('USD', 'GBP', '0.8')], today), null);
});

test('practice money has no rate, though one be listed', () => {
  const rates = [rate('XTS', 'EUR', '1'), rate('EUR', 'XTS', '1')];
  assert.equal(convert({ currency: 'XTS', micros: 1 }, 'EUR', rates, today), null);
  assert.equal(convert(eur(1), 'XTS', rates, today), null);
  assert.deepEqual(convert({ currency: 'XTS', micros: 1 }, 'XTS', rates, today)?.amount, { currency: 'XTS', micros: 1 });
});

test('a sum that would no longer be exact is none', () => {
  assert.equal(convert(eur(Number.MAX_SAFE_INTEGER), 'USD', [rate('EUR', 'USD', '2')], today), null);
});

test('a rate reads as text', () => assert.equal(rateText(listed), '1 EUR = 1.0812 USD (2026-11-20)'));
