// SQLite's result codes as Dewar errors (sqlite.org/rescode.html).
import { DewarError } from '@dewar/protocol';

/** The primary result code, or undefined when this is not SQLite's. */
function primary(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

export function isFull(error: unknown): boolean {
  return primary(error) === 13;
}

/** SQLITE_BUSY or _LOCKED. */
export function isLocked(error: unknown): boolean {
  return primary(error) === 5 || primary(error) === 6;
}

/** SQLITE_BUSY and _LOCKED, _FULL, _CORRUPT and _NOTADB by name; everything else of SQLite is `storage_failed`. */
export function storageError(error: unknown, file: string): unknown {
  const code = primary(error);
  if (code === undefined) return error;
  const detail = error instanceof Error ? error.message : '';
  if (isLocked(error)) return new DewarError({ code: 'storage_locked', message: 'the database is held by another process', got: file, fix: 'stop that process (a second broker, a backup, a database browser), then try again' }, { cause: error });
  if (code === 13) return new DewarError({ code: 'storage_full', message: 'the disk is full: nothing was recorded, so nothing was done', got: file, fix: 'free some space; work goes on by itself' }, { cause: error });
  if (code === 11 || code === 26) return new DewarError({ code: 'storage_corrupt', message: `the database is damaged (${detail})`, got: file, fix: 'keep the file as it is, restore the last backup beside it' }, { cause: error });
  return new DewarError({ code: 'storage_failed', message: `the database could not be read or written (${detail})`, got: file, fix: 'look at the disk and its file system; the broker recovers at its next start' }, { cause: error });
}
