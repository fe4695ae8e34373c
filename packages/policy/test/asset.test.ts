// The OPA that comes along: the very bytes that were pinned, built from the inputs that are named, and no others.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { pinned, readAsset } from '../src/asset.ts';
import { opaVersion } from '../src/index.ts';

const folder = new URL('../opa/', import.meta.url);
const read = (name: string): Buffer => readFileSync(new URL(name, folder));

test('its inputs are those that the committed WebAssembly was built from', () => {
  const digests = pinned();
  for (const name of ['answer.go', 'main.go', 'go.mod', 'go.sum', 'capabilities.json', 'wasm_exec.js']) assert.equal(createHash('sha256').update(read(name)).digest('hex'), digests.get(name), `${name}: run: node packages/policy/opa/build.mjs`);
  assert.equal(digests.get('go')?.trim(), /^go (\S+)$/m.exec(String(read('go.mod')))?.[1]);
  assert.ok(String(read('go.mod')).includes(`github.com/open-policy-agent/opa v${opaVersion}\n`));
  const checked = spawnSync(process.execPath, [fileURLToPath(new URL('build.mjs', folder)), '--inputs'], { encoding: 'utf8', env: {} });
  assert.equal(checked.status, 0, checked.stderr);
});

test('it is read only as it was pinned', () => {
  const { wasm, glue } = readAsset();
  assert.ok(wasm.length > 30_000_000 && glue.includes('Go'));
  const fast = (bytes: Uint8Array) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 0 } });
  const changed = Uint8Array.from(wasm);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  const other = (name: string, bytes: Uint8Array) => (asked: string) => (asked === name ? bytes : read(asked));
  assert.throws(() => readAsset(other('opa.wasm.br', fast(changed))), /opa\.wasm of packages\/policy\/opa is not the one/);
  assert.throws(() => readAsset(other('wasm_exec.js', new TextEncoder().encode(`${glue}\n`))), /wasm_exec\.js of packages\/policy\/opa is not the one/);
  assert.throws(() => readAsset(read, new Map()), /is not the one/);
  assert.throws(() => readAsset(other('opa.wasm.br', read('opa.wasm.br').subarray(0, 1000))));
  assert.throws(() => readAsset(other('opa.wasm.br', fast(new Uint8Array(65 * 1024 * 1024)))), /larger than/);
});

test('its memory has a most', () => {
  // The memory section, as build.mjs writes it: one memory, with a most of 12288 pages.
  const { wasm } = readAsset();
  const most = Buffer.of(0x80, 0x60);
  const section = Buffer.from(wasm.buffer).indexOf(Buffer.of(0x05, 0x06, 0x01, 0x01));
  assert.ok(section > 0);
  assert.deepEqual(Buffer.from(wasm.subarray(section + 6, section + 8)), most);
});
