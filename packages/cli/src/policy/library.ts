// The policies that come with Dewar, each a folder of its own; and the folder that holds a person's.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DewarError, shown, type Home } from '@dewar/protocol';
import { usage } from '../exit.ts';

export interface LibraryPolicy {
  readonly name: string;
  readonly folder: string;
  /** The first line of comment of its rules. */
  readonly about: string;
}

export const libraryFolder = fileURLToPath(new URL('../../../../policies/', import.meta.url));
export const libraryName = /^[a-z0-9][a-z0-9-]{0,31}$/;
const compiled = /\.(?:wasm|bundle\.json|sha256)$/;

export function policyFolder(home: Home): string {
  return join(home.config, 'policy');
}

/** The default first, then by name. */
export async function libraryPolicies(root = libraryFolder): Promise<readonly LibraryPolicy[]> {
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory() && libraryName.test(entry.name)).map(({ name }) => name);
  const found = await Promise.all(folders.map((name) => libraryPolicy(name, join(root, name))));
  return found.filter((one) => one !== undefined).toSorted((a, b) => Number(b.name === 'default') - Number(a.name === 'default') || (a.name < b.name ? -1 : 1));
}

async function libraryPolicy(name: string, folder: string): Promise<LibraryPolicy | undefined> {
  const rules = (await readdir(folder)).filter((file) => file.endsWith('.rego') && !file.endsWith('_test.rego')).toSorted();
  const first = rules.find((file) => file === 'quantum_policy.rego') ?? rules[0];
  if (first === undefined) return undefined;
  const [, about = ''] = /^# *(\S.*)$/m.exec(await readFile(join(folder, first), 'utf8')) ?? [];
  return { name, folder, about };
}

/** Throws `usage_invalid` where there is none of that name. */
export async function libraryPolicyNamed(name: string, root = libraryFolder): Promise<LibraryPolicy> {
  const all = await libraryPolicies(root);
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw usage('no policy of that name comes with Dewar', { got: shown(name), allowed: all.map((one) => one.name).join(', '), fix: 'dewar policy list' });
}

/** Its files by name, without what was compiled from them. */
export async function libraryFiles({ name, folder }: LibraryPolicy): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile() && !compiled.test(entry.name)).map((entry) => entry.name).toSorted();
  if (names.length === 0) throw new DewarError({ code: 'policy_invalid', message: 'a policy of Dewar has no files', got: name, fix: 'install Dewar again' });
  return new Map(await Promise.all(names.map(async (file): Promise<[string, Uint8Array]> => [file, await readFile(join(folder, file))])));
}
