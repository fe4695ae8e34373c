// One broker a home: a lock that the kernel takes back when the process ends, however it ends.
import { DatabaseSync } from 'node:sqlite';
import { DewarError } from '@dewar/protocol';
import { isLocked, storageError } from './sqlite/errors.ts';

/** Holds the home until the answer is called. Throws `already_running`, or `storage_*` where the file cannot be held at all. */
export function lockHome(file: string): () => void {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    db?.close();
    if (!isLocked(cause)) throw storageError(cause, file);
    throw new DewarError({ code: 'already_running', message: 'a broker already runs in this home', got: file, fix: '`dewar status` shows it, `dewar down` stops it' }, { cause });
  }
  const held = db;
  return () => held.close();
}
