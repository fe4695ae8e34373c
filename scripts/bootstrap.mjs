// Brings any Node from 18 on to the point where our TypeScript runs: packages installed, Node 24 in charge. Plain ES2020, no dependency.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileCache } from './compile-cache.mjs';
import { install } from './install.mjs';
import { installed, installedToRun, root, SetupError } from './packages.mjs';

const wantedMajor = 24;
const newEnough = Number(process.versions.node.split('.')[0]) >= wantedMajor;

/** Installs the packages unless they are all there; needs no network when they are. */
export async function ensure({ quiet = false } = {}) {
  if (installed()) return;
  needNode24();
  await install(quiet);
}

/** For commands that must not install anything by themselves. */
export function mustBeInstalled() {
  if (!installedToRun()) throw new SetupError(`The packages in ${join(root, 'node_modules')} are missing or not those of package-lock.json.`, `cd ${root} && npm ci   (npm start does it too, and shows a tour)`);
}

/** The Node that runs our code: this one, else the pinned one among the packages. */
function needNode24() {
  if (newEnough) return process.execPath;
  if (process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch)) return join(root, `node_modules/node-linux-${process.arch}/bin/node`);
  throw new SetupError(`Dewar needs Node ${wantedMajor} or later; this is ${process.version}, and no Node comes along for ${process.platform} ${process.arch}.`, `install Node ${wantedMajor} (https://nodejs.org/en/download, or \`nvm install ${wantedMajor}\`, \`brew install node@${wantedMajor}\`), then try again`);
}

/** Runs `entry` (under the project) with `args` in this process on Node 24; an older Node starts `script`, the caller, again on Node 24. */
export function run(script, entry, args) {
  const node = needNode24();
  delete process.env.NODE_OPTIONS;
  process.env.PATH = [dirname(node), process.env.PATH || '/usr/local/bin:/usr/bin:/bin'].join(delimiter);
  if (!newEnough) return again(node, [script, ...args]);
  const file = join(root, entry);
  if (!existsSync(file)) throw new SetupError(`${entry} is not in this checkout.`, 'git status shows what is missing; git checkout brings it back');
  const folder = compileCache();
  if (folder !== undefined && module.enableCompileCache) module.enableCompileCache(folder);
  process.argv = [process.execPath, file, ...args];
  return import(pathToFileURL(file).href);
}

/** Whether a Ctrl-C at the terminal reaches our whole process group by itself: proc_pid_stat(5), pgrp equals tpgid. */
function inForeground() {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return Boolean(process.stdin.isTTY);
  }
}

function again(node, args) {
  const child = spawn(node, args, { stdio: 'inherit', env: process.env });
  const forward = (signal) => {
    if (signal !== 'SIGINT' || !inForeground()) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (e) => report(new SetupError(`${node} does not start (${e.code}).`, `install Node ${wantedMajor} for this system and put it first on PATH (the Node that comes along needs glibc and a folder that may hold programs)`)));
  child.on('exit', (code, signal) => {
    for (const one of signals) process.removeListener(one, forward);
    if (signal === null) process.exit(code);
    // Die the way the child did; where that signal is ignored, its number says it.
    process.kill(process.pid, signal);
    setTimeout(() => process.exit(128 + constants.signals[signal]), 500);
  });
}

/** Says what is wrong and how to mend it, and leaves with 1. */
export function report(error) {
  process.stderr.write(error instanceof SetupError ? `dewar: ${error.message}\n  fix: ${error.fix}\n` : `${error && error.stack ? error.stack : error}\n`);
  process.exit(1);
}
