// OPA in its worker: every operation, faults as answers, and an end to whatever does not end by itself.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DewarError } from '@dewar/protocol';
import { compilePolicy, inputSchema, loadPolicy, taken, withOpa, type Answered, type Modules, type Opa } from '../src/index.ts';
import { bases, minimal } from './fixture.ts';

const faultsOf = (answered: Answered<unknown>) => (answered.faults ?? []).map(({ code, message, file, row, col }) => `${file}:${row}:${col} ${code} ${message.split('\n')[0]}`);
const one = (text: string): Modules => ({ 'p.rego': text });
const tool = { name: 'DewarError', code: 'policy_tool_failed' } as const;

test('one worker answers one question after another', async () => {
  await withOpa(async (opa) => {
    const checked = taken(await opa.check({ ...one(minimal), 'lib.rego': 'package lib.units\n\nhalf(x) := x / 2\n' }, inputSchema()));
    assert.deepEqual(checked.packages, { 'p.rego': 'data.quantum.workflow', 'lib.rego': 'data.lib.units' });
    assert.deepEqual(checked.rules, { 'p.rego': ['data.quantum.workflow.allow'], 'lib.rego': ['data.lib.units.half'] });

    assert.deepEqual(faultsOf(await opa.check(one('package quantum.workflow\n\nallow if input.shotz > 3\n\nask if {\n\tx := 1\n}\n'), inputSchema())), [
      'p.rego:3:10 rego_type_error undefined ref: input.shotz',
      'p.rego:6:2 rego_compile_error assigned var x unused',
    ]);
    assert.match(faultsOf(await opa.check(one('package p\n\nallow if input.shots >\n')))[0] ?? '', /^p\.rego:\d+:\d+ rego_parse_error/);
    assert.deepEqual(faultsOf(await opa.check(one('package p\n\nallow := input.session.name.first\n'), inputSchema())), ['p.rego:3:10 rego_type_error undefined ref: input.session.name.first']);

    assert.deepEqual(taken(await opa.format(one('package p\nallow if {input.shots>3}'))), { 'p.rego': 'package p\n\nallow if input.shots > 3\n' });
    assert.equal(faultsOf(await opa.format(one('package p {'))).length, 1);

    const wasm = taken(await opa.compile(one(minimal), ['quantum/workflow/allow']));
    assert.deepEqual(wasm.subarray(0, 4), Uint8Array.of(0, 0x61, 0x73, 0x6d));
    assert.deepEqual(taken(await opa.compile(one(minimal), ['quantum/workflow/allow'])), wasm, 'the same bytes each time');
    assert.equal((await opa.compile(one(minimal), ['quantum/workflow/nothing'])).ok, undefined);

    const answers = taken(await opa.evaluate(one('package p\n\nx := data.limits[input.k]\n\ny := to_number(input.k)\n'), 'data.p.x', [{ k: 'a' }, { k: 'b' }, null, 3], { data: { limits: { a: null } } }));
    assert.deepEqual(answers, [{ result: null }, { undefined: true }, { undefined: true }, { undefined: true }]);
    const [traced] = taken(await opa.evaluate(one(minimal), 'data.quantum.workflow.allow', [bases.qpu], { trace: true }));
    assert.match(traced?.trace ?? '', /p\.rego:5 .*Fail input\.device\.kind = "simulator"/);

    const tree = taken(await opa.parse(one(minimal)))['p.rego'];
    assert.match(JSON.stringify(tree), /"location":\{"row":5,"col":10\}/);
  });
});

test('a test is reported with its place, what it printed and what failed in it', async () => {
  const tests = 'package quantum.workflow_test\n\nimport data.quantum.workflow\n\ntest_yes if workflow.allow with input as {"device": {"kind": "simulator"}}\n\ntest_no if {\n\tprint("here")\n\tworkflow.allow with input as {"device": {"kind": "qpu"}}\n}\n\ntodo_test_later if false\n';
  const results = taken(await withOpa((opa) => opa.test({ ...one(minimal), 'p_test.rego': tests })));
  assert.deepEqual(results.map(({ name, file, row, passed, skipped, output }) => [name.split('.').at(-1), file, row, passed, skipped ?? false, output ?? '']), [
    ['test_yes', 'p_test.rego', 5, true, false, ''], ['test_no', 'p_test.rego', 7, false, false, 'here\n'], ['todo_test_later', 'p_test.rego', 12, false, true, ''],
  ]);
  assert.match(results[1]?.trace ?? '', /p_test\.rego:9.*Fail data\.quantum\.workflow\.allow/);
});

test('there is no network, no clock and no chance in it', async () => {
  await withOpa(async (opa) => {
    for (const call of ['http.send({"method": "get", "url": "http://127.0.0.1"})', 'time.now_ns()', 'rand.intn("x", 5)', 'uuid.rfc4122("x")', 'opa.runtime()', 'net.lookup_ip_addr("localhost")', 'io.jwt.decode("x")', 'crypto.sha256("x")', 'trace("x")', 'regex.split("a", "b")', 'yaml.unmarshal("a")', 'json.marshal(1)']) {
      const name = call.slice(0, call.indexOf('('));
      const wanted = new RegExp(`undefined function ${name.replaceAll('.', '\\.')}`);
      const text = `package quantum.workflow\n\nx := ${call}\n`;
      assert.match(faultsOf(await opa.check(one(text)))[0] ?? '', wanted);
      assert.match(faultsOf(await opa.compile(one(text), ['quantum/workflow/x']))[0] ?? '', wanted);
      assert.match(faultsOf(await opa.test(one(`package p\n\ntest_x if ${call}\n`)))[0] ?? '', wanted);
      assert.match(faultsOf(await opa.evaluate(one(minimal), call, [null]))[0] ?? '', wanted);
    }
    // A schema from elsewhere is not fetched.
    assert.notEqual((await opa.check(one(minimal), { $ref: 'http://127.0.0.1:1/schema.json' })).faults, undefined);
  });
});

describe('what does not end is ended', () => {
  const wide = '[1 | some a in numbers.range(1, 2000); some b in numbers.range(1, 2000); some c in numbers.range(1, 2000); a + b + c < 0]';
  const bomb = `package quantum.workflow\n\ndefault allow := false\n\nallow if count(${wide}) == 0\n`;
  const questions: readonly (readonly [string, (opa: Opa) => Promise<unknown>])[] = [
    ['a test that loops', (opa) => opa.test(one(`package p\n\ntest_loop if count(${wide}) == 0\n`))],
    ['a query that loops', (opa) => opa.evaluate(one(bomb), 'data.quantum.workflow.allow', [{}])],
  ];
  for (const [name, ask] of questions) {
    test(name, async () => {
      // The time counts from when OPA is loaded; none of these ends in hours.
      await assert.rejects(withOpa(ask, { milliseconds: 3000 }), { ...tool, message: /it took longer than 3 s/ });
    });
  }

  test('a compiled policy that loops takes its engine\'s memory, and denies', async () => {
    await withOpa(async (opa) => {
      const { bundle, wasm } = await compilePolicy(opa, { modules: one(bomb), data: {} });
      const decisions = await opa.decide(bundle, wasm, [bases.simulator, bases.simulator]);
      assert.deepEqual(decisions.map(({ effect, reasons }) => [effect, ...reasons.map(({ rule }) => rule)]), [['deny', 'policy.error'], ['deny', 'policy.error']]);
    }, { milliseconds: 300_000 });
  });

  test('a test that takes all memory', async () => {
    const hungry = `package p\n\nmany := "${'x'.repeat(40_000)}"\n\ntest_all if count(replace(many, "x", many)) == 1\n`;
    await assert.rejects(withOpa((opa) => opa.test(one(hungry)), { milliseconds: 300_000 }), { ...tool, message: /OPA stopped: .*(?:memory|grow)/ });
  });

  test('a program nested too deep', async () => {
    await assert.rejects(withOpa((opa) => opa.check(one(`package p\n\nx := ${'['.repeat(100_000)}${']'.repeat(100_000)}\n`))), tool);
  });
});

test('after it has ended nothing can be asked, and what was under way is answered with why', async () => {
  let kept: Opa | undefined;
  let under: Promise<unknown> | undefined;
  await withOpa(async (opa) => {
    kept = opa;
    under = opa.check(one(minimal));
    under.catch(() => undefined);
  });
  await assert.rejects(under ?? Promise.resolve(), tool);
  await assert.rejects(kept?.check(one(minimal)) ?? Promise.resolve(), tool);
});

test('a question that cannot be sent, and a policy that is none, fail the tool and no more', async () => {
  await assert.rejects(withOpa(async (opa) => {
    const { bundle, wasm } = await compilePolicy(opa, { modules: one(minimal), data: {} });
    loadPolicy(bundle, wasm);
    return opa.decide(bundle, wasm, [() => undefined]);
  }), (error) => error instanceof DewarError && error.code === 'policy_tool_failed');
});
