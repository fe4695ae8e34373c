// One broker a home: a lock that the kernel takes back when the process ends, however it ends.
import { DatabaseSync } from 'node:sqlite';
import { DewarError } from '@dewar/protocol';

/** Holds the home until the answer is called. Throws `already_running`. */
export function lockHome(file: string): () => void {
  const db = new DatabaseSync(file, { timeout: 0 });
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    throw new DewarError({ code: 'already_running', message: 'a broker already runs in this home', got: file, fix: '`dewar status` shows it, `dewar down` stops it' }, { cause });
  }
  return () => db.close();
}
