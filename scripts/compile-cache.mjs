// Where Node keeps the compiled form of our files between starts: a folder that only this user can write, or none.
import { lstatSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `$XDG_CACHE_HOME/dewar`, else `~/.cache/dewar`. */
export function cacheHome() {
  const xdg = process.env.XDG_CACHE_HOME || '';
  return join(isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'dewar');
}

/** The folder for compiled code, made if need be; undefined unless it is this user's own with mode 0700, since whoever writes there runs code as us. */
export function compileCache() {
  const folder = join(cacheHome(), 'compiled');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const path of [cacheHome(), folder]) {
      const found = lstatSync(path);
      if (!found.isDirectory() || (process.getuid && found.uid !== process.getuid()) || (found.mode & 0o077) !== 0) return undefined;
    }
    return folder;
  } catch {
    return undefined;
  }
}
