// From the files of a policy folder to a policy that may be loaded: checked, linted, compiled, and right about its own cases and tests.
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, type Decision, type Digest, type JsonObject } from '@dewar/protocol';
import { bundleBytes, bundleDigest, moduleName, opaVersion, policyLimits, sha256, type PolicyBundle } from './bundle.ts';
import { caseFailures, readCases, type Bases, type ReadyCase } from './cases.ts';
import { readData, readJson } from './data.ts';
import type { Declared } from './decide.ts';
import { answerEntrypoint } from './engine.ts';
import { fault, refuseIfAny, type Fault } from './faults.ts';
import { inputSchema, nullablePaths } from './input-schema.ts';
import { lintModule } from './lint.ts';
import { withOpa, type Answered, type Checked, type Modules, type Opa, type OpaLimits, type RegoTest } from './opa.ts';

/** Bytes by file name. What is not Rego, `data.json`, `data.schema.json` or `cases.json` is not looked at. */
export type PolicyFiles = ReadonlyMap<string, Uint8Array>;

export interface CompiledPolicy {
  readonly bundle: PolicyBundle;
  readonly wasm: Uint8Array;
  /** The policy's name in decisions. */
  readonly digest: Digest;
  readonly cases: number;
  readonly tests: number;
  /** Nothing that stops it, but worth a look. */
  readonly warnings: readonly Fault[];
}

/** What `readPolicyFiles` made of a folder, before OPA has seen it. */
export interface ReadPolicy {
  readonly modules: Modules;
  readonly tests: Modules;
  readonly data: JsonObject;
  readonly bases: Bases;
  /** What the cases see as data: their own where they have it. */
  readonly casesData: JsonObject;
  readonly cases: readonly ReadyCase[];
}

const casesBytes = 4_194_304;
const root = 'data.quantum.workflow';
const isTest = (name: string): boolean => name.endsWith('_test.rego');

/** The files of a folder that belong to a policy: plain files, not links, and none above its limit. */
export async function readPolicyFolder(path: string): Promise<PolicyFiles> {
  const files = new Map<string, Uint8Array>();
  for (const name of (await readdir(path)).toSorted()) {
    // An editor's own: lock links, copies.
    if (/^[.#]/.test(name)) continue;
    if (!name.endsWith('.rego') && !['data.json', 'data.schema.json', 'cases.json'].includes(name)) continue;
    const { size, ...found } = await lstat(join(path, name));
    if ((found.mode & 0o170000) !== 0o100000) refuseIfAny([fault('file_invalid', 'not a plain file', name)]);
    if (size > casesBytes) refuseIfAny([fault('file_invalid', `${size} bytes, at most ${casesBytes}`, name)]);
    files.set(name, await readFile(join(path, name)));
  }
  return files;
}

/** What needs no OPA: names, sizes, encodings, data and its schema, cases. Throws `PolicyRefused`. */
export function parsePolicyFiles(files: PolicyFiles): ReadPolicy {
  const faults: Fault[] = [];
  const modules: Record<string, string> = {};
  const tests: Record<string, string> = {};
  const rego = [...files].filter(([name]) => name.endsWith('.rego')).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (rego.length > policyLimits.files) faults.push(fault('file_invalid', `${rego.length} Rego files, at most ${policyLimits.files}`));
  for (const [name, bytes] of rego.slice(0, policyLimits.files)) {
    const text = textOf(bytes);
    if (!moduleName.test(name)) faults.push(fault('file_invalid', 'a Rego file is named with small letters, digits, - and _, and lies in no folder', name));
    else if (bytes.length > policyLimits.fileBytes) faults.push(fault('file_invalid', `${bytes.length} bytes, at most ${policyLimits.fileBytes}`, name));
    else if (text === undefined) faults.push(fault('file_invalid', 'not UTF-8 text', name));
    else (isTest(name) ? tests : modules)[name] = text;
  }
  if (Object.keys(modules).length === 0 && faults.length === 0) faults.push(fault('file_invalid', 'there is no Rego file'));
  const schema = files.get('data.schema.json');
  const { data, faults: dataFaults } = readData(files.get('data.json'), schema);
  const given = files.get('cases.json');
  const read = given === undefined ? undefined : readJson('cases.json', given, casesBytes);
  const cases = read === undefined ? { bases: {}, ready: [], faults: [] } : 'fault' in read ? { bases: {}, ready: [], faults: [read.fault] } : readCases(read.json);
  const casesData = 'data' in cases && cases.data !== undefined ? readData(new TextEncoder().encode(JSON.stringify(cases.data)), schema) : { data, faults: [] };
  refuseIfAny([...faults, ...dataFaults, ...cases.faults, ...casesData.faults.map((each) => ({ ...each, file: 'cases.json' }))]);
  return { modules, tests, data, bases: cases.bases, casesData: casesData.data, cases: cases.ready };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Files to a policy: check, lint, compile, cases and tests. Throws `PolicyRefused` with every fault of the first step that has one, or `policy_tool_failed`. */
export async function loadPolicyFolder(files: PolicyFiles, limits: OpaLimits = {}): Promise<CompiledPolicy> {
  const read = parsePolicyFiles(files);
  return await withOpa((opa) => buildPolicy(opa, read), limits);
}

/** The same with a worker that is there already. */
export async function buildPolicy(opa: Opa, read: ReadPolicy): Promise<CompiledPolicy> {
  const { faults, warnings } = await checkPolicy(opa, read);
  refuseIfAny(faults);
  const { bundle, wasm } = await compilePolicy(opa, read);
  const { failures, tests } = await testPolicy(opa, read, { bundle, wasm });
  refuseIfAny(failures, 'policy_cases_failed');
  return { bundle, wasm, digest: bundleDigest(bundle), cases: read.cases.length, tests: tests.length, warnings };
}

/** The strict check with the input's schema, the shape that Dewar needs, and the lint: faults that stop the policy, and warnings. */
export async function checkPolicy(opa: Opa, { modules, tests, data }: ReadPolicy): Promise<{ readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] }> {
  const schema = inputSchema();
  const checked = await opa.check({ ...modules, ...tests }, schema);
  if (checked.faults !== undefined) return { faults: checked.faults, warnings: [] };
  const shape = shapeFaults(checked.ok, modules, data);
  if (shape.length > 0) return { faults: shape, warnings: [] };
  const trees = taken(await opa.parse(modules));
  const lintWith = { nullable: nullablePaths(schema), data, packages: [...new Set(Object.values(checked.ok.packages))] };
  const faults = Object.entries(trees).flatMap(([file, tree]) => lintModule(file, tree, lintWith));
  return { faults, warnings: defaultWarnings(checked.ok, modules) };
}

function shapeFaults({ packages }: Checked, modules: Modules, data: JsonObject): Fault[] {
  const top = (name: string): string => name.split('.')[1]?.split('[')[0] ?? '';
  const faults = Object.entries(packages).flatMap(([file, name]) => {
    if (top(name) === 'dewar') return [fault('package_invalid', 'packages below dewar are the broker\'s own', file, 1, 1)];
    return Object.hasOwn(data, top(name)) ? [fault('package_invalid', `the package and data.json both have ${top(name)}`, file, 1, 1)] : [];
  });
  const own = Object.keys(modules).some((file) => packages[file] === root);
  return own ? faults : [...faults, fault('package_invalid', 'no file is of package quantum.workflow, which decides')];
}

/** Which results the policy has rules for. */
export function declaredBy({ rules }: Checked, modules: Modules): Declared {
  const paths = Object.keys(modules).flatMap((file) => rules[file] ?? []);
  const has = (name: string): boolean => paths.some((path) => path === `${root}.${name}` || path.startsWith(`${root}.${name}.`) || path.startsWith(`${root}.${name}[`));
  return { allow: has('allow'), ask: has('ask'), reasons: has('reasons') };
}

/** A verdict that is declared and has no value denies, so one without a default hides the other. */
function defaultWarnings(checked: Checked, modules: Modules): Fault[] {
  const declares = declaredBy(checked, modules);
  return (['allow', 'ask'] as const)
    .filter((name) => declares[name] && !Object.values(modules).some((text) => new RegExp(`^default\\s+${name}\\s`, 'm').test(text)))
    .map((name) => fault('no_default', `${name} has no default: where it has no value the decision is a denial by policy.undefined; add: default ${name} := false`));
}

/** Our one entrypoint over the results that are declared, and the bundle that names the bytes. */
export async function compilePolicy(opa: Opa, { modules, data }: Pick<ReadPolicy, 'modules' | 'data'>): Promise<{ readonly bundle: PolicyBundle; readonly wasm: Uint8Array }> {
  const declares = declaredBy(taken(await opa.check(modules)), modules);
  if (!declares.allow && !declares.ask) refuseIfAny([fault('package_invalid', 'package quantum.workflow has no rule allow and none ask, so it could only deny')]);
  const wasm = taken(await opa.compile({ ...modules, 'dewar/answer.rego': answerModule(declares) }, [answerEntrypoint]));
  const bundle: PolicyBundle = { version: 1, opa: opaVersion, modules, data, declares, wasm: digestOf(wasm, sha256) };
  if (bundleBytes(bundle).length > policyLimits.bundleBytes || wasm.length > policyLimits.wasmBytes) refuseIfAny([fault('file_invalid', 'rules and data are too large together')]);
  return { bundle, wasm };
}

export function answerModule(declares: Declared, from = root): string {
  const parts = (['allow', 'ask', 'reasons'] as const).filter((name) => declares[name]);
  return `package dewar\n\n${parts.map((name) => `answer[key] := value if {\n\tkey := "${name}"\n\tvalue := ${from}.${name}\n}\n`).join('\n')}`;
}

export interface Tested {
  readonly failures: readonly Fault[];
  readonly decisions: readonly Decision[];
  readonly tests: readonly RegoTest[];
}

/** The cases in the engine that will decide, and the `test_` rules in OPA. */
export async function testPolicy(opa: Opa, { modules, tests, data, casesData, cases }: ReadPolicy, { bundle, wasm }: { readonly bundle: PolicyBundle; readonly wasm: Uint8Array }): Promise<Tested> {
  const decisions = cases.length === 0 ? [] : await opa.decide({ ...bundle, data: casesData }, wasm, cases.map(({ input }) => input));
  const failed = caseFailures(cases, decisions).map(({ name, wanted, got }) => fault('case_failed', `case ${JSON.stringify(name)}: wanted ${wanted}, got ${got}`, 'cases.json'));
  const ran = Object.keys(tests).length === 0 ? [] : taken(await opa.test({ ...modules, ...tests }, data));
  const failedTests = ran.filter(({ passed, skipped }) => !passed && skipped !== true).map(({ name, file, row, error, trace }) => fault('test_failed', [`${name} failed${error === undefined ? '' : `: ${error}`}`, trace ?? ''].join('\n').trim(), file, row, 1));
  return { failures: [...failed, ...failedTests], decisions, tests: ran };
}

/** The answer, or its faults thrown. */
export function taken<T>(answered: Answered<T>): T {
  if (answered.faults !== undefined) refuseIfAny(answered.faults);
  return answered.ok as T;
}
