// A budget's name says all of which one it is, and nothing else is taken for one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { budgetId, budgetKeyOf, budgetKeySchema, budgetPeriods, budgetScopes, DewarError, practiceCurrency, sameKindOfMoney, type BudgetKey } from '../src/index.ts';

const currency = fc.stringMatching(/^[A-Z]{3}$/);
const key: fc.Arbitrary<BudgetKey> = fc.tuple(fc.constantFrom(...budgetScopes), fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,63}$/), fc.constantFrom(...budgetPeriods), currency)
  .map(([scope, name, per, of]) => ({ scope, name: scope === 'all' ? null : name, per, currency: of }));

test('property: a key and its id are one to one', () => {
  fc.assert(fc.property(key, (one) => assert.deepEqual(budgetKeyOf(budgetId(one)), one)));
  fc.assert(fc.property(key, key, (a, b) => assert.equal(budgetId(a) === budgetId(b), JSON.stringify(a) === JSON.stringify(b))));
});

test('property: any other text is refused, or is the id of what was read from it', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z]{0,8}:?[a-z./-]{0,8}\/[a-z]{0,6}\/[A-Z]{0,4}$/)), (text) => {
    try {
      assert.equal(budgetId(budgetKeyOf(text)), text);
    } catch (error) {
      assert.ok(error instanceof DewarError && error.code === 'budget_invalid', String(error));
    }
  }));
});

for (const text of ['', 'all', 'all/day', 'all:/day/XTS', 'all:x/day/XTS', 'user/day/EUR', 'user:/day/EUR', 'user:A/day/EUR', 'user:a/b/day/EUR', 'project:-a/day/EUR', 'team:a/day/EUR', 'all/week/EUR', 'all/day/eur', 'all/day/EURO', 'all/day/EUR\n', ' all/day/EUR', `user:${'a'.repeat(65)}/day/EUR`, '__proto__/day/EUR', 'all/constructor/EUR']) {
  test(`no budget: ${JSON.stringify(text).slice(0, 40)}`, () => assert.throws(() => budgetKeyOf(text), (error) => error instanceof DewarError && error.code === 'budget_invalid' && error.allowed !== undefined));
}

test('all has no name, and every other scope has one', () => {
  for (const scope of budgetScopes) for (const name of [null, 'a']) assert.equal(budgetKeySchema.safeParse({ scope, name, per: 'day', currency: 'EUR' }).success, (scope === 'all') === (name === null), scope);
});

test('practice money is of a kind with itself alone', () => {
  fc.assert(fc.property(currency, currency, (a, b) => assert.equal(sameKindOfMoney(a, b), (a === practiceCurrency) === (b === practiceCurrency))));
  assert.ok(!sameKindOfMoney('XTS', 'EUR') && sameKindOfMoney('USD', 'EUR') && sameKindOfMoney('XTS', 'XTS'));
});
