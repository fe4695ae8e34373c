// The broker's process: started by `dewar up` in the home that the environment names, ended by `dewar down`, a signal or a fatal disk error.
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { DewarError, homeOf, shown } from '@dewar/protocol';
import { hardenProcess } from './adapters/harden.ts';
import { peerCheck } from './adapters/peer.ts';
import { sha256, systemClock, systemRandom } from './adapters/system.ts';
import { startBroker } from './broker.ts';

/** The one argument: the broker stops when its stdin ends, which is when whoever started it and holds the other end is gone, however it went. */
const untilStdinEnds = '--until-stdin-ends';

/** sysexits.h: 70 internal, 74 input/output, 78 configuration. */
const exitFatal = 74;
const exitConfig = 78;

// A log that cannot be written, on a full disk say, is no reason to end: what must not be lost is in the journal.
process.stderr.on('error', () => undefined);

function log(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}

function describe(error: unknown): string {
  if (error instanceof DewarError) return JSON.stringify({ error: error.toBody() });
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A login name as budgets and policies name a user. */
function accountName(login: string): string {
  return login.toLowerCase().replaceAll(/[^a-z0-9_.-]/g, '-').replace(/^[^a-z0-9]+/, '').slice(0, 64) || 'owner';
}

async function main(args: readonly string[]): Promise<void> {
  const unknown = args.find((argument) => argument !== untilStdinEnds);
  if (unknown !== undefined) throw new DewarError({ code: 'usage_invalid', message: 'the broker has no such argument', got: shown(unknown), allowed: untilStdinEnds, fix: 'start it with: dewar up' });
  hardenProcess();
  process.umask(0o077);
  const { uid, homedir, username } = userInfo();
  const home = homeOf({ env: process.env, uid, userHome: homedir, tmp: '/tmp', sha256 });
  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    log(`stopping: ${why}`);
    // It may be asked to stop before it has told us that it is up.
    void starting.then((broker) => broker.stop()).then(() => process.exit(0), (error: unknown) => {
      log(describe(error));
      process.exit(exitFatal);
    });
  };
  const starting = startBroker({
    home, uid, owner: accountName(username), zone: Intl.DateTimeFormat().resolvedOptions().timeZone, clock: systemClock, random: systemRandom, peer: peerCheck(),
    policyFile: fileURLToPath(new URL('../../../policies/default/quantum_policy.bundle.json', import.meta.url)),
    helpFile: fileURLToPath(new URL('../../../docs/agents.md', import.meta.url)),
    report: (error, job) => log(`${job ?? 'broker'}: ${describe(error)}`),
    onFatal: (error) => {
      log(`the disk cannot be trusted, ending: ${describe(error)}`);
      process.exit(exitFatal);
    },
    onShutDown: () => stop('asked on the control socket'),
  });
  await starting;
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (args.includes(untilStdinEnds)) {
    process.stdin.on('error', () => stop('stdin failed')).on('end', () => stop('whoever started it is gone'));
    process.stdin.resume();
  }
  log(`ready in ${home.state}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  log(describe(error));
  process.exit(error instanceof DewarError ? exitConfig : 70);
});
