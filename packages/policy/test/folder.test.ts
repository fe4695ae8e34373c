// From a folder to a policy that may be loaded: what passes, and for everything else the file, the row and the reason.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { PolicyInput } from '@dewar/protocol';
import { bundleDigest, decideOn, declaredBy, loadPolicy, readPolicyFolder, sha256, type CompiledPolicy } from '../src/index.ts';
import { bases, filesOf, load, minimal, places, refusal } from './fixture.ts';

const said = ({ bundle, wasm }: CompiledPolicy, input: PolicyInput) => {
  const { effect, reasons } = decideOn(loadPolicy(bundle, wasm), input, sha256);
  return [effect, ...reasons.map(({ rule }) => rule)];
};

describe('a policy that says little', () => {
  test('only allow: the broker gives the reasons', async () => {
    const made = await load({ 'p.rego': minimal });
    assert.deepEqual(made.bundle.declares, { allow: true, ask: false, reasons: false });
    assert.deepEqual(said(made, bases.simulator), ['allow', 'policy.allow']);
    assert.deepEqual(said(made, bases.qpu), ['deny', 'policy.default']);
    assert.equal(made.digest, bundleDigest(made.bundle));
    assert.deepEqual([made.cases, made.tests, made.warnings], [0, 0, []]);
  });

  test('only ask', async () => {
    const made = await load({ 'p.rego': 'package quantum.workflow\n\ndefault ask := false\n\nask if input.device.kind == "qpu"\n' });
    assert.deepEqual(said(made, bases.qpu), ['ask', 'policy.ask']);
    assert.deepEqual(said(made, bases.simulator), ['deny', 'policy.default']);
  });

  test('allow without a default: denied where it has no value, and a warning says so', async () => {
    const made = await load({ 'p.rego': 'package quantum.workflow\n\nallow if input.device.kind == "simulator"\n' });
    assert.deepEqual(said(made, bases.simulator), ['allow', 'policy.allow']);
    assert.deepEqual(said(made, bases.qpu), ['deny', 'policy.undefined']);
    assert.match(made.warnings.map(({ code, message }) => `${code} ${message}`).join(), /^no_default allow has no default: .*add: default allow := false$/);
  });

  test('reasons that are declared must be given', async () => {
    const made = await load({ 'p.rego': `${minimal}\nreasons contains {"rule": "a.b", "effect": "allow", "message": "m", "fix": null} if input.shots > 5000\n` });
    assert.deepEqual(said(made, bases.simulator), ['deny', 'policy.undefined']);
    assert.deepEqual(said(made, { ...bases.simulator, shots: 6000, shots_per_point: 6000 }), ['allow', 'a.b']);
  });

  test('reasons in a package of that name, or allow as an object, are declared and malformed', async () => {
    const made = await load({ 'p.rego': minimal, 'q.rego': 'package quantum.workflow.reasons\n\nmine := 1\n' });
    assert.deepEqual(made.bundle.declares, { allow: true, ask: false, reasons: true });
    assert.deepEqual(said(made, bases.simulator), ['deny', 'policy.undefined']);
    const object = await load({ 'p.rego': 'package quantum.workflow\n\nallow[kind] if kind := input.device.kind\n' });
    assert.deepEqual(said(object, bases.simulator), ['deny', 'policy.undefined']);
  });

  test('what is declared is what the rules are, not what they say', () => {
    const checked = (...rules: string[]) => ({ packages: {}, rules: { 'p.rego': rules.map((name) => `data.quantum.workflow.${name}`), 'p_test.rego': ['data.quantum.workflow.reasons'] } });
    assert.deepEqual(declaredBy(checked('allow', 'asked'), { 'p.rego': '' }), { allow: true, ask: false, reasons: false });
    assert.deepEqual(declaredBy(checked('allow.x', 'ask["y z"]', 'reasons'), { 'p.rego': '' }), { allow: true, ask: true, reasons: true });
  });
});

describe('cases with data of their own', () => {
  const rules = 'package quantum.workflow\n\ndefault allow := false\n\nallow if input.shots <= data.limits.shots\n';
  const cases = (data: object): string => JSON.stringify({ ...data, bases: { simulator: bases.simulator }, cases: [{ name: 'within', base: 'simulator', set: {}, effect: 'allow' }] });

  test('a limit is changed in data.json, and the cases still say what the rules do', async () => {
    const own = cases({ data: { limits: { shots: 1024 } } });
    const made = await load({ 'p.rego': rules, 'data.json': '{"limits": {"shots": 10}}', 'cases.json': own });
    assert.deepEqual([JSON.stringify(made.bundle.data), made.cases], ['{"limits":{"shots":10}}', 1]);
    assert.deepEqual(said(made, bases.simulator), ['deny', 'policy.default']);
  });

  test('without, they see the policy\'s; with data that the schema refuses, none is loaded', async () => {
    await refusal({ 'p.rego': rules, 'data.json': '{"limits": {"shots": 10}}', 'cases.json': cases({}) }, 'policy_cases_failed');
    const schema = '{"type": "object", "properties": {"limits": {"type": "object", "properties": {"shots": {"type": "integer"}}, "required": ["shots"]}}, "required": ["limits"]}';
    await refusal({ 'p.rego': rules, 'data.json': '{"limits": {"shots": 1024}}', 'data.schema.json': schema, 'cases.json': cases({ data: { limits: { shots: 'many' } } }) });
  });
});

describe('a policy that is refused', () => {
  const refused: readonly (readonly [string, Parameters<typeof refusal>[0], readonly string[]])[] = [
    ['a misspelt field', { 'p.rego': 'package quantum.workflow\n\nallow if input.shotz > 3\n' }, ['rego_type_error p.rego:3:10']],
    ['a file that does not parse, beside one that does', { 'p.rego': minimal, 'q.rego': 'package q\n\nx if {\n' }, ['rego_parse_error q.rego:4:0']],
    ['an unused variable', { 'p.rego': `${minimal}\nx if {\n\ty := 1\n}\n` }, ['rego_compile_error p.rego:8:2']],
    ['a misspelt field in a test', { 'p.rego': minimal, 'p_test.rego': 'package t\n\ntest_x if not input.shotz\n' }, ['rego_type_error p_test.rego:3:15']],
    ['a comparison that null wins', { 'p.rego': 'package quantum.workflow\n\nallow if input.max_cost <= 10\n' }, ['null_compared p.rego:3:10']],
    ['data that is not there', { 'p.rego': 'package quantum.workflow\n\nallow if input.shots < data.limits.shotz\n', 'data.json': { limits: { shots: 5 } } }, ['data_missing p.rego:3:24']],
    ['no rule that allows or asks', { 'p.rego': 'package quantum.workflow\n\nx := 1\n' }, ['package_invalid :0:0']],
    ['another package', { 'p.rego': 'package quantum.flow\n\nallow := true\n' }, ['package_invalid :0:0']],
    ['the package in a test only', { 'p.rego': 'package p\n\nx := 1\n', 'q_test.rego': minimal }, ['package_invalid :0:0']],
    ['a package of ours', { 'p.rego': minimal, 'q.rego': 'package dewar\n\nanswer["allow"] := true\n' }, ['package_invalid q.rego:1:1']],
    ['a package that data has too', { 'p.rego': minimal, 'q.rego': 'package lib\n\nx := 1\n', 'data.json': { lib: {} } }, ['package_invalid q.rego:1:1']],
    ['no file', { 'readme.txt': 'x' }, ['file_invalid :0:0']],
    ['an empty file', { 'p.rego': '' }, ['rego_parse_error p.rego:1:1']],
    ['a name that leads out', { 'p.rego': minimal, '../q.rego': minimal }, ['file_invalid ../q.rego:0:0']],
    ['a name of ours', { 'p.rego': minimal, 'dewar/answer.rego': minimal }, ['file_invalid dewar/answer.rego:0:0']],
    ['a name that a terminal obeys', { 'p.rego': minimal, '\u001b[2J.rego': minimal }, ['file_invalid \u001b[2J.rego:0:0']],
    ['bytes that are no UTF-8', { 'p.rego': Uint8Array.of(...Buffer.from(minimal), 0x23, 0xff) }, ['file_invalid p.rego:0:0']],
    ['a file too long', { 'p.rego': `${minimal}#${'x'.repeat(262_144)}` }, ['file_invalid p.rego:0:0']],
    ['too many files', Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`p${index}.rego`, minimal])), ['file_invalid :0:0']],
  ];
  for (const [name, contents, wanted] of refused) test(name, async () => assert.deepEqual(places(await refusal(contents)), wanted));
});

describe('data', () => {
  const limited = 'package quantum.workflow\n\ndefault allow := false\n\nallow if input.shots <= data.limits.shots\n';
  const schema = { type: 'object', properties: { limits: { type: 'object', properties: { shots: { type: 'integer', minimum: 1 } }, required: ['shots'], additionalProperties: false } }, required: ['limits'], additionalProperties: false };

  test('is what the rules see, and is in the digest', async () => {
    const [few, many] = [await load({ 'p.rego': limited, 'data.json': { limits: { shots: 10 } }, 'data.schema.json': schema }), await load({ 'p.rego': limited, 'data.json': { limits: { shots: 5000 } } })];
    assert.deepEqual(said(few, bases.simulator), ['deny', 'policy.default']);
    assert.deepEqual(said(many, bases.simulator), ['allow', 'policy.allow']);
    assert.notEqual(few.digest, many.digest);
    assert.equal(few.bundle.wasm, many.bundle.wasm);
  });

  const wrong: readonly (readonly [string, unknown, unknown, string])[] = [
    ['of 10 MB', { limits: { shots: 1 }, fill: 'x'.repeat(10_000_000) }, undefined, 'body_too_large data.json'],
    ['not JSON', '{"limits": NaN}', undefined, 'json_number data.json'],
    ['with a key twice', '{"limits": {}, "limits": {}}', undefined, 'json_duplicate_key data.json'],
    ['with a number that no double holds', '{"limits": {"shots": 9007199254740993}}', undefined, 'json_number data.json'],
    ['that is a list', [1], undefined, 'data_invalid data.json'],
    ['where the rules live', { quantum: { workflow: { allow: true } } }, undefined, 'data_invalid data.json'],
    ['where our rules live', { dewar: {} }, undefined, 'data_invalid data.json'],
    ['against its schema', { limits: { shots: 0 } }, schema, 'data_invalid data.json'],
    ['of another type', { limits: { shots: '5' } }, schema, 'data_invalid data.json'],
    ['with more than its schema knows', { limits: { shots: 5, shotz: 5 } }, schema, 'data_invalid data.json'],
    ['with a schema keyword that is not enforced', { limits: { shots: 5 } }, { ...schema, if: { minProperties: 9 } }, 'data_invalid data.schema.json'],
    ['with one deep inside', { limits: { shots: 5 } }, { properties: { limits: { properties: { shots: { format: 'date' } } } } }, 'data_invalid data.schema.json'],
    ['with a keyword that no type stands beside', { limits: { shots: 5 } }, { required: ['limits'] }, 'data_invalid data.schema.json'],
    ['with one beside an enum', { limits: { shots: 5 } }, { type: 'object', properties: { limits: { enum: [1], minimum: 3 } } }, 'data_invalid data.schema.json'],
    ['with a misspelt keyword', { limits: { shots: 5 } }, { ...schema, requird: ['x'] }, 'data_invalid data.schema.json'],
    ['with a schema from elsewhere', { limits: { shots: 5 } }, { $ref: 'https://example.org/schema.json' }, 'data_invalid data.schema.json'],
    ['with a schema that is none', { limits: { shots: 5 } }, [], 'data_invalid data.schema.json'],
  ];
  for (const [name, data, dataSchema, wanted] of wrong) {
    test(`${name} is refused`, async () => {
      const faults = await refusal({ 'p.rego': limited, 'data.json': data as string, ...(dataSchema !== undefined && { 'data.schema.json': dataSchema as Record<string, never> }) });
      assert.equal(`${faults[0]?.code} ${faults[0]?.file}`, wanted);
    });
  }

  test('a schema without data is refused', async () => {
    assert.deepEqual(places(await refusal({ 'p.rego': minimal, 'data.schema.json': schema })), ['data_invalid data.schema.json:0:0']);
  });
});

describe('cases', () => {
  const cases = (list: readonly object[]) => ({ bases: { simulator: bases.simulator, qpu: bases.qpu } as never, cases: list as never });

  test('that pass, and tests that pass, load the policy', async () => {
    const made = await load({
      'p.rego': minimal, 'p_test.rego': 'package t\n\nimport data.quantum.workflow\n\ntest_x if workflow.allow with input as {"device": {"kind": "simulator"}}\n\ntodo_test_y if false\n',
      'cases.json': cases([{ name: 'a', base: 'simulator', set: {}, effect: 'allow', rules: ['policy.allow'] }, { name: 'b', base: 'simulator', set: { 'device.kind': 'qpu' }, effect: 'deny' }, { name: 'c', base: 'qpu', effect: 'deny' }]),
    });
    assert.deepEqual([made.cases, made.tests], [3, 2]);
    assert.deepEqual(Object.keys(made.bundle.modules), ['p.rego'], 'the tests are not part of the policy');
  });

  test('that fail refuse it, the first by name with what was wanted and got', async () => {
    const faults = await refusal({ 'p.rego': minimal, 'cases.json': cases([{ name: 'fine', base: 'simulator', effect: 'allow' }, { name: 'wrong', base: 'qpu', effect: 'ask' }, { name: 'why', base: 'simulator', effect: 'allow', rules: ['simulator.free'] }]) }, 'policy_cases_failed');
    assert.deepEqual(faults.map(({ message }) => message), ['case "wrong": wanted ask, got deny', 'case "why": wanted allow simulator.free, got allow policy.allow']);
  });

  test('a test that fails refuses it, with its place and what failed', async () => {
    const faults = await refusal({ 'p.rego': minimal, 'p_test.rego': 'package t\n\ntest_x if {\n\t1 == 1\n\tdata.quantum.workflow.allow with input as {}\n}\n' }, 'policy_cases_failed');
    assert.deepEqual(places(faults), ['test_failed p_test.rego:3:1']);
    assert.match(faults[0]?.message ?? '', /^data\.t\.test_x failed\n[^]*p_test\.rego:5/);
  });

  const invalid: readonly (readonly [string, unknown, RegExp])[] = [
    ['of another form', { cases: [] }, /^bases: /],
    ['with a field that is none', cases([{ name: 'a', base: 'simulator', effect: 'allow', sett: {} }]), /^cases\.0: .*sett/],
    ['from a base that is none', cases([{ name: 'a', base: 'toString', effect: 'allow' }]), /no base "toString"/],
    ['that set a field of nothing', cases([{ name: 'a', base: 'simulator', set: { 'devise.kind': 'qpu' }, effect: 'deny' }]), /its base has no devise\.kind/],
    ['that set a field which is none', cases([{ name: 'a', base: 'simulator', set: { shotz: 5 }, effect: 'deny' }]), /its input is not valid/],
    ['that set a list as no list', cases([{ name: 'a', base: 'simulator', set: { 'artifacts.x': 5 }, effect: 'deny' }]), /its base has no artifacts\.x/],
    ['not JSON', 'cases', /./],
  ];
  for (const [name, content, message] of invalid) {
    test(`${name} are refused`, async () => {
      const [first] = await refusal({ 'p.rego': minimal, 'cases.json': content as string });
      assert.equal(first?.file, 'cases.json');
      assert.match(first?.message ?? '', message);
    });
  }
});

test('a folder is read without following links, and without what does not belong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-policy-test-'));
  try {
    for (const name of ['p.rego', 'p_test.rego', 'data.json', 'notes.md', 'q.wasm']) writeFileSync(join(folder, name), minimal);
    mkdirSync(join(folder, 'more'));
    assert.deepEqual([...(await readPolicyFolder(folder)).keys()], ['data.json', 'p.rego', 'p_test.rego']);
    symlinkSync('/etc/hostname', join(folder, 'link.rego'));
    await assert.rejects(readPolicyFolder(folder), { code: 'policy_invalid', got: 'link.rego: not a plain file' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the order of the files changes nothing', async () => {
  const contents = { 'a.rego': 'package lib\n\nsmall if input.shots < 5000\n', 'b.rego': 'package quantum.workflow\n\nimport data.lib\n\ndefault allow := false\n\nallow if lib.small\n' };
  const [one, other] = [await load(contents), await load(Object.fromEntries([...filesOf(contents)].toReversed()))];
  assert.equal(one.digest, other.digest);
  assert.deepEqual(one.wasm, other.wasm);
  assert.deepEqual(said(one, bases.simulator), ['allow', 'policy.allow']);
});
