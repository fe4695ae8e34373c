// Holds the walls between packages: who may import whom, no circles, and the shape of a file.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';

/** Which packages of ours each one may import. A package without a row may not exist. */
const walls: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  openqasm: ['protocol'],
  receipt: ['protocol'],
  policy: ['protocol'],
  client: ['protocol'],
  sandbox: ['protocol'],
  providers: ['openqasm', 'protocol'],
  executor: ['sandbox', 'openqasm', 'protocol'],
  broker: ['receipt', 'openqasm', 'policy', 'executor', 'sandbox', 'providers', 'protocol'],
  cli: ['client', 'policy', 'receipt', 'sandbox', 'protocol'],
  mcp: ['client', 'protocol'],
};

/** The CLI starts the programs of the broker and of the MCP server, so it depends on the packages, but reads nothing of them. */
const startsOnly: Readonly<Record<string, readonly string[]>> = { cli: ['@dewar/broker/bin', '@dewar/mcp/bin'] };

/** Inside the broker: main → server, adapters → core. What is not in a folder is main's. */
const brokerFloors: Readonly<Record<string, readonly string[]>> = { main: ['main', 'server', 'adapters', 'core'], server: ['server', 'core'], adapters: ['adapters', 'core'], core: ['core'] };
const coreMayImport = /^@dewar\/(protocol|openqasm|policy\/decide|receipt\/[a-z]+)$/;

/** Libraries that live in one place; every other one needs only its line in the package's package.json. */
const oneHome: Readonly<Record<string, string>> = { koffi: 'broker', hono: 'broker', '@hono/node-server': 'broker', '@open-policy-agent/opa-wasm': 'policy', commander: 'cli', 'qsharp-lang': 'executor', '@modelcontextprotocol/server': 'mcp' };

const noNode: ReadonlySet<string> = new Set(['protocol', 'openqasm']);
/** Single files that core imports, which use nothing of Node either. */
const pureFiles: ReadonlySet<string> = new Set(['packages/policy/src/decide.ts']);
const vagueNames: ReadonlySet<string> = new Set(['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'managers']);
const nobodyImports: ReadonlySet<string> = new Set(['cli', 'mcp', 'dashboard']);
/** Its stdout is a wire, and this file the one that holds it. */
const protocolOnStdout = 'packages/mcp/src/main.ts';
const longest = 400;
const long = 350;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

export interface Findings {
  readonly violations: readonly string[];
  readonly warnings: readonly string[];
  readonly files: number;
}

/** Every module that the text names: static, type-only, re-exported, dynamic, required. Whole-line comments do not count. */
function importsOf(text: string): string[] {
  const code = text.replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const statements = code.matchAll(/^\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]/gm);
  const calls = code.matchAll(/\b(?:import|require)\s*\(\s*['"]([^'"]+)['"]/g);
  return [...statements, ...calls].map((match) => match[1] ?? match[2] ?? '');
}

function sources(root: string): SourceFile[] {
  const paths = globSync(['packages/*/{src,test}/**/*.ts', 'scripts/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'], { cwd: root });
  return paths
    .filter((path) => !path.includes('node_modules/') && !path.includes('/fixtures/'))
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return { path, text, imports: importsOf(text) };
    });
}

interface Manifest {
  readonly name: string;
  readonly dependencies: ReadonlySet<string>;
}

function manifests(root: string): Map<string, Manifest> {
  const found = new Map<string, Manifest>();
  for (const path of globSync('packages/*/package.json', { cwd: root })) {
    const read: { name: string; dependencies?: Record<string, string> } = JSON.parse(readFileSync(join(root, path), 'utf8'));
    found.set(path.split('/')[1] ?? '', { name: read.name, dependencies: new Set(Object.keys(read.dependencies ?? {})) });
  }
  return found;
}

/** `packages/broker/src/core/job.ts` → broker, src. Outside packages/ both are empty. */
function placeOf(path: string): { readonly pkg: string; readonly part: string } {
  const [top, pkg = '', part = ''] = path.split('/');
  return top === 'packages' ? { pkg, part } : { pkg: '', part: '' };
}

function floorOf(path: string): string {
  const [, , , folder = '', ...deeper] = path.split('/');
  return deeper.length > 0 && folder in brokerFloors ? folder : 'main';
}

const libraryOf = (specifier: string): string => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
const isNode = (specifier: string): boolean => specifier.startsWith('node:') || builtinModules.includes(specifier);

/**
 * A relative import stays in its package, and in the broker climbs no floor. Tests outside packages may reach in, but not into the CLI;
 * tests share stand-ins along the same arrows as their packages.
 */
function relativeFault(path: string, target: string): string | undefined {
  const from = placeOf(path);
  const to = placeOf(target);
  if (to.pkg !== from.pkg) {
    if (from.pkg === '') return nobodyImports.has(to.pkg) ? `nobody imports ${to.pkg}` : undefined;
    if (to.pkg === '') return from.part === 'src' ? 'a package reaches nothing outside itself by path' : undefined;
    if (from.part === 'test' && to.part === 'test' && walls[from.pkg]?.includes(to.pkg)) return undefined;
    return 'another package is imported by its name, not by path';
  }
  if (from.part === 'src' && to.part === 'test') return 'src does not import tests';
  if (from.pkg === 'broker' && from.part === 'src' && !brokerFloors[floorOf(path)]?.includes(floorOf(target))) {
    return `inside the broker, ${floorOf(path)} does not import ${floorOf(target)}`;
  }
  return undefined;
}

function ownPackageFault(path: string, specifier: string, target: string): string | undefined {
  const from = placeOf(path);
  if (nobodyImports.has(target)) return `nobody imports ${target}`;
  if (from.pkg === '') return undefined;
  if (!walls[from.pkg]?.includes(target)) return `${from.pkg} may import only ${walls[from.pkg]?.join(', ') || 'nothing of ours'}`;
  if (from.pkg === 'broker' && from.part === 'src' && floorOf(path) === 'core' && !coreMayImport.test(specifier)) return `core imports protocol, openqasm and single pure parts of policy and receipt only`;
  return undefined;
}

function libraryFault(path: string, specifier: string, manifest: Manifest | undefined): string | undefined {
  const { pkg, part } = placeOf(path);
  const library = libraryOf(specifier);
  const home = oneHome[library];
  if (home !== undefined && pkg !== home) return `${library} lives in ${home} only`;
  if (part === 'src' && !manifest?.dependencies.has(library)) return `${library} is not in the dependencies of packages/${pkg}/package.json`;
  if (part === 'src' && pkg === 'broker' && floorOf(path) === 'core' && library !== 'zod') return 'core imports no library but zod';
  return undefined;
}

function importFaults(file: SourceFile, root: string, packages: ReadonlyMap<string, Manifest>): string[] {
  const { pkg, part } = placeOf(file.path);
  const byName = new Map([...packages].map(([folder, { name }]) => [name, folder]));
  const faults: string[] = [];
  for (const specifier of file.imports) {
    const target = byName.get(libraryOf(specifier));
    let fault: string | undefined;
    if (specifier.startsWith('.')) {
      const reached = normalize(join(dirname(file.path), specifier));
      fault = existsSync(join(root, reached)) ? relativeFault(file.path, reached) : 'there is no such file';
    } else if (isNode(specifier)) {
      const pure = pureFiles.has(file.path) || (part === 'src' && (noNode.has(pkg) || (pkg === 'broker' && floorOf(file.path) === 'core')));
      fault = pure ? 'this folder uses nothing of Node; take it in as a port' : !specifier.startsWith('node:') ? `write node:${specifier}` : undefined;
    } else if (target !== undefined) fault = ownPackageFault(file.path, specifier, target);
    else fault = libraryFault(file.path, specifier, packages.get(pkg));
    if (fault !== undefined) faults.push(`${file.path} imports ${specifier}: ${fault}`);
  }
  return faults;
}

/** Each circle of relative imports once, as a -> b -> a. */
function circles(files: readonly SourceFile[]): string[] {
  const edges = new Map(files.map(({ path, imports }) => [path, imports.filter((one) => one.startsWith('.')).map((one) => normalize(join(dirname(path), one)))]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      found.push(`circle: ${[...trail.slice(at), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return found;
}

function shapeFaults({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  const vague = path.split(/[/.-]/).find((word) => vagueNames.has(word));
  if (vague !== undefined) faults.push(`${path}: "${vague}" says nothing; name what is in it`);
  const lines = text.replace(/^#!.*\n/, '').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  const opening = lines.slice(0, end < 0 ? lines.length : end).map((line) => line.replace(/^\/\/ ?/, '')).join(' ');
  if (opening === '') faults.push(`${path}: opens without a // sentence that says what it is for`);
  else if (!/^\S.*\.$/.test(opening)) faults.push(`${path}: its opening comment is not a whole sentence`);
  const count = text.split('\n').length - 1;
  if (count > longest) faults.push(`${path}: ${count} lines, at most ${longest}`);
  const { pkg, part } = placeOf(path);
  if (part === 'src' && pkg !== 'cli' && path !== protocolOnStdout) {
    for (const [index, line] of text.split('\n').entries()) {
      if (/\bprocess\.stdout\b|\bconsole\.\w/.test(line) && !/^\s*(\/\/|\/?\*)/.test(line)) faults.push(`${path}:${index + 1}: only the CLI prints`);
    }
  }
  return faults;
}

function manifestFaults(packages: ReadonlyMap<string, Manifest>): string[] {
  const byName = new Map([...packages].map(([folder, { name }]) => [name, folder]));
  return [...packages].flatMap(([folder, { dependencies }]) => {
    const allowed = walls[folder];
    if (allowed === undefined) return [`packages/${folder}: has no row in scripts/walls.ts`];
    return [...dependencies]
      .filter((name) => byName.has(name) && !allowed.includes(byName.get(name) ?? '') && !startsOnly[folder]?.some((one) => libraryOf(one) === name))
      .map((name) => `packages/${folder}/package.json depends on ${name}: ${folder} may import only ${allowed.join(', ') || 'nothing of ours'}`);
  });
}

/** `import.meta.resolve` is how one part finds another's program or asset: of our own packages, only what `startsOnly` names. */
function resolveFaults({ path, text }: SourceFile): string[] {
  const { pkg, part } = placeOf(path);
  if (part !== 'src') return [];
  return [...text.matchAll(/import\.meta\.resolve\(\s*['"](@dewar\/[^'"]+|dewar)['"]/g)]
    .map((match) => match[1] ?? '')
    .filter((specifier) => !startsOnly[pkg]?.includes(specifier) && !walls[pkg]?.includes(specifier.split('/')[1] ?? ''))
    .map((specifier) => `${path} resolves ${specifier}: no such arrow`);
}

/** Looks at every TypeScript file under `root`. */
export function inspectWalls(root: string): Findings {
  const packages = manifests(root);
  const files = sources(root);
  return {
    violations: [...manifestFaults(packages), ...files.flatMap((file) => [...importFaults(file, root, packages), ...resolveFaults(file), ...shapeFaults(file)]), ...circles(files)],
    warnings: files.map(({ path, text }) => ({ path, count: text.split('\n').length - 1 })).filter(({ count }) => count > long && count <= longest).map(({ path, count }) => `${path}: ${count} lines, better under ${long}`),
    files: files.length,
  };
}

if (import.meta.main) {
  const { violations, warnings, files } = inspectWalls(dirname(import.meta.dirname));
  for (const warning of warnings) console.log(`warning  ${warning}`);
  for (const violation of violations) console.log(violation);
  console.log(`${files} files, ${violations.length} violations`);
  process.exitCode = violations.length > 0 || files === 0 ? 1 : 0;
}
