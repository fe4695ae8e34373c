// Files that a person names on the command line.
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { shown } from '@dewar/protocol';
import { usage } from './exit.ts';

/** A file's bytes. Throws `usage_invalid` when it cannot be read, is no regular file, or is above the limit. */
export async function readNamed(path: string, limit: number): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const about = await file.stat();
      if (!about.isFile()) throw usage('not a regular file', { got: shown(path) });
      if (about.size > limit) throw usage('the file is too large', { got: `${shown(path)}: ${about.size} bytes`, allowed: `at most ${limit} bytes` });
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause.name === 'DewarError') throw cause;
    throw usage('the file cannot be read', { got: `${shown(path)}: ${String(cause.code)}`, fix: 'check the path' });
  }
}

/** A file may be called anything; a job's name is printable. */
export function nameOf(path: string): string {
  const name = basename(path).replace(/\.qasm$/, '').replace(/[\p{C}\p{Zl}\p{Zp}\p{DI}]/gu, '_');
  return name.slice(0, 120).toWellFormed() || 'circuit';
}
