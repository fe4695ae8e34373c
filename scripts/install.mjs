// Installs node_modules beside itself and moves it into place whole, so that neither a kill nor a second start leaves half of one.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { installed, lockBytes, missing, root, SetupError, wanted, writeStamp } from './packages.mjs';

const cache = join(root, '.cache');
const say = (text) => process.stderr.write(text);

/** How to call npm: the one that called us, else the one on PATH. */
function npmCommand() {
  const caller = process.env.npm_execpath || '';
  return caller.endsWith('npm-cli.js') && existsSync(caller) ? [process.execPath, caller] : ['npm'];
}

/** The caller's npm settings (registry, proxy, certificates) without what `npm run` adds about this project. */
function npmEnvironment() {
  const env = { ...process.env };
  for (const name of ['NODE_OPTIONS', 'NODE_ENV', 'npm_config_local_prefix', 'npm_config_omit', 'npm_config_production']) delete env[name];
  return env;
}

/** Whether npm can keep its cache and logs where it would: the nearest existing folder above must be writable. */
function writable(path) {
  if (!existsSync(path)) return dirname(path) !== path && writable(dirname(path));
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function ask(...args) {
  const [command, ...first] = npmCommand();
  const answer = spawnSync(command, [...first, ...args], { cwd: root, env: npmEnvironment(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  if (answer.error) throw new SetupError('npm is not on PATH, so the packages cannot be installed.', 'install npm 9 or later (Debian, Ubuntu: apt-get install npm), then try again');
  return (answer.stdout || '').trim();
}

/** Bytes under a folder, for the progress line; what vanishes meanwhile counts nothing. */
function sizeOf(folder) {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) bytes += sizeOf(path);
      else if (entry.isFile()) bytes += statSync(path).size;
    }
  } catch {
    // npm moves files while we count
  }
  return bytes;
}

const tidy = (folder) => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });

/** Removes what a killed installation left: folders named by a process that is gone. */
function tidyLeftovers() {
  for (const name of readdirSync(cache)) {
    const owner = /^(?:install|old)-(\d+)-/.exec(name);
    if (!owner) continue;
    try {
      process.kill(Number(owner[1]), 0);
    } catch (e) {
      if (e.code === 'ESRCH') tidy(join(cache, name));
    }
  }
}

/**
 * The lock without `engines`: under an older Node, npm would silently leave out optional packages that ask for a newer one, but they
 * run on the Node 24 that is installed with them. Versions and integrity stay as they are.
 */
function withoutEngines(lock) {
  const parsed = JSON.parse(lock.toString());
  for (const entry of Object.values(parsed.packages)) delete entry.engines;
  return JSON.stringify(parsed);
}

function stage(lock) {
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(root, constants.W_OK);
    tidyLeftovers();
    const folder = mkdtempSync(join(cache, `install-${process.pid}-`));
    writeFileSync(join(folder, 'package-lock.json'), withoutEngines(lock));
    for (const name of ['package.json', '.npmrc']) copyFileSync(join(root, name), join(folder, name));
    for (const name of readdirSync(join(root, 'packages'))) {
      const from = join(root, 'packages', name, 'package.json');
      if (!existsSync(from)) continue;
      mkdirSync(join(folder, 'packages', name), { recursive: true });
      copyFileSync(from, join(folder, 'packages', name, 'package.json'));
    }
    return folder;
  } catch (e) {
    throw writeError(e);
  }
}

function writeError(e) {
  if (e.code === 'ENOSPC') return new SetupError(`No space left on the disk of ${root}.`, 'free 600 MB there, then try again');
  if (['EROFS', 'EACCES', 'EPERM'].includes(e.code)) {
    return new SetupError(`Cannot write in ${root} (${e.code}), so the packages cannot be installed there.`, 'clone the project into a folder of your own, or run `npm ci` once as the owner of this one');
  }
  return e;
}

function npmError(output, registry) {
  const tail = output.trim().split('\n').slice(-12).join('\n');
  if (/ENOSPC/.test(output)) return new SetupError(`No space left on the disk.\n${tail}`, 'free 600 MB, then try again');
  if (/EINTEGRITY/.test(output)) return new SetupError(`${registry} served other bytes than package-lock.json names; nothing was installed.\n${tail}`, 'run `npm cache verify`; if it happens again, do not trust that registry');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENOTCACHED|ERR_SOCKET_TIMEOUT/.test(output)) {
    return new SetupError(`The npm registry ${registry} cannot be reached.\n${tail}`, 'connect to the network, or name a mirror (npm config set registry URL; npm config set https-proxy URL), then try again; once installed, no network is needed');
  }
  return new SetupError(`npm ci failed.\n${tail}`, 'mend what npm names above, then try again');
}

/** Runs npm ci in `folder`; Ctrl-C and a termination end npm first, then this process. */
function npmCi(folder, extra, quiet) {
  const flags = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--engine-strict=false', '--no-audit', '--no-fund', '--no-progress', '--no-update-notifier', '--loglevel=error', '--fetch-retries=3', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=8000', ...extra];
  const [command, ...first] = npmCommand();
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const npm = spawn(command, [...first, ...flags], { cwd: folder, env: npmEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let stopped;
    const keep = (chunk) => {
      output = (output + chunk).slice(-20000);
    };
    npm.stdout.on('data', keep);
    npm.stderr.on('data', keep);
    const live = process.stderr.isTTY;
    const tick = setInterval(() => {
      if (quiet) return;
      const line = `  ${Math.round(sizeOf(join(folder, 'node_modules')) / 1e6)} of about 300 MB, ${Math.round((Date.now() - started) / 1000)} s`;
      say(live ? `\r${line}\u001b[K` : `${line}\n`);
    }, live ? 1500 : 10000);
    const stop = (signal) => {
      stopped = signal;
      npm.kill('SIGTERM');
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, stop);
    const end = (settle) => {
      clearInterval(tick);
      for (const signal of signals) process.removeListener(signal, stop);
      if (live && !quiet) say('\r\u001b[K');
      settle();
    };
    npm.on('error', (e) => end(() => reject(e)));
    npm.on('close', (code) =>
      end(() => {
        if (stopped) {
          tidy(folder);
          say('\nInstallation stopped; nothing was left behind.\n');
          process.kill(process.pid, stopped);
        } else resolve({ code, output });
      }),
    );
  });
}

/** Puts the finished tree in place. Another start may have done so meanwhile: then its tree stays. */
function moveIntoPlace(folder) {
  const target = join(root, 'node_modules');
  const old = mkdtempSync(join(cache, `old-${process.pid}-`));
  try {
    if (installed()) return;
    if (existsSync(target)) renameSync(target, join(old, 'node_modules'));
    renameSync(join(folder, 'node_modules'), target);
  } catch (e) {
    if (installed()) return;
    if (['EXDEV', 'EBUSY'].includes(e.code)) throw new SetupError(`${target} is a mount of its own and cannot be replaced (${e.code}).`, 'run `npm ci` in the project, then try again');
    throw writeError(e);
  } finally {
    tidy(old);
  }
}

/** Installs what package-lock.json names, from the configured registry, and says so unless `quiet`. Throws SetupError. */
export async function install(quiet) {
  const lock = lockBytes(root);
  const folder = stage(lock);
  try {
    const registry = ask('config', 'get', 'registry').replace(/\/\/[^/@]*@/, '//');
    const home = ask('config', 'get', 'cache') || join(homedir(), '.npm');
    const extra = writable(home) ? [] : ['--cache', join(folder, 'npm-cache')];
    if (!quiet) {
      say(`Dewar installs ${wanted().length} packages into ${join(root, 'node_modules')}:\n`);
      say(`  about 110 MB from ${registry}, 300 MB on disk, of which Node 24 is 190 MB; the exact versions of package-lock.json;\n`);
      say('  no install scripts run; `npm run clean` removes it all.\n');
    }
    const { code, output } = await npmCi(folder, extra, quiet);
    if (code !== 0) throw npmError(output, registry);
    const lacking = missing(folder);
    if (lacking.length > 0) {
      throw new SetupError(`npm left out: ${lacking.join(', ')}.${output ? `\n${output.trim()}` : ''}`, `check that ${registry} is reachable and complete, then try again`);
    }
    writeStamp(folder, lock);
    moveIntoPlace(folder);
    if (!quiet) say('Installed.\n\n');
  } finally {
    tidy(folder);
  }
}
