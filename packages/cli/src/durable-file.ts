// Small private files, written so that they are either there whole or not at all.
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface WriteOptions {
  /** Throw EEXIST rather than replace a file. */
  readonly exclusive?: boolean;
  readonly mode?: number;
  /** The mode as it is given, whatever the umask says. */
  readonly exact?: boolean;
}

/** Writes beside, syncs, then links or renames into place, and syncs the folder. */
export async function writeWhole(path: string, bytes: Uint8Array | string, { exclusive = false, mode = 0o600, exact = false }: WriteOptions = {}): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(beside, 'wx', mode);
    try {
      if (exact) await file.chmod(mode);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    if (exclusive) await link(beside, path);
    else await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
