// The job spec: the sample passes as it stands, everything unknown or wrong is refused with its place, and digests are what they say.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { canonicalJson, DewarError, filePath, isDigest, jobSpecSchema, microsFrom, parseJson, parseSpec, policyInputSchema, programDigest, specDefaults, specDigest, type Json, type JobSpec, type PolicyInput } from '../src/index.ts';

const root = new URL('../../../', import.meta.url);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
const read = (text: string): JobSpec => parseSpec(parseJson(new TextEncoder().encode(text)));
const digest = `sha256:${'0a'.repeat(32)}` as const;
const base = { job_name: 'x', code_blob: digest, backend: 'simulator' } as const;

function refusal(value: object): DewarError {
  try {
    read(JSON.stringify(value));
  } catch (error) {
    if (error instanceof DewarError) return error;
    throw error;
  }
  return assert.fail(`it was accepted: ${JSON.stringify(value)}`);
}

test('the sample passes verbatim, nothing is filled in, and 5.00 is five units', () => {
  const text = `{"job_name":"vqe-experiment-v1","image":"quantum-runner:1.2.0","code_blob":"sha256:${'1f'.repeat(32)}","backend":"ibmq_qpu_1","shots":1024,"max_cost":5.00}`;
  const spec = read(text);
  assert.deepEqual({ ...spec }, { job_name: 'vqe-experiment-v1', image: 'quantum-runner:1.2.0', code_blob: `sha256:${'1f'.repeat(32)}`, backend: 'ibmq_qpu_1', shots: 1024, max_cost: 5 });
  assert.equal(microsFrom(String(spec.max_cost)), 5_000_000);
  assert.notEqual(specDigest(read(JSON.stringify(base)), sha256), specDigest(read(JSON.stringify({ ...base, shots: specDefaults.shots })), sha256));
});

test('every field at once passes', () => {
  const spec = {
    ...base, job_name: 'Grüße 量子 🙂', shots: 1_000_000_000, max_cost: 0.000001, image: 'registry.example:5000/lab/runner:1.0-RC1', packages: ['qiskit==2.1.0', 'qiskit-aer==0.17.1+cu12'],
    data: [digest, 'file:/home/ada/a b.csv', 'file:///srv/data/x'], time_limit_s: 86_400, program: { format: 'qasm2' }, tags: ['sweep 3', 'ü'], lane: 'batch', dry_run: true, agent: { name: 'Codex', constructor: 'x', tostring: 'y' },
  };
  assert.equal(canonicalJson(read(JSON.stringify(spec)) as unknown as Json), canonicalJson(spec));
});

// field → value that must not pass → where the error points
const wrong: readonly (readonly [string, unknown, string?])[] = [
  ...['job_name', 'code_blob', 'backend', 'image'].flatMap((name) => [null, 1, true, [], {}, ''].map((value) => [name, value] as const)),
  ...['shots', 'time_limit_s'].flatMap((name) => [null, '1024', true, [], {}, 0, -1, 1.5, 1e15].map((value) => [name, value] as const)),
  ...[null, '5.00', true, [], {}, -1, -0.01, 1e9 + 1].map((value) => ['max_cost', value] as const),
  ...['packages', 'data', 'tags'].flatMap((name) => [null, 'x', 1, {}, true].map((value) => [name, value] as const)),
  ...['packages', 'data', 'tags'].flatMap((name) => [null, 1, [], {}, ''].map((value) => [name, [value], `/${name}/0`] as const)),
  ['job_name', 'x'.repeat(129)], ['job_name', 'a\u202eb'], ['job_name', 'a\u2066b'], ['job_name', 'a\nb'], ['job_name', '\u001b[31m'], ['job_name', 'a\u0000'], ['job_name', 'a\u2028b'],
  ['job_name', 'a\u200bb'], ['job_name', '\u3164'], ['job_name', 'a\u{e0041}'], ['job_name', 'a\u{e0101}'], ['job_name', 'a\ufeff'],
  ['code_blob', digest.toUpperCase()], ['code_blob', digest.slice(0, -1)], ['code_blob', `${digest}0`], ['code_blob', `${digest}\n`], ['code_blob', 'file:/x'], ['code_blob', digest.slice(7)], ['code_blob', `sha512:${'a'.repeat(128)}`],
  ['backend', 'IBM'], ['backend', 'a b'], ['backend', '../x'], ['backend', '-x'], ['backend', 'a/b'], ['backend', 'a'.repeat(65)], ['backend', 'ibm\n'], ['backend', 'ｉbm'],
  ['image', 'a b'], ['image', '-v'], ['image', '../x'], ['image', 'a;rm'], ['image', `a${'b'.repeat(255)}`], ['image', 'https://x?y'],
  ['packages', ['qiskit'], '/packages/0'], ['packages', ['qiskit>=2'], '/packages/0'], ['packages', ['a==1', '--index-url==x'], '/packages/1'], ['packages', ['git+https://x==1'], '/packages/0'], ['packages', ['a==1 b'], '/packages/0'], ['packages', Array(65).fill('a==1')],
  ['program', null], ['program', 'qasm3'], ['program', {}, '/program/format'], ['program', { format: 'qir' }, '/program/format'], ['program', { format: ['qasm3'] }, '/program/format'],
  ['lane', 'urgent'], ['lane', null], ['lane', ''], ['lane', 'Batch'], ['lane', ['batch']],
  ['tags', ['ok', 'a\u202e'], '/tags/1'], ['tags', ['x'.repeat(65)], '/tags/0'], ['tags', Array(17).fill('x')],
  ['dry_run', null], ['dry_run', 'true'], ['dry_run', 1],
  ['agent', null], ['agent', 'Codex'], ['agent', []], ['agent', { a: 1 }, '/agent/a'], ['agent', { a: null }, '/agent/a'], ['agent', { A: 'x' }, '/agent/A'], ['agent', { '': 'x' }, '/agent/'], ['agent', { 'a/b': 'x' }, '/agent/a~1b'],
  ['agent', { a: 'x'.repeat(257) }, '/agent/a'], ['agent', { a: 'b\u0007' }, '/agent/a'], ['agent', { a: { b: 'c' } }, '/agent/a'], ['agent', Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v']))],
];
for (const [name, value, path] of wrong) {
  test(`${name} refuses ${JSON.stringify(value).slice(0, 60)}`, () => {
    const error = refusal({ ...base, [name]: value });
    assert.ok(error.code === 'spec_invalid' || (error.code === 'data_refused' && name === 'data'), error.code);
    assert.equal(error.path, path ?? `/${name}`);
    assert.ok(error.allowed && !error.allowed.startsWith('Invalid'), 'says what would pass');
    assert.ok(error.fix?.includes(error.allowed ?? '?') && error.fix.includes(`docs/spec/job-spec.md#${name}`), error.fix);
  });
}

for (const entry of ['http://example.com/x', 'https://x', 's3://b/k', 'ftp://x', 'data:,x', 'file://relative', 'file://host/share', 'file:relative', 'file:', 'file:/', 'file:///', 'file:////etc', 'FILE:/x', '/etc/passwd', '../x', 'file:/a/../b', 'file:/a/./b', 'file:/..', 'file:/a//b', 'file:/a/', 'file:/a%2e%2e/b', 'file:/a?x', 'file:/a#b', 'file:/a\\b', 'file:/a\u202eb', 'file:/a\nb', 'sha256:abc', `${digest} `, `x${digest}`, `${digest}\nfile:/x`]) {
  test(`data refuses ${JSON.stringify(entry).slice(0, 60)}`, () => {
    const error = refusal({ ...base, data: [digest, entry] });
    assert.deepEqual([error.code, error.path], ['data_refused', '/data/1']);
    assert.equal(filePath(entry), undefined);
  });
}

test('a file: entry names its path literally, dots inside a name included', () => {
  assert.deepEqual(['file:/a/b', 'file:///a/b', 'file:/a/..b', 'file:/.hidden/x.y', 'file:/a b/é'].map(filePath), ['/a/b', '/a/b', '/a/..b', '/.hidden/x.y', '/a b/é']);
  assert.equal(filePath(digest), undefined);
});

test('unknown fields are refused at every level, before anything else, with the place and the name', () => {
  const table: readonly (readonly [object, string])[] = [
    [{ ...base, token: 'x' }, '/token'], [{ ...base, Shots: 1 }, '/Shots'], [{ ...base, version: 1 }, '/version'], [{ ...base, constructor: 1 }, '/constructor'],
    [{ ...base, program: { format: 'qasm3', text: 'x' } }, '/program/text'], [{ job_nam: 'x', code_blob: digest, backend: 'sim' }, '/job_nam'],
    [{ ...base, 'a/b~c': 1 }, '/a~1b~0c'], [{ ...base, ['k'.repeat(500)]: 1 }, `/${'k'.repeat(76)}...`], [{ ...base, '\u202e': 1 }, '/\\u{202e}'],
  ];
  for (const [value, path] of table) {
    const error = refusal(value);
    assert.deepEqual([error.code, error.path], ['spec_unknown_field', path]);
    assert.ok(error.fix?.startsWith('remove "'));
  }
  const text = JSON.stringify(base).slice(0, -1);
  assert.throws(() => read(`${text},"__proto__":{"shots":1}}`), { code: 'spec_unknown_field', path: '/__proto__' });
  assert.throws(() => read(`${text},"agent":{"__proto__":"x"}}`), { code: 'spec_invalid', path: '/agent/__proto__' });
  assert.throws(() => read(`${text},"program":{"format":"qasm3","__proto__":1}}`), { code: 'spec_unknown_field', path: '/program/__proto__' });
});

test('a missing field is named, and so is a spec that is no object', () => {
  for (const name of ['job_name', 'code_blob', 'backend'] as const) {
    const error = refusal({ ...base, [name]: undefined });
    assert.deepEqual([error.code, error.path, error.got, error.message], ['spec_invalid', `/${name}`, 'nothing', `the job spec needs /${name}`]);
  }
  for (const text of ['[]', 'null', '1', '"x"', 'true']) assert.throws(() => read(text), { code: 'spec_invalid', path: '', allowed: 'a JSON object' });
});

test('property: no refusal shows more than 80 characters of what was sent, or any raw control or bidirectional character', () => {
  const nasty = fc.string({ unit: 'binary', maxLength: 120 });
  const key = fc.oneof(nasty, fc.constantFrom('job_name', 'data', 'agent', 'program', 'tags'));
  fc.assert(fc.property(key, fc.oneof(nasty, fc.array(nasty), fc.dictionary(nasty, nasty)), (name, value) => {
    try {
      parseSpec({ ...base, [name]: value });
    } catch (error) {
      assert.ok(error instanceof DewarError, String(error));
      for (const part of [error.path ?? '', error.got ?? '']) assert.ok(part.length <= 80);
      assert.doesNotMatch(JSON.stringify(error.toBody()), /[\p{C}\p{Zl}\p{Zp}\p{DI}]/u);
    }
  }), { numRuns: 1_000 });
});

interface DigestVector { readonly name: string; readonly text: string; readonly canonical: string; readonly spec_digest: string; readonly program_digest: string }
const vectors: readonly DigestVector[] = JSON.parse(readFileSync(new URL('vectors/spec/digests.json', root), 'utf8')).vectors;
for (const vector of vectors) {
  test(`digests of ${vector.name}`, () => {
    const spec = read(vector.text);
    assert.equal(canonicalJson(spec as unknown as Json), vector.canonical);
    assert.equal(specDigest(spec, sha256), vector.spec_digest);
    assert.equal(programDigest(spec, sha256), vector.program_digest);
  });
}

test('property: any change of a spec changes its digest; only code and parameters change the program digest', () => {
  const change = fc.record({
    job_name: fc.constantFrom('x', 'y'), backend: fc.constantFrom('simulator', 'practice-qpu'), shots: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }), max_cost: fc.option(fc.constantFrom(0, 1, 0.5), { nil: undefined }),
    tags: fc.option(fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 }), { nil: undefined }), dry_run: fc.option(fc.boolean(), { nil: undefined }), agent: fc.option(fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.constantFrom('1', '2')), { nil: undefined }),
  });
  fc.assert(fc.property(change, change, (left, right) => {
    const [one, other] = [left, right].map((each) => read(JSON.stringify({ code_blob: digest, ...each })));
    assert.ok(one && other);
    assert.equal(specDigest(one, sha256) === specDigest(other, sha256), canonicalJson(one as unknown as Json) === canonicalJson(other as unknown as Json));
    assert.equal(programDigest(one, sha256), programDigest(other, sha256));
  }));
  assert.notEqual(programDigest({ code_blob: digest }, sha256), programDigest({ code_blob: `sha256:${'0b'.repeat(32)}` }, sha256));
  assert.notEqual(programDigest({ code_blob: digest }, sha256), programDigest({ code_blob: digest, parameters: { theta: 0.5 } }, sha256));
  assert.notEqual(programDigest({ code_blob: digest, parameters: { theta: [0.5] } }, sha256), programDigest({ code_blob: digest, parameters: { theta: 0.5 } }, sha256));
});

test('the published schemas are those of the code', () => {
  execFileSync(process.execPath, [fileURLToPath(new URL('scripts/publish-schemas.ts', root)), '--check']);
});

test('docs/spec/job-spec.md has a heading for every field, since refusals link to them, and no other field', () => {
  const schema = JSON.parse(readFileSync(new URL('docs/spec/job-spec.schema.json', root), 'utf8'));
  const text = readFileSync(new URL('docs/spec/job-spec.md', root), 'utf8');
  assert.deepEqual([...text.matchAll(/^### (\w+)$/gm)].map((match) => match[1]), Object.keys(schema.properties));
  assert.equal(schema.additionalProperties, false);
});

test('examples/specs pass, and name the digest of the Bell circuit as it is', () => {
  const bell = `sha256:${createHash('sha256').update(readFileSync(new URL('examples/circuits/bell.qasm', root))).digest('hex')}`;
  const files = readdirSync(new URL('examples/specs/', root));
  assert.deepEqual(files.toSorted(), ['qpu.json', 'simulator.json', 'too-many-shots.json']);
  for (const file of files) assert.equal(read(readFileSync(new URL(`examples/specs/${file}`, root), 'utf8')).code_blob, bell, file);
});

const input: PolicyInput = {
  version: 2, backend: 'simulator', shots: 1024, shots_per_point: 1024, points: 1, max_cost: null, max_cost_micros: null, time_limit_s: 60, lane: 'interactive', image: null, packages: [],
  artifacts: [{ digest, stored: true }], program_digest: digest, device: { name: 'simulator', kind: 'simulator', practice: false, max_qubits: 24, on_premises: true, limit: null }, on_premises_qpus: [],
  facts: {
    analyser: 'openqasm/1.0.0', language: 'qasm3', qubits: 2, clbits: 2, physical_qubits: [], gates: { h: 1, cx: 1 }, operations: 2, one_qubit_gates: 1, two_qubit_gates: 1, multi_qubit_gates: 0,
    measurements: 2, resets: 0, depth: 3, mid_circuit_measurement: false, dynamic: false, unbounded_loop: false, pulse: false, pragmas: [], includes: ['stdgates.inc'], externs: [],
    inputs: [{ name: 'a', type: 'angle' }], confidence: 'exact', notes: [{ line: 1, text: 'x' }], simulated_before: false, simulatable: true, simulator_limit: null,
  },
  quote: { kind: 'free', amount_micros: 0, currency: null, age_days: null }, session: { name: 'default', containment: 'uncontained', user: 'ada', project: 'alpha' },
  time: { at: '2026-11-27T12:00:00.000Z', zone: 'UTC', weekday: 5, hour: 12, minute: 0 }, envelope: { max_jobs: 1, max_shots: 1, max_amount_micros: 1, seconds: 1 }, anomalies: ['night'],
  budgets: [{ id: 'user:ada/day/XTS', scope: 'user', name: 'ada', per: 'day', currency: 'XTS', limit_micros: 50_000_000, remaining_micros: -1, needs_micros: 1, frozen: false }], frozen: false,
};

test('the policy input is closed: each field missing, extra or of another type is refused, at every level', () => {
  assert.ok(policyInputSchema.safeParse(input).success);
  assert.ok(isDigest(input.program_digest));
  let tried = 0;
  const refuse = (mutate: (value: Record<string, unknown>) => void, path: readonly string[]) => {
    const copy: Record<string, unknown> = structuredClone(input) as never;
    mutate(path.reduce((value, key) => value[key] as Record<string, unknown>, copy));
    assert.equal(policyInputSchema.safeParse(copy).success, false, `${path.join('.')}: ${JSON.stringify(copy).slice(0, 200)}`);
    tried += 1;
  };
  const walk = (value: object, path: readonly string[]) => {
    if (!Array.isArray(value) && path.at(-1) !== 'gates') refuse((at) => { at['surprise'] = 1; }, path);
    for (const [key, inner] of Object.entries(value)) {
      const nullable = ['max_cost', 'max_cost_micros', 'image', 'simulator_limit', 'limit', 'age_days', 'project', 'envelope', 'max_amount_micros', 'remaining_micros', 'needs_micros'].includes(key) || (key === 'name' && path[0] === 'budgets') || (key === 'currency' && path[0] === 'quote');
      if (!Array.isArray(value) && path.at(-1) !== 'gates') refuse((at) => { delete at[key]; }, path);
      if (!nullable) refuse((at) => { at[key] = null; }, path);
      refuse((at) => { at[key] = Symbol('another type'); }, path);
      refuse((at) => { at[key] = typeof inner === 'string' ? 7 : 'seven'; }, path);
      if (typeof inner === 'object' && inner !== null) walk(inner, [...path, key]);
    }
  };
  walk({ ...input, image: 'x:1', device: { ...input.device, limit: 'x' }, facts: { ...input.facts, simulator_limit: 'x' }, quote: { ...input.quote, currency: 'XTS', age_days: 1 } }, []);
  assert.ok(tried > 150, String(tried));
});

test('the job spec schema is closed in the same way', () => {
  assert.equal(jobSpecSchema.safeParse({ ...base, surprise: 1 }).success, false);
  assert.equal(jobSpecSchema.safeParse({ ...base, shots: undefined }).success, false, 'a field set to undefined is not absent');
});
