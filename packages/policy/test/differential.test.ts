// The engine that decides and OPA itself, on the same inputs: valid ones of every kind, and mangled ones.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { canonicalJson, policyInputSchema, type Json, type JsonObject } from '@dewar/protocol';
import { answerModule, decide, loadPolicy, parseBundle, taken, type PolicyAnswer } from '../src/index.ts';
import { isObject } from '../src/input-schema.ts';
import { bases, policies, sharedOpa } from './fixture.ts';
import { misshapen, paths, withValue, type Plain } from './misshapen.ts';

const bundle = parseBundle(readFileSync(new URL('quantum_policy.bundle.json', policies)));
const policy = loadPolicy(bundle, readFileSync(new URL('quantum_policy.wasm', policies)));
const modules = { ...bundle.modules, 'answer.rego': answerModule(bundle.declares) };

const numbers = [0, 1, 2, 5, 100, 1000, 1001, 1024, 3600, 3601, 10_000, 10_001, 100_000, 100_001, 1_000_000, 10_000_000, 10_000_001, Number.MAX_SAFE_INTEGER];
const texts = ['simulator', 'practice-qpu', 'ibmq_qpu_1', 'XTS', 'EUR', 'a limit; and what would pass', 'no semicolon', '', 'é\u{1f600}', '%d %s', `sha256:${'a'.repeat(64)}`];

/** Values of the little JSON Schema that the input's is written in. */
function arbitraryOf(schema: Json | undefined): fc.Arbitrary<Plain> {
  if (!isObject(schema)) return fc.constant(null);
  const { anyOf, const: only, enum: choices, type, properties, additionalProperties, items } = schema;
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((one: Json) => arbitraryOf(one)));
  if (only !== undefined) return fc.constant(only as Plain);
  if (Array.isArray(choices)) return fc.constantFrom(...(choices as Plain[]));
  if (Array.isArray(type)) return fc.oneof(...type.map((one: Json) => arbitraryOf({ ...schema, type: one })));
  const bound = (key: string, otherwise: number): number => (typeof schema[key] === 'number' ? schema[key] : otherwise);
  switch (type) {
    case 'object':
      if (isObject(properties)) return fc.record(Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, arbitraryOf(inner)])));
      return fc.dictionary(fc.constantFrom('h', 'cx', 'rz'), arbitraryOf(additionalProperties as JsonObject), { noNullPrototype: true });
    case 'array': return fc.array(arbitraryOf(items), { minLength: bound('minItems', 0), maxLength: 3 });
    case 'integer': return fc.constantFrom(...numbers.filter((value) => value >= bound('minimum', -1)));
    case 'number': return fc.constantFrom(...numbers, 0.5, 5.25).filter((value) => value >= bound('minimum', -1));
    case 'boolean': return fc.boolean();
    case 'null': return fc.constant(null);
    case 'string': return fc.constantFrom(...texts.filter((text) => text.length >= bound('minLength', 0) && new RegExp(typeof schema['pattern'] === 'string' ? schema['pattern'] : '', 'u').test(text)));
    default: return fc.constant(null);
  }
}

const schema = z.toJSONSchema(policyInputSchema) as Json;
const anyInput = arbitraryOf(schema);
const base = fc.constantFrom(bases.simulator as unknown as Plain, bases.qpu as unknown as Plain);

/** A good job with a few fields of another one, so that every rule is reached and not only the first that fails. */
const nearly = fc.tuple(base, anyInput, fc.array(fc.nat(), { maxLength: 3 })).map(([good, other, picks]) => picks.reduce<Plain>((input, pick) => {
  const fields = paths(other).filter((path) => path.length === 1 || (path.length === 2 && typeof path[1] === 'string'));
  const found = fields[pick % fields.length] ?? [];
  // Where the good job has null for the whole, it gets the whole.
  const path = isObject((input as Record<string, Plain>)[String(found[0])]) ? found : found.slice(0, 1);
  const value = path.reduce<Plain | undefined>((inner, key) => (inner as Record<string, Plain> | undefined)?.[key], other);
  return path.length === 0 || value === undefined ? input : withValue(input, path, value);
}, good));

/** A set has no order: each engine writes it in its own. */
const plain = ({ allow, ask, reasons }: PolicyAnswer) => ({ allow, ask, reasons: Array.isArray(reasons) ? reasons.map((one: Json) => canonicalJson(one)).toSorted() : reasons });

function ours(input: Plain): PolicyAnswer | 'threw' {
  try {
    return policy.evaluate(input as never);
  } catch {
    return 'threw';
  }
}

async function theirs(inputs: readonly Plain[]): Promise<PolicyAnswer[]> {
  const values = taken(await (await sharedOpa()).evaluate(modules, 'data.dewar.answer', inputs, { data: bundle.data }));
  return values.map((value) => {
    const results = ('result' in value && isObject(value.result) ? value.result : {}) as Readonly<Record<string, Json>>;
    return { allow: results['allow'], ask: results['ask'], reasons: results['reasons'] };
  });
}

test('valid inputs are answered alike, to the letter', async () => {
  const inputs = fc.sample(fc.oneof({ weight: 1, arbitrary: anyInput }, { weight: 4, arbitrary: nearly }), { numRuns: 400, seed: 20_261_128 }).filter((input) => policyInputSchema.safeParse(input).success);
  assert.ok(inputs.length > 300, `${inputs.length} valid inputs`);
  const wanted = await theirs(inputs);
  for (const [index, input] of inputs.entries()) {
    const got = ours(input);
    assert.ok(got !== 'threw', JSON.stringify(input));
    assert.deepEqual(plain(got), plain(wanted[index] ?? assert.fail('no answer')), JSON.stringify(input));
  }
  const effects = new Map<string, number>();
  for (const answer of wanted) {
    const { effect } = decide(answer, policy.digest, policy.digest, bundle.declares);
    effects.set(effect, (effects.get(effect) ?? 0) + 1);
  }
  for (const effect of ['allow', 'ask', 'deny']) assert.ok((effects.get(effect) ?? 0) >= 10, `${effect}: ${effects.get(effect) ?? 0} inputs`);
});

test('mangled inputs are never answered milder, and alike where ours does not give up', async () => {
  const all = [bases.simulator, bases.qpu].flatMap((good) => [...misshapen(good as unknown as Plain)].map(({ input }) => input));
  const inputs = fc.sample(fc.constantFrom(...all), { numRuns: 300, seed: 20_261_128 });
  const wanted = await theirs(inputs);
  let threw = 0;
  for (const [index, input] of inputs.entries()) {
    const got = ours(input);
    const opa = wanted[index] ?? assert.fail('no answer');
    // JavaScript's sprintf throws where OPA's writes %!d(string=x): a denial here, a reason there.
    if (got === 'threw') threw += 1;
    else {
      assert.deepEqual([got.allow, got.ask], [opa.allow, opa.ask], JSON.stringify(input));
      assert.equal(decide(got, policy.digest, policy.digest).effect, decide(opa, policy.digest, policy.digest).effect, JSON.stringify(input));
    }
  }
  assert.ok(threw < inputs.length / 2, `${threw} of ${inputs.length} threw`);
});
