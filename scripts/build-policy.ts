// Checks each policy under policies/ and its cases, and compiles the default one: `node scripts/build-policy.mjs` writes its bundle and WebAssembly, `--check` compares.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleBytes, faultLine, loadPolicyFolder, parsePolicyFiles, PolicyRefused, readPolicyFolder, taken, withOpa, type CompiledPolicy } from '../packages/policy/src/index.ts';

const policies = join(import.meta.dirname, '../policies');
/** What a broker loads where no person has chosen: it needs no OPA to start. The others are compiled where they are used. */
const shipped = 'default';
const outputs = { bundle: join(policies, shipped, 'quantum_policy.bundle.json'), wasm: join(policies, shipped, 'quantum_policy.wasm') };

function say(text: string): void {
  console.error(`build-policy: ${text}`);
}

async function main(check: boolean): Promise<boolean> {
  const names = readdirSync(policies, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).toSorted();
  let sound = true;
  for (const name of names) {
    try {
      sound = (await build(name, check)) && sound;
    } catch (error) {
      if (!(error instanceof PolicyRefused)) throw error;
      for (const fault of error.faults) say(`${name}: ${faultLine(fault)}`);
      sound = false;
    }
  }
  return sound;
}

/** Whether the policy is as it should be; false where it says why not. */
async function build(name: string, check: boolean): Promise<boolean> {
  const folder = join(policies, name);
  const files = await readPolicyFolder(folder);
  const { modules, tests } = parsePolicyFiles(files);
  const texts = { ...modules, ...tests };
  const formatted = taken(await withOpa((opa) => opa.format(texts)));
  const untidy = Object.keys(texts).filter((file) => formatted[file] !== texts[file]);
  if (untidy.length > 0) {
    for (const file of check ? [] : untidy) writeFileSync(join(folder, file), formatted[file] ?? '');
    say(`${name}: ${check ? 'not formatted' : 'formatted, run it again'}: ${untidy.join(', ')}`);
    return false;
  }
  const policy = await loadPolicyFolder(files);
  for (const warning of policy.warnings) say(`${name}: ${faultLine(warning)}`);
  say(`${name}: ${policy.cases} cases and ${policy.tests} tests pass, ${policy.digest}`);
  return policy.warnings.length === 0 && (name !== shipped || ship(policy, check));
}

function ship({ bundle, wasm }: CompiledPolicy, check: boolean): boolean {
  const bytes = bundleBytes(bundle);
  if (!check) {
    writeFileSync(outputs.bundle, bytes);
    writeFileSync(outputs.wasm, wasm);
    return true;
  }
  const same = readFileSync(outputs.bundle).equals(bytes) && readFileSync(outputs.wasm).equals(wasm);
  if (!same) say(`policies/${shipped}/ is not what its Rego compiles to; run: node scripts/build-policy.mjs`);
  return same;
}

process.exitCode = (await main(process.argv.includes('--check'))) ? 0 : 1;
