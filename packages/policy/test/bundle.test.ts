// Bundles and their engine: nothing is loaded that is not the very policy named, and whatever goes wrong denies.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PolicyInput } from '@dewar/protocol';
import { bundleBytes, bundleDigest, decideOn, loadPolicy, parseBundle, readStoredPolicy, sha256, type PolicyBundle } from '../src/index.ts';
import { bases, load, minimal, policies } from './fixture.ts';

const invalid = { name: 'DewarError', code: 'policy_invalid' } as const;
const read = (name: string) => Uint8Array.from(readFileSync(new URL(name, policies)));
const wasm = read('quantum_policy.wasm');
const bundle = parseBundle(read('quantum_policy.bundle.json'));
const decided = (policy: ReturnType<typeof loadPolicy>, input: unknown = bases.simulator) => decideOn(policy, input as PolicyInput, sha256);

test('a bundle is read back as it was written', () => {
  assert.deepEqual(parseBundle(bundleBytes(bundle)), bundle);
  assert.deepEqual(bundleBytes(bundle), read('quantum_policy.bundle.json'));
});

test('any change of a bundle is another policy, or none', () => {
  const changes: readonly Partial<Record<keyof PolicyBundle, unknown>>[] = [
    { data: { x: 1 } }, { modules: { ...bundle.modules, 'quantum_policy.rego': `${bundle.modules['quantum_policy.rego']}\n` } }, { modules: {} }, { declares: { ...bundle.declares, reasons: false } }, { wasm: `sha256:${'0'.repeat(64)}` },
  ];
  const digests = changes.map((change) => bundleDigest({ ...bundle, ...change } as PolicyBundle));
  assert.equal(new Set([bundleDigest(bundle), ...digests]).size, changes.length + 1);
  const broken: readonly unknown[] = [
    { ...bundle, version: 2 }, { ...bundle, opa: '1.0.0' }, { ...bundle, wasm: 'sha256:x' }, { ...bundle, more: 1 }, { ...bundle, modules: { '../p.rego': '' } }, { ...bundle, modules: { 'p.rego': 1 } },
    { ...bundle, declares: { allow: true } }, { ...bundle, declares: { ...bundle.declares, allow: 'yes' } }, { ...bundle, data: [] }, null, [], 'bundle',
  ];
  for (const value of broken) assert.throws(() => parseBundle(new TextEncoder().encode(JSON.stringify(value))), invalid, JSON.stringify(value)?.slice(0, 60));
});

test('bytes that are not its canonical form are refused', () => {
  const text = new TextDecoder().decode(bundleBytes(bundle));
  for (const other of [` ${text}`, `${text}\n`, text.replace('{"data"', '{ "data"'), text.slice(0, -1), '', '\ufeff', '{"a":NaN}', `{"version":1,${text.slice(1)}`]) {
    assert.throws(() => parseBundle(new TextEncoder().encode(other)), invalid, other.slice(0, 20));
  }
  assert.throws(() => parseBundle(Uint8Array.of(0xff, 0xfe)), invalid);
  assert.throws(() => parseBundle(new Uint8Array(9_000_000)), invalid);
});

test('WebAssembly that the bundle does not name is refused', async () => {
  const other = await load({ 'p.rego': minimal });
  assert.throws(() => loadPolicy(bundle, other.wasm), invalid);
  assert.throws(() => loadPolicy(other.bundle, wasm), invalid);
  for (const at of [0, 8, 5000, wasm.length - 1]) {
    const changed = Uint8Array.from(wasm);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => loadPolicy(bundle, changed), invalid);
  }
  assert.throws(() => loadPolicy(bundle, wasm.subarray(0, 5000)), invalid);
});

test('bytes that are named and are no policy are refused', () => {
  for (const bytes of [new Uint8Array(), wasm.subarray(0, 5000), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), new Uint8Array(17_000_000)]) {
    const digest = `sha256:${Buffer.from(sha256(bytes)).toString('hex')}` as const;
    assert.throws(() => loadPolicy({ ...bundle, wasm: digest }, bytes), invalid);
  }
});

test('it is not changed by a caller who changes the bytes or the bundle afterwards', () => {
  const bytes = Uint8Array.from(wasm);
  const mine = structuredClone(bundle) as { declares: { reasons: boolean }; data: Record<string, number> };
  const policy = loadPolicy(mine as unknown as PolicyBundle, bytes);
  const before = decided(policy);
  bytes.fill(0);
  mine.declares.reasons = false;
  mine.data['x'] = 1;
  assert.throws(() => policy.evaluate({ toJSON: () => { throw new Error('again'); } } as never));
  assert.deepEqual(decided(policy), before);
});

test('the files on disk are two, and both must be there', async () => {
  const file = fileURLToPath(new URL('quantum_policy.bundle.json', policies));
  assert.equal((await readStoredPolicy(file)).policy.digest, bundleDigest(bundle));
  await assert.rejects(readStoredPolicy(file.replace('quantum', 'other')), invalid);
  await assert.rejects(readStoredPolicy(file.replace('.bundle.json', '.wasm')), invalid);
});

const reason = '{"rule": "a.b", "effect": "allow", "message": "m", "fix": null}';

test('a million reasons deny, and the next decision is made', async () => {
  const text = `${minimal}\nmany if input.shots == 7\n\nreasons contains ${reason} if not many\n\nreasons contains object.union(${reason}, {"message": format_int(n, 10)}) if {\n\tmany\n\tsome n in numbers.range(1, 1000000)\n}\n`;
  const made = await load({ 'p.rego': text });
  const policy = loadPolicy(made.bundle, made.wasm);
  assert.equal(decided(policy).effect, 'allow');
  const many = decided(policy, { ...bases.simulator, shots: 7, shots_per_point: 7 });
  assert.deepEqual([many.effect, many.reasons.length], ['deny', 1]);
  assert.equal(decided(policy).effect, 'allow');
});

test('an evaluation that throws denies, and the engine starts again', async () => {
  // sprintf of JavaScript throws where OPA's writes what it can.
  const made = await load({ 'p.rego': `${minimal}\nreasons contains ${reason} if input.shots != 7\n\nreasons contains object.union(${reason}, {"message": sprintf("%d", [input.backend])}) if input.shots == 7\n` });
  const policy = loadPolicy(made.bundle, made.wasm);
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(decided(policy, { ...bases.simulator, shots: 7, shots_per_point: 7 }).reasons.map(({ rule }) => rule), ['policy.error']);
    assert.deepEqual(decided(policy).reasons.map(({ rule }) => rule), ['a.b']);
  }
});

test('a reason that is not of the form denies, also NaN and infinity where a text belongs', async () => {
  for (const message of ['1 / 3', '1e400', 'null', '{"m"}']) {
    const made = await load({ 'p.rego': `${minimal}\nreasons contains {"rule": "a.b", "effect": "allow", "message": ${message}, "fix": null}\n` });
    assert.deepEqual(decided(loadPolicy(made.bundle, made.wasm)).effect, 'deny', message);
  }
});
