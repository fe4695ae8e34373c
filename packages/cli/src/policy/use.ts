// `dewar policy use`: a policy of the library becomes the person's own files; what they had is never lost, and never half there.
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DewarError, shown, type PolicyView } from '@dewar/protocol';
import { ofThisHome } from '../broker-process.ts';
import type { Context } from '../context.ts';
import { writeWhole } from '../durable-file.ts';
import { exits, usage, type ExitCode } from '../exit.ts';
import { row } from '../line.ts';
import { libraryFiles, libraryFolder, libraryPolicies, libraryPolicyNamed, policyFolder } from './library.ts';
import { policyLines } from './show.ts';

type Files = ReadonlyMap<string, Uint8Array>;

export async function use(context: Context, name: string, { force = false }: { readonly force?: boolean }, root = libraryFolder): Promise<ExitCode> {
  const { output, home } = context;
  const wanted = await libraryPolicyNamed(name, root);
  const files = await libraryFiles(wanted);
  const folder = policyFolder(home);
  const held = await holds(folder);
  const same = held && await isAll(folder, files);
  const library = same ? [] : await Promise.all((await libraryPolicies(root)).map(libraryFiles));
  const ours = async (at: string): Promise<boolean> => (await Promise.all(library.map((one) => isAll(at, one)))).includes(true);
  if (held && !same && !force && !await ours(folder)) throw edited(folder, name);
  const kept = same ? null : await replace(folder, files, held ? ours : null);
  if (!same) output.note(`${name} is in ${folder}`);
  if (!same && files.has('data.json')) output.note(`its names and limits are examples: put yours into ${join(folder, 'data.json')}; whom it does not name it denies`);
  if (kept !== null) output.note(`what was there is kept: ${kept}`);
  const policy = await reloaded(context);
  output.answer({ name, folder, written: !same, kept, policy }, () => (policy === null ? row('Policy', `${name}; no broker runs: it counts from the next start`, output.columns) : policyLines(policy, output.columns)));
  return exits.ok;
}

function edited(folder: string, name: string): DewarError {
  return usage('there is a policy of your own, which would be replaced', { got: shown(folder), fix: `dewar policy use ${name} --force, which keeps it beside as policy.before-TIME` });
}

async function holds(folder: string): Promise<boolean> {
  try {
    await lstat(folder);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Whether the folder holds these files and nothing else. */
async function isAll(folder: string, files: Files): Promise<boolean> {
  if (!(await lstat(folder)).isDirectory()) return false;
  const names = await readdir(folder);
  if (names.length !== files.size) return false;
  for (const name of names) {
    const wanted = files.get(name);
    const found = await lstat(join(folder, name));
    if (wanted === undefined || !found.isFile() || found.size !== wanted.length || !(await readFile(join(folder, name))).equals(wanted)) return false;
  }
  return true;
}

/**
 * Written beside, then put in place by name, so that a broker which looks meanwhile sees the old files or the new ones.
 * @param expendable whether a folder's files are the library's own; null where there is no folder
 */
async function replace(folder: string, files: Files, expendable: ((at: string) => Promise<boolean>) | null): Promise<string | null> {
  await mkdir(join(folder, '..'), { recursive: true, mode: 0o700 });
  const fresh = await mkdtemp(`${folder}.new-`);
  try {
    for (const [name, bytes] of files) await writeWhole(join(fresh, name), bytes);
    if (expendable === null) {
      await rename(fresh, folder);
      return null;
    }
    const aside = await free(`${folder}.before-${new Date().toISOString().replace(/\.\d+/, '').replaceAll(':', '')}`);
    await rename(folder, aside);
    try {
      await rename(fresh, folder);
    } catch (error) {
      await rename(aside, folder);
      throw error;
    }
    // Looked at once more: an editor may have saved into it until a moment ago.
    if (!await expendable(aside)) return aside;
    await rm(aside, { recursive: true });
    return null;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function free(path: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? path : `${path}-${count}`;
    if (!await holds(name)) return name;
  }
}

/** What is in force then; null where no broker runs. Throws why the files are not in force. */
async function reloaded(context: Context): Promise<PolicyView | null> {
  const { control, signal } = context;
  try {
    ofThisHome(context, await control.status({ signal }));
    return await control.reloadPolicy({ signal });
  } catch (error) {
    if (error instanceof DewarError && error.code === 'not_running') return null;
    throw error;
  }
}
