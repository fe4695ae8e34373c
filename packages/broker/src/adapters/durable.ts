// Files that are really there: written beside, synced, renamed, and the folder synced (after FiloSottile/sunlight's reasoning, not its code).
import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DewarError, shown } from '@dewar/protocol';

/** Durable when it resolves: after a crash there is the old file or the new, whole. Throws `storage_full` or `storage_failed`. */
export async function writeDurably(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw fileError(error, path);
  }
}

const temporaryName = /^\..+\.[0-9a-f]{12}$/;

/** Removes what a writer that was killed left in a folder and, `depth` deep, in those below. Only where nobody else can be writing. Throws `storage_failed`. */
export async function sweepTemporary(folder: string, depth = 0): Promise<void> {
  try {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    });
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isFile() && temporaryName.test(entry.name)) await unlink(path);
      else if (entry.isDirectory() && depth > 0) await sweepTemporary(path, depth - 1);
    }
  } catch (error) {
    throw fileError(error, folder);
  }
}

/** A folder that is there after a crash: each step of the way that had to be made is synced into the one above. Throws `storage_full` or `storage_failed`. */
export async function makeFolder(path: string): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
  } catch (error) {
    throw fileError(error, path);
  }
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a folder that only its owner can enter. Throws `home_invalid` when it is there and is somebody else's, a link, or open to others. */
export async function privateFolder(path: string, uid: number): Promise<void> {
  try {
    await makeFolder(path);
    const found = await lstat(path);
    if (!found.isDirectory()) throw homeInvalid(path, 'is not a folder', `remove ${path}`);
    if (found.uid !== uid) throw homeInvalid(path, `belongs to uid ${found.uid}`, `use another $DEWAR_HOME, or chown ${uid} ${path}`);
    if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
  } catch (error) {
    throw fileError(error, path);
  }
}

function homeInvalid(path: string, why: string, fix: string): DewarError {
  return new DewarError({ code: 'home_invalid', message: `${path} ${why}`, got: shown(path), fix });
}

/** A file system's refusal as a Dewar error; Dewar errors pass. */
export function fileError(error: unknown, path: string): unknown {
  if (error instanceof DewarError || !(error instanceof Error) || !('code' in error)) return error;
  const { code } = error;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new DewarError({ code: 'storage_full', message: 'the disk is full: nothing was stored', got: path, fix: 'free some space, then try again' }, { cause: error });
  }
  return new DewarError({ code: 'storage_failed', message: `a file could not be read or written (${String(code)})`, got: path, fix: 'look at the path, its owner and its disk' }, { cause: error });
}
