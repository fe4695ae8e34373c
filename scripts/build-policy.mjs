// Compiles policies/quantum_policy.rego to WebAssembly, so that the broker needs no OPA binary.
//
//   node scripts/build-policy.mjs            compile, write quantum_policy.wasm and its digests
//   node scripts/build-policy.mjs --check    compile again and compare with what is committed
//
// Needs `opa` of exactly the version below, on PATH or named by $OPA:
//   go install github.com/open-policy-agent/opa@v1.22.2
// Another version writes other bytes, so it is refused rather than tried.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '1.22.2';
const install = `go install github.com/open-policy-agent/opa@v${version}`;
const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'policies');
const source = 'quantum_policy.rego';
const compiled = 'quantum_policy.wasm';
const entrypoints = ['allow', 'ask', 'reasons'].map((rule) => `quantum/workflow/${rule}`);
const opa = process.env.OPA || 'opa';

function run(command, args) {
  const done = spawnSync(command, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** The version of the `opa` found, or null where there is none. */
function opaVersion() {
  try {
    return /^Version: (\S+)/m.exec(String(run(opa, ['version'])))?.[1] ?? 'unknown';
  } catch {
    return null;
  }
}

function compile() {
  run(opa, ['check', '--strict', source]);
  const misformatted = String(run(opa, ['fmt', '--list', source])).trim();
  if (misformatted) throw new Error(`not formatted: run ${opa} fmt -w policies/${source}`);
  const scratch = mkdtempSync(join(tmpdir(), 'dewar-policy-'));
  try {
    const bundle = join(scratch, 'bundle.tar.gz');
    run(opa, ['build', '--target', 'wasm', '--output', bundle, ...entrypoints.flatMap((path) => ['--entrypoint', path]), source]);
    return run('tar', ['-xzOf', bundle, '/policy.wasm']);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** In the form `sha256sum --check` reads; the source is there so that an edit without a build is seen without opa. */
function digests(wasm) {
  const line = (name, bytes) => `${createHash('sha256').update(bytes).digest('hex')}  ${name}\n`;
  return line(compiled, wasm) + line(source, readFileSync(join(folder, source)));
}

const check = process.argv.includes('--check');
const found = opaVersion();
if (found !== version) {
  const why = found === null ? 'no opa on PATH or in $OPA' : `opa ${found} found`;
  console.error(`build-policy: ${check ? 'SKIPPED, not compared: ' : ''}${why}, needs opa ${version}: ${install}`);
  process.exit(check ? 0 : 1);
}

const wasm = compile();
if (check) {
  const same = wasm.equals(readFileSync(join(folder, compiled))) && digests(wasm) === readFileSync(join(folder, `${compiled}.sha256`), 'utf8');
  console.error(same ? `build-policy: ${compiled} is what ${source} compiles to` : `build-policy: policies/${compiled} is not what policies/${source} compiles to; run: node scripts/build-policy.mjs`);
  process.exit(same ? 0 : 1);
}
writeFileSync(join(folder, compiled), wasm);
writeFileSync(join(folder, `${compiled}.sha256`), digests(wasm));
console.error(`build-policy: wrote policies/${compiled}, ${wasm.length} bytes`);
