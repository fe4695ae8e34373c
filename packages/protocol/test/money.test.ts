// Money: whole millionths, rounded up, never by floating point.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatMicros, formatMoney, microsFrom, moneySchema } from '../src/index.ts';

const table: readonly (readonly [string, number])[] = [
  ['0', 0], ['0.00', 0], ['0e99', 0], ['5', 5_000_000], ['5.00', 5_000_000], ['0.0009', 900], ['1e-3', 1_000], ['1E+2', 100_000_000], ['1.2216', 1_221_600],
  ['0.1', 100_000], ['0.000001', 1], ['007', 7_000_000],
  // rounded up to the next millionth, however little is over
  ['0.0000001', 1], ['1e-7', 1], ['1e-300', 1], ['1e-99999', 1], ['0.0000011', 2], ['0.3000001', 300_001], ['5.0000000000000000000000001', 5_000_001], ['1.9999999', 2_000_000],
  // the largest amount
  ['9007199254.740991', Number.MAX_SAFE_INTEGER], ['9007199254740991e-6', Number.MAX_SAFE_INTEGER], ['9007199254.7409900001', Number.MAX_SAFE_INTEGER],
];
for (const [text, micros] of table) test(`${text} is ${micros} millionths`, () => assert.equal(microsFrom(text), micros));

for (const text of ['-1', '-0', '', ' 5', '5 ', '5,00', '5.', '.5', '+5', '1e', 'NaN', 'Infinity', '0x5', '1_000', '٥', '5\n', '5.00 XTS', '1e5.5']) {
  test(`${JSON.stringify(text)} is no amount`, () => {
    assert.throws(() => microsFrom(text), (error: { code?: string; allowed?: string; fix?: string }) => error.code === 'money_invalid' && !!error.allowed && !!error.fix);
  });
}

for (const text of ['9007199254.740992', '9007199254.7409911', '1e10', '1e400', '1e99999999999', '9'.repeat(5_000)]) {
  test(`${text.slice(0, 30)} is too much, and is never wrapped or rounded down`, () => {
    assert.throws(() => microsFrom(text), { code: 'money_invalid', allowed: 'an amount up to 9007199254.740991' });
  });
}

const micros = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test('property: an amount that is shown reads back as itself', () => {
  fc.assert(fc.property(micros, (value) => assert.equal(microsFrom(formatMicros(value)), value)), { numRuns: 1_000 });
});

test('property: rounding goes up, by less than a millionth', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 12 });
  fc.assert(fc.property(fc.nat(999_999), digits, (whole, fraction) => {
    const value = BigInt(microsFrom(`${whole}.${fraction}`));
    const scaled = BigInt(`${whole}${fraction}`) * 1_000_000n;
    const unit = 10n ** BigInt(fraction.length);
    assert.ok(value * unit >= scaled && (value - 1n) * unit < scaled);
  }), { numRuns: 1_000 });
});

test('amounts are shown exactly, with at least two decimals and a sign where a budget is overrun', () => {
  assert.equal(formatMoney({ currency: 'XTS', micros: 1_221_600 }), '1.2216 XTS');
  assert.deepEqual([0, 1, 10_000, 5_000_000, 5_100_000, -1, -2_500_000].map(formatMicros), ['0.00', '0.000001', '0.01', '5.00', '5.10', '-0.000001', '-2.50']);
});

test('stored money is a safe whole number of millionths and a currency code, nothing else', () => {
  assert.ok(moneySchema.safeParse({ currency: 'XTS', micros: 0 }).success);
  for (const value of [{ currency: 'XTS', micros: -1 }, { currency: 'XTS', micros: 0.5 }, { currency: 'XTS', micros: 2 ** 53 }, { currency: 'XTS', micros: '1' }, { currency: 'xts', micros: 1 }, { currency: 'XTS' }, { currency: 'XTS', micros: 1, more: 1 }]) {
    assert.equal(moneySchema.safeParse(value).success, false, JSON.stringify(value));
  }
});
