// Where things are, as paths that a person can copy into a shell.
import { isAbsolute, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's folder, without a closing slash. */
export const project = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

/** Relative to the working directory where it lies below it. */
export function short(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? path : inside;
}

/** One word of a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The `dewar` command of this checkout with its arguments, ready to paste. */
export function dewar(...args: readonly string[]): string {
  return [short(`${project}/bin/dewar.mjs`), ...args].map(quoted).join(' ');
}
