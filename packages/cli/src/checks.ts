// What `doctor` looks at: each check says how it stands and, where it fails, the command that mends it.
import { X509Certificate } from 'node:crypto';
import { access, constants, lstat, statfs } from 'node:fs/promises';
import { DewarError, controlSocket, sessionSocket, type Home, type StatusView, type TcpView } from '@dewar/protocol';
import type { Context } from './context.ts';
import { quoted } from './shell-word.ts';
import { readTrust, trustPath } from './trust.ts';

export interface Check {
  readonly name: string;
  /** `skip`: it cannot be looked at, or is optional and absent; it does not fail the doctor. */
  readonly state: 'ok' | 'fail' | 'skip';
  readonly detail: string;
  readonly fix?: string;
}

/** Longest socket path in bytes: sun_path less its closing NUL, unix(7). */
const longestSocket = 107;
const leastDisk = 268_435_456;
/** A certificate that ends in less is told of; the broker renews it at its start. */
const soonMs = 14 * 86_400_000;
/** A clock before this program was written is wrong. */
const earliest = Date.UTC(2026, 0, 1);

const ok = (name: string, detail: string): Check => ({ name, state: 'ok', detail });
const skip = (name: string, detail: string): Check => ({ name, state: 'skip', detail });
const fail = (name: string, detail: string, fix: string): Check => ({ name, state: 'fail', detail, fix });

export async function allChecks(context: Context): Promise<Check[]> {
  const { home } = context;
  const status = await context.control.status({ signal: context.signal, timeoutMs: 5000 }).catch((error: unknown) => {
    context.signal.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  });
  return [
    nodeCheck(process.versions.node), platformCheck(process.platform, process.arch), clockCheck(Date.now(), status instanceof Error ? undefined : status),
    await folderCheck('state folder', home.state), await folderCheck('config folder', home.config), await folderCheck('socket folder', home.run),
    socketCheck(home), await diskCheck(home.state), await trustCheck(context), brokerCheck(status), policyCheck(status), await journalCheck(context, status), await tcpCheck(context, status), await pythonCheck(),
  ];
}

export function nodeCheck(version: string): Check {
  const major = Number(version.split('.')[0]);
  return major >= 24 ? ok('node', version) : fail('node', `${version}; 24 or later is needed`, 'npm ci');
}

export function platformCheck(platform: string, arch: string): Check {
  if (platform === 'linux') return ok('platform', `${platform} ${arch}`);
  return fail('platform', `${platform} ${arch}; only Linux is supported now`, 'use a Linux machine, a virtual machine or WSL2');
}

export function clockCheck(now: number, status: StatusView | undefined): Check {
  if (now < earliest) return fail('clock', `${new Date(now).toISOString()} is in the past`, 'sudo timedatectl set-ntp true');
  if (status !== undefined && Date.parse(status.since) > now + 5000) return fail('clock', `the broker started in the future, at ${status.since}: the clock was set back`, 'sudo timedatectl set-ntp true');
  return ok('clock', new Date(now).toISOString());
}

async function folderCheck(name: string, path: string): Promise<Check> {
  let about: Awaited<ReturnType<typeof lstat>>;
  try {
    about = await lstat(path);
  } catch {
    return skip(name, `${path} is not there yet; dewar up makes it`);
  }
  if (!about.isDirectory()) return fail(name, `${path} is not a folder`, `move it away: mv ${quoted(path)} ${quoted(`${path}.old`)}`);
  const uid = process.getuid?.();
  if (uid !== undefined && about.uid !== uid) return fail(name, `${path} belongs to user ${about.uid}, not to you (${uid})`, `sudo chown -R ${uid} ${quoted(path)}`);
  const mode = about.mode & 0o777;
  if ((mode & 0o077) !== 0) return fail(name, `${path} is open to other users (mode ${mode.toString(8)})`, `chmod 700 ${quoted(path)}`);
  return ok(name, `${path}, mode ${mode.toString(8)}`);
}

export function socketCheck(home: Home): Check {
  const longest = [controlSocket(home), sessionSocket(home, 'a'.repeat(32))].map((path) => Buffer.byteLength(path));
  const most = Math.max(...longest);
  if (most <= longestSocket) return ok('socket paths', `at most ${most} bytes of ${longestSocket}`);
  return fail('socket paths', `${home.run} makes paths of ${most} bytes; ${longestSocket} fit`, 'export DEWAR_HOME to a shorter path');
}

async function diskCheck(path: string): Promise<Check> {
  for (let folder = path; ; folder = folder.slice(0, folder.lastIndexOf('/')) || '/') {
    try {
      const { bavail, bsize } = await statfs(folder);
      const free = bavail * bsize;
      const text = `${Math.floor(free / 1_048_576)} MiB free`;
      return free >= leastDisk ? ok('disk', text) : fail('disk', `${text} at ${folder}; ${leastDisk / 1_048_576} MiB are needed`, `make room: du -xh ${quoted(folder)} | sort -h | tail`);
    } catch {
      if (folder === '/') return skip('disk', 'cannot be measured');
    }
  }
}

async function trustCheck({ home }: Context): Promise<Check> {
  try {
    return (await readTrust(home)) === undefined ? skip('pinned keys', 'none yet; the first dewar up pins them') : ok('pinned keys', trustPath(home));
  } catch (error) {
    return fail('pinned keys', error instanceof Error ? error.message : String(error), error instanceof DewarError ? error.fix ?? '' : '');
  }
}

function brokerCheck(status: StatusView | Error): Check {
  if (!(status instanceof Error)) return ok('broker', `process ${status.pid}, version ${status.version}`);
  return fail('broker', status.message, status instanceof DewarError && status.fix !== undefined ? status.fix : 'dewar up');
}

function policyCheck(status: StatusView | Error): Check {
  return status instanceof Error ? skip('policy', 'the broker does not answer') : ok('policy', status.policy);
}

async function journalCheck({ control, signal }: Context, status: StatusView | Error): Promise<Check> {
  if (status instanceof Error) return skip('journal', 'the broker does not answer');
  try {
    const report = await control.verifyJournal({ signal });
    if (report.ok) return ok('journal', `${report.size} events verify`);
    return fail('journal', report.problems[0] ?? 'does not verify', 'dewar freeze; then dewar journal verify');
  } catch (error) {
    signal.throwIfAborted();
    return fail('journal', error instanceof Error ? error.message : String(error), 'dewar journal verify');
  }
}

async function tcpCheck({ control, signal }: Context, status: StatusView | Error): Promise<Check> {
  return status instanceof Error ? skip('TCP door', 'the broker does not answer') : tcpViewCheck(await control.tcp({ signal }), Date.now());
}

export function tcpViewCheck(view: TcpView | null, now: number): Check {
  if (view === null) return ok('TCP door', 'closed');
  const end = new X509Certificate(view.certificate_pem).validToDate;
  const text = `open on ${view.url}; certificate until ${end.toISOString().slice(0, 10)}`;
  return end.getTime() - now > soonMs ? ok('TCP door', text) : fail('TCP door', text, 'dewar down && dewar up makes a new one');
}

async function pythonCheck(): Promise<Check> {
  const path = '/usr/bin/python3';
  return access(path, constants.X_OK).then(() => ok('python3', path), () => skip('python3', `no ${path}; only examples/agent_create_job.py needs it`));
}
