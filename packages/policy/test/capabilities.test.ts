// Every function that a policy may call really is in the engine, and gives there what it gives in OPA.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as engine from '@open-policy-agent/opa-wasm';
import { canonicalJson, type Json } from '@dewar/protocol';
import { taken } from '../src/index.ts';
import { sharedOpa } from './fixture.ts';

const { loadPolicySync } = (engine as unknown as { readonly default: typeof engine }).default;
const { builtins, features, allow_net: allowNet } = JSON.parse(readFileSync(new URL('../opa/capabilities.json', import.meta.url), 'utf8')) as { builtins: readonly { readonly name: string }[]; features: readonly string[]; allow_net: readonly string[] };

/** Rewritten by the compiler, or of the test runner only: they never reach the engine. */
const never: ReadonlySet<string> = new Set(['assign', 'eq', 'internal.member_2', 'internal.member_3', 'internal.print', 'internal.template_string', 'internal.test_case', 'print']);

/** One call of each, whose arguments come from the input, so that nothing is worked out while compiling. */
const calls: Readonly<Record<string, string>> = {
  abs: 'abs(input.n)', and: '{x | some x in input.list} & {1, 9}', 'array.concat': 'array.concat(input.list, [9])', 'array.flatten': 'array.flatten([input.list, [9]])',
  'array.reverse': 'array.reverse(input.list)', 'array.slice': 'array.slice(input.list, 1, 2)', 'base64.decode': 'base64.decode(input.b64)', 'base64.encode': 'base64.encode(input.s)', 'base64.is_valid': 'base64.is_valid(input.b64)',
  'base64url.decode': 'base64url.decode(input.b64)', 'base64url.encode': 'base64url.encode(input.s)', 'bits.and': 'bits.and(input.five, 4)', 'bits.lsh': 'bits.lsh(input.five, 1)', 'bits.negate': 'bits.negate(input.five)',
  'bits.or': 'bits.or(input.five, 8)', 'bits.rsh': 'bits.rsh(input.five, 1)', 'bits.xor': 'bits.xor(input.five, 1)', ceil: 'ceil(input.n)', concat: 'concat(",", input.words)', contains: 'contains(input.s, "b")',
  count: 'count(input.list)', div: 'input.five / 2', endswith: 'endswith(input.s, "c")', equal: 'input.five == 5', floor: 'floor(input.n)', format_int: 'format_int(input.five, 2)', 'glob.match': 'glob.match("a*", [], input.s)',
  'graph.reachable': 'sort(graph.reachable(input.graph, {"a"}))', gt: 'input.five > 4', gte: 'input.five >= 5', indexof: 'indexof(input.s, "b")', intersection: 'intersection({{1 | true}, {x | some x in input.list}})',
  is_array: 'is_array(input.list)', is_boolean: 'is_boolean(input.yes)', is_null: 'is_null(input.nothing)', is_number: 'is_number(input.five)', is_object: 'is_object(input.graph)', is_set: 'is_set({x | some x in input.list})', is_string: 'is_string(input.s)',
  'json.filter': 'json.filter(input.deep, ["a/b"])', 'json.is_valid': 'json.is_valid(input.s)', 'json.remove': 'json.remove(input.deep, ["a/b"])', 'json.unmarshal': 'json.unmarshal(input.json)',
  lower: 'lower(input.up)', lt: 'input.five < 6', lte: 'input.five <= 5', max: 'max(input.list)', min: 'min(input.list)', minus: 'input.five - 1', mul: 'input.five * 3', neq: 'input.five != 4',
  'net.cidr_contains': 'net.cidr_contains("10.0.0.0/8", input.ip)', 'net.cidr_intersects': 'net.cidr_intersects("10.0.0.0/8", input.cidr)', 'numbers.range': 'numbers.range(1, input.five)',
  'object.filter': 'object.filter(input.deep, ["a"])', 'object.get': 'object.get(input.deep, "z", 7)', 'object.keys': 'object.keys(input.deep)', 'object.remove': 'object.remove(input.deep, ["a"])', 'object.union': 'object.union(input.deep, {"z": 1})',
  'object.union_n': 'object.union_n([input.deep, {"z": 1}])', or: '{x | some x in input.list} | {9}', plus: 'input.five + 1', product: 'product(input.list)',
  'regex.find_all_string_submatch_n': 'regex.find_all_string_submatch_n("a(.)", input.s, -1)', 'regex.is_valid': 'regex.is_valid(input.s)', 'regex.match': 'regex.match("^a.c$", input.s)', rem: 'input.five % 3', replace: 'replace(input.s, "b", "x")',
  round: 'round(input.n)', sort: 'sort(input.list)', split: 'split(input.s, "b")', sprintf: 'sprintf("%d %s", [input.five, input.s])', startswith: 'startswith(input.s, "a")', 'strings.replace_n': 'strings.replace_n({"a": "x"}, input.s)',
  'strings.reverse': 'strings.reverse(input.s)', substring: 'substring(input.s, 1, 1)', sum: 'sum(input.list)', to_number: 'to_number(input.digits)', trim: 'trim(input.s, "a")', trim_left: 'trim_left(input.s, "a")', trim_prefix: 'trim_prefix(input.s, "a")',
  trim_right: 'trim_right(input.s, "c")', trim_space: 'trim_space(input.s)', trim_suffix: 'trim_suffix(input.s, "c")', type_name: 'type_name(input.list)', union: 'union({{9 | true}, {x | some x in input.list}})', upper: 'upper(input.s)', walk: '{v | walk(input.deep, [_, v])}',
};
/** A set has no order: each engine writes it in its own. */
const unordered = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'walk' in value ? { ...value, walk: new Set((value.walk as Json[]).map(canonicalJson)) } : value);

const input = { n: 1.5, five: 5, s: 'abc', up: 'ABC', digits: '12', b64: 'YQ==', list: [3, 1, 2], words: ['a', 'b'], yes: true, nothing: null, graph: { a: ['b'], b: [] }, deep: { a: { b: 1, c: 2 } }, json: '{"a":1}', ip: '10.1.2.3', cidr: '10.1.0.0/16' };

test('each function evaluates, to what OPA says', async () => {
  const names = builtins.map(({ name }) => name).filter((name) => !never.has(name));
  assert.deepEqual(names.filter((name) => !Object.hasOwn(calls, name)), [], 'each has a call here');
  assert.deepEqual(Object.keys(calls).filter((name) => !names.includes(name)), [], 'and each call is of one');
  const modules = { 'p.rego': `package p\n\n${names.map((name) => `r[key] := value if {\n\tkey := "${name}"\n\tvalue := ${calls[name]}\n}\n`).join('\n')}\nr[key] := value if {\n\tkey := "template"\n\tvalue := $"{input.s} {input.five}"\n}\n\nr[key] := value if {\n\tkey := "member"\n\tvalue := [3 in input.list, "a", 1 in input.words]\n}\n` };
  const opa = await sharedOpa();
  const wasm = taken(await opa.compile(modules, ['p/r']));
  const [wanted] = taken(await opa.evaluate(modules, 'data.p.r', [input]));
  assert.ok(wanted !== undefined && 'result' in wanted);
  const policy = loadPolicySync(wasm);
  policy.setData({});
  const [{ result }] = policy.evaluate(input, 'p/r') as [{ readonly result: Readonly<Record<string, unknown>> }];
  assert.deepEqual(Object.keys(result).toSorted(), [...names, 'member', 'template'].toSorted(), 'none is undefined');
  assert.deepEqual(unordered(result), unordered(wanted.result));
});

test('Rego v1 compiles, and no host may be reached', () => {
  assert.deepEqual([features, allowNet], [['keywords_in_refs', 'rego_v1', 'template_strings'], []]);
});
