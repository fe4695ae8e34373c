// Which policy a person means on the command line: a folder, one Rego file, a policy of the library, or what lies in the configuration.
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { policyLimits, readPolicyFolder, type PolicyFiles } from '@dewar/policy';
import { DewarError, shown } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { usage } from '../exit.ts';
import { readNamed } from '../files.ts';
import { libraryName, libraryPolicies, libraryPolicyNamed, policyFolder } from './library.ts';

export interface NamedPolicy {
  /** Where its files lie: the folder, or that of the one file. */
  readonly folder: string;
  /** As it is told of. */
  readonly title: string;
  readonly files: PolicyFiles;
}

/** A path, else the person's own folder, else the default. Throws `usage_invalid`, or `policy_invalid` for a folder with a link or a huge file in it. */
export async function policyAt({ home }: Context, path: string | undefined): Promise<NamedPolicy> {
  if (path !== undefined) return atPath(path);
  const own = policyFolder(home);
  if (await kindOf(own) !== undefined) return atPath(own);
  return fromLibrary('default');
}

/** A path or the name of a library's policy. A bare name that is both is refused: either could be meant. */
export async function policyCalled(text: string): Promise<NamedPolicy> {
  const listed = libraryName.test(text) && (await libraryPolicies()).some(({ name }) => name === text);
  const there = await kindOf(text) !== undefined;
  if (listed && there) throw usage('both a policy of Dewar and a path here have that name', { got: shown(text), fix: `for the path write ./${text}; for the other, go to another folder` });
  if (listed) return fromLibrary(text);
  if (!there && libraryName.test(text)) throw usage('there is no such path, and no policy of that name comes with Dewar', { got: shown(text), fix: 'dewar policy list' });
  return atPath(text);
}

async function fromLibrary(name: string): Promise<NamedPolicy> {
  const { folder } = await libraryPolicyNamed(name);
  return { folder, title: `${name}, as Dewar ships it`, files: await readPolicyFolder(folder) };
}

async function kindOf(path: string): Promise<'folder' | 'file' | 'other' | undefined> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other';
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return undefined;
    throw unreadable(path, error);
  }
}

async function atPath(path: string): Promise<NamedPolicy> {
  const kind = await kindOf(path);
  if (kind === undefined) throw usage('there is no such policy', { got: shown(path), allowed: 'a folder with Rego files, or one .rego file' });
  if (kind === 'folder') {
    try {
      return { folder: resolve(path), title: path, files: await readPolicyFolder(path) };
    } catch (error) {
      throw error instanceof DewarError ? error : unreadable(path, error);
    }
  }
  if (kind === 'other' || !path.endsWith('.rego')) throw usage('not a policy', { got: shown(path), allowed: 'a folder with Rego files, or one .rego file' });
  // What is written back goes to the file itself, not in the place of a link to it.
  const file = await realpath(path);
  // Its rules may read the data beside it; without that, each limit would be a fault.
  const data = join(dirname(file), 'data.json');
  const beside = (await kindOf(data)) === 'file' ? [['data.json', await readNamed(data, policyLimits.dataBytes)] as const] : [];
  return { folder: dirname(file), title: path, files: new Map([[basename(file), await readNamed(file, policyLimits.fileBytes)], ...beside]) };
}

function unreadable(path: string, error: unknown): DewarError {
  return usage('the policy cannot be read', { got: `${shown(path)}: ${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}`, fix: 'check the path and its permissions' });
}
