// One broker a folder: a lock that the kernel takes back when the process ends, however it ends.
import { DatabaseSync } from 'node:sqlite';
import { DewarError } from '@dewar/protocol';
import { isLocked, storageError } from './sqlite/errors.ts';

/** Holds the lock file's folder until the answer is called. Throws `already_running`, or `storage_*` where the file cannot be held at all. */
export function lockFolder(file: string): () => void {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 0 });
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    db?.close();
    if (!isLocked(cause)) throw storageError(cause, file);
    throw new DewarError({ code: 'already_running', message: 'a broker already runs in this folder', got: file, fix: '`dewar status` shows it, `dewar down` stops it; homes of their own need a DEWAR_HOME each, or XDG_STATE_HOME and XDG_RUNTIME_DIR' }, { cause });
  }
  const held = db;
  return () => held.close();
}
