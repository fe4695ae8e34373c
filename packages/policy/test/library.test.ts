// Every policy under policies/: it loads by its own cases, no data makes it milder, and OPA answers as its WebAssembly does.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Json, JsonObject, PolicyInput } from '@dewar/protocol';
import { answerModule, decide, decideOn, loadPolicy, readPolicyFolder, sha256, taken, withOpa, type Evaluated, type Policy, type PolicyAnswer } from '../src/index.ts';
import { readData } from '../src/data.ts';
import { answerOf, effectOf, folderOf, isValid, loaded, mildness, names, noDigest, oneOfEach } from './library.ts';
import { at, misshapen, paths, withValue, type Plain } from './misshapen.ts';

const published = JSON.parse(readFileSync(new URL('../../../docs/spec/policy-input.schema.json', import.meta.url), 'utf8')) as Json;

for (const name of names) {
  describe(`the policy ${name}`, () => {
    test('loads without a warning, in OPA\'s own form, by the published schema, and each of its rules has a case', async () => {
      const { read, made, policy } = await loaded(name);
      const texts = { ...read.modules, ...read.tests };
      await withOpa(async (opa) => {
        assert.deepEqual({ ...taken(await opa.format(texts)) }, texts);
        // The published schema, as `opa check --schema` and an editor apply it.
        assert.deepEqual((await opa.check(read.modules, published)).faults, undefined);
      });
      assert.deepEqual(made.warnings, []);
      const named = Object.values(read.modules).flatMap((text) => [...text.matchAll(/^reasons contains reason\("\w+", "([a-z_.]+)"/gm)].map((match) => match[1] ?? ''));
      const decisions = read.cases.map(({ input }) => decideOn(policy, input, sha256));
      const fired = new Set(decisions.flatMap(({ reasons }) => reasons.map(({ rule }) => rule)));
      assert.deepEqual(named.filter((rule) => !fired.has(rule)), []);
      assert.equal(named.length > 0, policy.declares?.reasons);
      for (const each of read.cases) assert.ok(each.rules, `${each.name} says which rules`);
      for (const { reasons } of decisions) for (const { rule, effect, fix } of reasons) if (effect === 'deny') assert.ok(fix, `${rule} says what would pass`);
    });

    test('no data that is missing or of another type makes a case milder, and its schema refuses it before', async () => {
      const { read: { data, cases }, made, policy } = await loaded(name);
      const files = await readPolicyFolder(folderOf(name));
      const effects = (by: Policy, inputs: readonly PolicyInput[]) => inputs.map((input) => effectOf(by, input));
      const strict = oneOfEach(cases).filter(({ effect }) => effect !== 'allow');
      const before = effects(policy, cases.map(({ input }) => input));
      const passing: string[] = [];
      for (const { path, how, input: changed } of Object.keys(data).length === 0 ? [] : misshapen(data as Plain)) {
        const { faults } = readData(Buffer.from(JSON.stringify(changed)), files.get('data.schema.json'));
        const what = `${path.join('.')} ${how}`;
        if (faults.length === 0) {
          passing.push(what);
          continue;
        }
        const other = loadPolicy({ ...made.bundle, data: changed as JsonObject }, made.wasm);
        assert.deepEqual(strict.filter(({ input, effect }) => mildness[effectOf(other, input)] > mildness[effect]).map((each) => each.name), [], what);
        if (how === 'deleted' && typeof at(data as Plain, path) === 'number') assert.notDeepEqual(effects(other, cases.map(({ input }) => input)), before, `a case needs ${what}`);
      }
      // What a person may choose: lists and tables that are shorter or empty.
      assert.deepEqual(passing.filter((what) => !/^\S+( as \[\]| as \{\}|\.\d+ deleted)$|^lab\.(users|projects)\.\w+ deleted$/.test(what)), []);
    });

    test('OPA and the WebAssembly answer alike, whatever the input', async () => {
      const { read: { modules, data, bases, cases }, made: { bundle }, policy } = await loaded(name);
      const values = [...new Set([...cases.flatMap(({ set }) => Object.values(set)), ...numbersOf(data as Plain).flatMap((number) => [number, number + 1])])] as Plain[];
      await withOpa(async (opa) => {
        const ask = async (inputs: readonly unknown[]) => taken(await opa.evaluate({ ...modules, 'dewar/answer.rego': answerModule(bundle.declares) }, 'data.dewar.answer', inputs, { data: { ...data } }));
        const compare = (inputs: readonly unknown[], answers: readonly Evaluated[]) => inputs.forEach((input, index) => {
          assert.deepEqual(comparable(answerIn(answers[index]), policy, input), comparable(answerOf(policy, input), policy, input), JSON.stringify(input));
        });
        const inputs = cases.map(({ input }) => input);
        compare(inputs, await ask(inputs));
        await fc.assert(fc.asyncProperty(fc.array(mangled(Object.values(bases) as Plain[], values), { minLength: 80, maxLength: 80 }), async (made) => compare(made, await ask(made))), { numRuns: 1, endOnFailure: true });
      });
    });
  });
}

function numbersOf(value: Plain): number[] {
  return paths(value).map((path) => at(value, path)).filter((one) => typeof one === 'number');
}

/** A base with up to four fields deleted or given a value that a case, the data or a mistake would give it. */
function mangled(bases: readonly Plain[], values: readonly Plain[]): fc.Arbitrary<Plain> {
  const value = fc.oneof(fc.constantFrom(...values), fc.constantFrom<Plain>(null, '', 'qpu', 'simulator', 0, -1, 1.5, true, false, [], {}, [1], { a: 1 }), fc.nat().map((number): Plain => number), fc.constant(undefined));
  return fc.tuple(fc.constantFrom(...bases), fc.array(fc.tuple(fc.nat(), value), { maxLength: 4 })).map(([base, changes]) => changes.reduce<Plain>((input, [index, change]) => {
    const all = paths(input).slice(1);
    const path = all[index % all.length];
    return path === undefined ? input : withValue(input, path, change);
  }, base));
}

function answerIn(evaluated: Evaluated | undefined): PolicyAnswer {
  const result: Json = evaluated !== undefined && 'result' in evaluated ? evaluated.result : {};
  const { allow, ask, reasons } = result as Readonly<Record<string, unknown>>;
  return { allow, ask, reasons };
}

/** The decision, with its reasons where the input is one: to print what is no number, sprintf throws in the one and not in the other. */
function comparable(answer: PolicyAnswer, { declares }: Policy, input: unknown): unknown {
  const { effect, reasons } = decide(answer, noDigest, noDigest, declares);
  return { effect, reasons: isValid(input) ? reasons : [] };
}
