// `npm run clean`: undoes the installation and the tour, and says what it removed. Never follows a link out of the project.
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { cacheHome } from './compile-cache.mjs';
import { root } from './packages.mjs';

const arguments_ = process.argv.slice(2);
const dry = arguments_.includes('--dry-run');
const say = (text) => process.stdout.write(`${text}\n`);

function kindOf(path) {
  try {
    const found = lstatSync(path);
    return found.isSymbolicLink() ? 'link' : found.isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}

/** Removes a folder with all in it; of a link only the link, never what it points to. */
function remove(path, what) {
  const kind = kindOf(path);
  if (kind === 'nothing') return;
  if (!dry) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  say(`${dry ? 'would remove' : 'removed'} ${path}${kind === 'link' ? ' (the link only)' : ''}: ${what}`);
}

/** What the tour left in .cache/tour.json: `{ pid, home }` of its broker and its throwaway home. */
function tourRecord() {
  if (kindOf(join(root, '.cache')) !== 'folder' || kindOf(join(root, '.cache/tour.json')) !== 'file') return undefined;
  try {
    const { pid, home } = JSON.parse(readFileSync(join(root, '.cache/tour.json'), 'utf8'));
    return { pid: Number.isInteger(pid) && pid > 1 ? pid : undefined, home: typeof home === 'string' ? home : undefined };
  } catch {
    return undefined;
  }
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
  } catch {
    return (spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout || '').trim();
  }
}

/**
 * A process number may since be someone else's, or that of your own broker. The tour's is the one that ends with whoever started it, while
 * its throwaway home is there; its environment, which would name the home, a hardened broker shows to nobody.
 */
function isBroker(pid, home) {
  return home !== undefined && isThrowaway(home) && /[/]broker[/]src[/]main\.ts --until-stdin-ends$/.test(commandOf(pid));
}

function pause(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function stopBroker({ pid, home }) {
  if (!isBroker(pid, home)) return;
  say(`${dry ? 'would stop' : 'stopping'} process ${pid}: the tour's broker`);
  if (dry) return;
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; waited < 50 && isBroker(pid, home); waited += 1) pause(100);
  if (isBroker(pid, home)) process.kill(pid, 'SIGKILL');
}

/** Only a folder that the tour names so itself, right under the temporary folder, and ours. */
function isThrowaway(home) {
  if (!/^dewar-tour-\w+$/.test(basename(home)) || kindOf(home) !== 'folder') return false;
  if (process.getuid && lstatSync(home).uid !== process.getuid()) return false;
  return realpathSync(dirname(home)) === realpathSync(tmpdir());
}

function main() {
  const unknown = arguments_.find((one) => one !== '--dry-run');
  if (unknown !== undefined) {
    process.stderr.write(`${unknown}: no such option\nusage: npm run clean -- [--dry-run]\n`);
    return 2;
  }
  const tour = tourRecord();
  if (tour && tour.pid !== undefined) stopBroker(tour);
  if (tour && tour.home !== undefined && isThrowaway(tour.home)) remove(tour.home, "the tour's throwaway home");
  remove(join(root, 'dewar-tour'), 'receipts of the tour');
  remove(join(root, '.cache'), 'half-finished installations, notes of the tour, Python environments of tests');
  remove(join(root, 'node_modules'), 'packages, Node 24 among them');
  if (kindOf(cacheHome()) === 'folder') {
    remove(join(cacheHome(), 'compiled'), 'compiled code');
    if (!dry && readdirSync(cacheHome()).length === 0) rmdirSync(cacheHome());
  }
  say(dry ? 'Nothing was removed (--dry-run).' : 'Clean. Your own Dewar home, if you made one, was not touched.');
  return 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`dewar: ${error.message}\n  fix: run npm run clean as the owner of ${root}\n`);
  process.exitCode = 1;
}
