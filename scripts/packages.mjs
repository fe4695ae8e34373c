// Which packages package-lock.json asks for on this machine, and whether they are all in node_modules. Plain ES2020, no dependency.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const prefix = 'node_modules/';
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** An error for the person at the terminal: what is wrong, and what mends it. */
export class SetupError extends Error {
  constructor(message, fix) {
    super(message);
    this.fix = fix;
  }
}

export function lockBytes(folder) {
  return readFileSync(join(folder, 'package-lock.json'));
}

/** 'glibc' or 'musl', as package-lock.json names it; other systems have neither. */
function libc() {
  if (process.platform !== 'linux') return '';
  process.report.excludeNetwork = true;
  const report = process.report.getReport();
  const header = (typeof report === 'string' ? JSON.parse(report) : report).header;
  return header.glibcVersionRuntime ? 'glibc' : 'musl';
}

function admits(rule, value) {
  if (!rule) return true;
  const list = [].concat(rule);
  return list.includes(value) || (list.some((one) => one.startsWith('!')) && !list.includes(`!${value}`));
}

/** Every lock entry that this machine needs: `[path under the project, entry]`, optional ones for other platforms left out. */
export function wanted(folder = root) {
  const here = libc();
  return Object.entries(JSON.parse(lockBytes(folder).toString()).packages).filter(
    ([path, entry]) =>
      path.startsWith(prefix) && admits(entry.os, process.platform) && admits(entry.cpu, process.arch) && (here === '' || admits(entry.libc, here)),
  );
}

/** What is wanted and not there, by name. npm writes node_modules/.package-lock.json last, so a cut-off `npm ci` lacks everything. */
export function missing(folder = root) {
  let there = {};
  try {
    there = JSON.parse(readFileSync(join(folder, 'node_modules/.package-lock.json'), 'utf8')).packages || {};
  } catch {
    // no finished installation: all of it is missing
  }
  return wanted(folder)
    .filter(([path, entry]) => {
      const found = there[path];
      const same = found && (entry.link ? found.link : found.version === entry.version && found.integrity === entry.integrity);
      return !same || !existsSync(join(folder, path, 'package.json'));
    })
    .map(([path]) => path.slice(prefix.length));
}

const stampFile = 'node_modules/.dewar-stamp';

/** What the stamp of a finished installation says: the lock it was made from, and for which kind of machine. */
function stampText(lock) {
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform} ${process.arch}\n`;
}

export function writeStamp(folder, lock) {
  writeFileSync(join(folder, stampFile), stampText(lock));
}

/** Whether node_modules is complete for the lock as it is now, tests included. A stamp answers at once; an `npm ci` by hand counts too. */
export function installed() {
  const lock = lockBytes(root);
  try {
    if (readFileSync(join(root, stampFile), 'utf8') === stampText(lock)) return true;
  } catch {
    // no stamp: look at the packages themselves
  }
  if (missing().length > 0) return false;
  try {
    writeStamp(root, lock);
  } catch {
    // not ours to write: the slower look is right every time
  }
  return true;
}

/** Whether what the commands need is there; tools for tests may be absent (an older npm by itself leaves some out). */
export function installedToRun() {
  if (installed()) return true;
  const tools = new Set(wanted().filter(([, entry]) => entry.dev).map(([path]) => path.slice(prefix.length)));
  return missing().every((name) => tools.has(name));
}
