// Builds OPA as WebAssembly, so that Dewar compiles, checks and tests policies with nothing else installed.
//
//   node packages/policy/opa/build.mjs                  build; write opa.wasm.br, wasm_exec.js and opa.wasm.sha256
//   node packages/policy/opa/build.mjs --check          build again and compare the digest of the WebAssembly
//   node packages/policy/opa/build.mjs --inputs         compare the inputs' digests only; needs no Go
//   node packages/policy/opa/build.mjs --capabilities   write capabilities.json anew from the sources of OPA and of opa-wasm
//   node packages/policy/opa/build.mjs --licences       write LICENSES.txt anew: the terms of everything that is built in
//
// Needs Go of exactly the version in go.mod: another writes other bytes, so it is refused rather than tried.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const folder = dirname(fileURLToPath(import.meta.url));
const read = (name) => readFileSync(join(folder, name));
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const inputs = ['answer.go', 'capabilities.json', 'go.mod', 'go.sum', 'main.go'];
const goVersion = /^go (\S+)$/m.exec(String(read('go.mod')))[1];
/** Pages of 64 KiB that the program may have: 768 MiB. A policy that wants more ends the worker. */
const mostPages = 12288;

function go(args, cwd = folder) {
  const env = { ...process.env, CGO_ENABLED: '0', GOOS: 'js', GOARCH: 'wasm', GOWASM: '', GOFLAGS: '-mod=readonly', GOWORK: 'off', GOTOOLCHAIN: process.env.GOTOOLCHAIN || 'local', GOEXPERIMENT: '' };
  const done = spawnSync('go', args, { cwd, env, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`go ${args.join(' ')}\n${done.stdout}${done.stderr}`);
  return done.stdout.trim();
}

/** The version of the `go` found, or null where there is none. */
function foundGo() {
  try {
    return go(['env', 'GOVERSION']).replace(/^go/, '');
  } catch {
    return null;
  }
}

/** The module with a most for its memory, which Go does not write: the engine then refuses to grow it further. */
function limited(wasm) {
  const number = (at) => {
    let value = 0;
    for (let shift = 0, index = at; ; shift += 7, index += 1) {
      value += (wasm[index] & 0x7f) * 2 ** shift;
      if (wasm[index] < 0x80) return { value, next: index + 1 };
    }
  };
  const encoded = (value) => (value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encoded(Math.floor(value / 0x80))]);
  for (let at = 8; at < wasm.length;) {
    const size = number(at + 1);
    const end = size.next + size.value;
    if (wasm[at] === 5) {
      const least = number(size.next + 2);
      if (wasm[size.next] !== 1 || wasm[size.next + 1] !== 0 || least.next !== end) throw new Error('the memory section is not one memory without a most');
      const section = [1, 1, ...encoded(least.value), ...encoded(mostPages)];
      return Buffer.concat([wasm.subarray(0, at), Buffer.from([5, ...encoded(section.length), ...section]), wasm.subarray(end)]);
    }
    at = end;
  }
  throw new Error('no memory section');
}

function build() {
  const scratch = mkdtempSync(join(tmpdir(), 'dewar-opa-'));
  try {
    const out = join(scratch, 'opa.wasm');
    go(['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w -buildid=', '-o', out, '.']);
    return limited(readFileSync(out));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** In the form `sha256sum` writes; `opa.wasm` is the WebAssembly before compression, `go` the version that built it. */
function digests(wasm, wasmExec) {
  const lines = [[sha256(wasm), 'opa.wasm'], [sha256(wasmExec), 'wasm_exec.js'], ...inputs.map((name) => [sha256(read(name)), name]), [goVersion.padEnd(64), 'go']];
  return lines.map(([digest, name]) => `${digest}  ${name}\n`).join('');
}

/** Which inputs are not those that the committed WebAssembly was built from. */
function staleInputs() {
  const recorded = new Map(String(read('opa.wasm.sha256')).trim().split('\n').map((line) => [line.slice(66), line.slice(0, 64).trim()]));
  const files = [...inputs, 'wasm_exec.js'].filter((name) => recorded.get(name) !== sha256(read(name)));
  return recorded.get('go') === goVersion ? files : [...files, 'the version of Go'];
}

/** The functions that compile to WebAssembly itself, and those of opa-wasm's JavaScript that mean there what they mean in OPA. */
function capabilities() {
  const opa = go(['list', '-m', '-f', '{{.Dir}}', 'github.com/open-policy-agent/opa']);
  const source = (path) => readFileSync(join(opa, path), 'utf8');
  const native = source('internal/compiler/wasm/wasm.go');
  const table = native.slice(native.indexOf('var builtinsFunctions'), native.indexOf('\n}', native.indexOf('var builtinsFunctions')));
  const variables = new Set([...table.matchAll(/ast\.(\w+)\.Name:/g)].map((match) => match[1]));
  const declared = source('v1/ast/builtins.go');
  const names = new Set([...declared.matchAll(/^var (\w+) = (?:&Builtin\{|[^\n]*\n?)\s*Name:\s+"([^"]+)"/gm)].filter(([, variable]) => variables.has(variable)).map((match) => match[2]));
  if (variables.size < 80 || names.size !== variables.size) throw new Error(`${variables.size} native functions, ${names.size} of them found by name`);
  const engine = createRequire(import.meta.url).resolve('@open-policy-agent/opa-wasm');
  const given = Object.keys(createRequire(engine)('./builtins/index'));
  for (const name of given) names.add(name);
  // Other expressions, another YAML, keys in another order: what a test says in OPA would not be what runs.
  for (const name of ['regex.split', 'yaml.is_valid', 'yaml.marshal', 'yaml.unmarshal', 'json.marshal']) names.delete(name);
  // Rewritten by the compiler before any engine sees them.
  for (const name of ['assign', 'eq', 'internal.member_2', 'internal.member_3', 'print', 'internal.print', 'internal.test_case']) names.add(name);
  const all = JSON.parse(source('capabilities.json'));
  // What is deprecated does not compile in Rego v1.
  const builtins = all.builtins.filter(({ name, deprecated }) => names.has(name) && !deprecated);
  const lines = builtins.map((one) => `    ${JSON.stringify(one)}`).join(',\n');
  return `{\n  "builtins": [\n${lines}\n  ],\n  "features": ${JSON.stringify(['keywords_in_refs', 'rego_v1', 'template_strings'])},\n  "wasm_abi_versions": ${JSON.stringify(all.wasm_abi_versions)},\n  "allow_net": []\n}\n`;
}

const kinds = [['Apache-2.0', /Apache License/], ['MIT', /Permission is hereby granted, free of charge/], ['BSD-3-Clause', /Redistribution and use[^]*Neither the name/]];

/** The licence texts of all modules that are built in, each under `== name version licences`; Go itself last. */
function licences() {
  const files = new Map();
  const add = (title, path) => {
    const texts = files.get(title) ?? new Map();
    for (const name of readdirSync(path).filter((one) => /^(licen[cs]e|copying|notice)/i.test(one) && statSync(join(path, one)).isFile())) texts.set(join(path, name), readFileSync(join(path, name), 'utf8').trimEnd());
    files.set(title, texts);
  };
  for (const line of go(['list', '-deps', '-f', '{{with .Module}}{{.Path}} {{.Version}}|{{.Dir}}|{{end}}{{.Dir}}', '.']).split('\n').filter((one) => one.includes(' v'))) {
    const [title, top, folderOf] = line.split('|');
    for (let path = folderOf; path.length >= top.length; path = dirname(path)) add(title, path);
  }
  add(`go ${goVersion}`, go(['env', 'GOROOT']));
  return [...files].sort(([a], [b]) => (a.startsWith('go ') ? 1 : b.startsWith('go ') ? -1 : a < b ? -1 : 1)).map(([title, texts]) => {
    const all = [...new Set([...texts].sort(([a], [b]) => a.length - b.length).map(([, text]) => text))].join('\n\n');
    const names = kinds.filter(([, pattern]) => pattern.test(all)).map(([name]) => name);
    if (names.length === 0) throw new Error(`${title}: no licence that is known`);
    return `== ${title} ${names.join(' AND ')}\n\n${all}\n`;
  }).join('\n');
}

function main() {
  const [flag = ''] = process.argv.slice(2);
  if (flag === '--inputs') {
    const stale = staleInputs();
    console.error(stale.length === 0 ? 'opa: built from these inputs' : `opa: changed since the build: ${stale.join(', ')}; run: node packages/policy/opa/build.mjs`);
    return stale.length === 0 ? 0 : 1;
  }
  const check = flag === '--check';
  const found = foundGo();
  if (found !== goVersion) {
    // As in the tests: a skip says why, and where DEWAR_REQUIRE is all it is a failure.
    console.error(`opa: ${check ? 'SKIPPED, not compared: ' : ''}${found === null ? 'no go on PATH' : `go ${found} found`}, needs go ${goVersion}`);
    return check && process.env.DEWAR_REQUIRE !== 'all' ? 0 : 1;
  }
  if (flag === '--capabilities') {
    writeFileSync(join(folder, 'capabilities.json'), capabilities());
    return 0;
  }
  if (flag === '--licences') {
    writeFileSync(join(folder, 'LICENSES.txt'), licences());
    return 0;
  }
  const wasm = build();
  const wasmExec = readFileSync(join(go(['env', 'GOROOT']), 'lib/wasm/wasm_exec.js'));
  if (check) {
    const same = digests(wasm, wasmExec) === String(read('opa.wasm.sha256')) && brotliDecompressSync(read('opa.wasm.br')).equals(wasm) && read('wasm_exec.js').equals(wasmExec);
    console.error(same ? 'opa: the committed WebAssembly is what its inputs build' : 'opa: the committed WebAssembly is not what its inputs build; run: node packages/policy/opa/build.mjs');
    return same ? 0 : 1;
  }
  const packed = brotliCompressSync(wasm, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: wasm.length } });
  writeFileSync(join(folder, 'opa.wasm.br'), packed);
  writeFileSync(join(folder, 'wasm_exec.js'), wasmExec);
  writeFileSync(join(folder, 'opa.wasm.sha256'), digests(wasm, wasmExec));
  console.error(`opa: wrote opa.wasm.br, ${packed.length} bytes of ${wasm.length}`);
  return 0;
}

process.exitCode = main();
