// The lint: which comparisons null could win, and which are sound.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputSchema, nullablePaths, taken, withOpa } from '../src/index.ts';
import { lintModule } from '../src/lint.ts';

const fields = ['input.max_cost', 'input.quote.currency', 'input.list.*.limit', 'input.by_name.*'];

/** The bodies of rules, and the columns of what is found in each. */
const bodies: readonly (readonly [string, readonly string[]])[] = [
  ['input.max_cost <= 10', ['null_compared']],
  ['10 >= input.max_cost', ['null_compared']],
  ['not input.max_cost > 10', ['null_compared']],
  ['input.max_cost < input.shots', ['null_compared']],
  ['input["max_cost"] < 5', ['null_compared']],
  ['x := input.max_cost; x < 5', ['null_compared']],
  ['input.list[0].limit < 5', ['null_compared']],
  ['some i; input.list[i].limit < 5', ['null_compared']],
  ['input.by_name.XTS < 5', ['null_compared']],
  ['count([1 | input.max_cost < 5]) == 1', ['null_compared']],
  ['every x in [1, 2] { input.max_cost < x }', ['null_compared']],
  ['q.currency < "M"', ['null_compared']],
  ['is_number(input.shots); input.max_cost < 5', ['null_compared']],
  ['not is_number(input.max_cost); input.max_cost < 5', ['null_compared']],
  ['count([1 | is_number(input.max_cost)]) == 1; input.max_cost < 5', ['null_compared']],
  ['is_number(input.max_cost); input.max_cost <= 10', []],
  ['input.max_cost <= 10; is_number(input.max_cost)', []],
  ['input.max_cost != null; input.max_cost <= 10', []],
  ['input.max_cost == floor(input.max_cost); input.max_cost <= 10', []],
  ['is_number(input.max_cost); every x in [1, 2] { input.max_cost < x }', []],
  ['x := input.max_cost; is_number(x); x < 5', []],
  ['is_string(q.currency); q.currency < "M"', []],
  ['input.max_cost == null', []],
  ['input.max_cost != 10', []],
  ['input.shots <= 10', []],
  ['input.quote.currency == "XTS"', []],
  ['input.max_cost * 2 <= 10', []],
  ['data.limits.shots < 5', []],
  ['data.limits[input.backend] < 5', []],
  ['data.lib.x', []],
  ['data.lib', []],
  ['data.limits.shotz < 5', ['data_missing']],
  ['data.limit.shots < 5', ['data_missing']],
  ['data.limits.shots.more < 5', ['data_missing']],
  ['data.library.x', ['data_missing']],
  ['l := data.limits; l.shotz < 5', ['data_missing']],
  ['l := data.limits; l.shots < 5', []],
];

test('what null could win is found, and nothing else', async () => {
  const head = 'package quantum.workflow\n\nimport input.quote as q\n\n';
  const modules = Object.fromEntries(bodies.map(([body], index) => [`p${index}.rego`, `${head}allow if { ${body} }\n`]));
  const trees = taken(await withOpa((opa) => opa.parse(modules)));
  const found = bodies.map(([body], index) => [body, lintModule('p.rego', trees[`p${index}.rego`] ?? null, { nullable: fields, data: { limits: { shots: 5 } }, packages: ['data.quantum.workflow', 'data.lib'] }).map(({ code }) => code)]);
  assert.deepEqual(found, bodies.map(([body, codes]) => [body, [...codes]]));
});

test('it finds the place, and in a value as in a body', async () => {
  const trees = taken(await withOpa((opa) => opa.parse({ 'p.rego': 'package p\n\ncheap := input.max_cost < 5\n\nx if {\n\tinput.shots == 1\n\tinput.max_cost < 5\n}\n' })));
  const faults = lintModule('p.rego', trees['p.rego'] ?? null, { nullable: fields, data: {}, packages: ['data.p'] });
  assert.deepEqual(faults.map(({ row, col }) => [row, col]), [[3, 10], [7, 2]]);
  assert.match(faults[0]?.message ?? '', /add is_number\(input\.max_cost\)/);
});

test('the nullable fields are those of the policy input', () => {
  const paths = nullablePaths(inputSchema());
  for (const path of ['input.max_cost', 'input.max_cost_micros', 'input.image', 'input.device.limit', 'input.quote.currency', 'input.facts.simulator_limit']) assert.ok(paths.includes(path), path);
  for (const path of ['input', 'input.shots', 'input.facts.gates.*', 'input.artifacts.*.stored']) assert.ok(!paths.includes(path), path);
});
