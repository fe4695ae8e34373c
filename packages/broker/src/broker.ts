// The broker as a whole: opens the home, builds the parts, drives what was left, opens the doors.
import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { analyse, analyserId, checkGiven, draw } from '@dewar/openqasm';
import { practiceCalibration } from '@dewar/executor';
import { controlSocket, sessionSocket, type Home } from '@dewar/protocol';
import { ArtifactFiles } from './adapters/artifact-files.ts';
import { loadConfiguration, setBudgetsAside, type Configuration } from './adapters/config-files.ts';
import { dataFiles } from './adapters/data-files.ts';
import { LocalSimulator } from './adapters/devices/local-simulator.ts';
import { PracticeQpu } from './adapters/devices/practice-qpu.ts';
import { privateFolder, sweepTemporary } from './adapters/durable.ts';
import { loadKeys } from './adapters/key-files.ts';
import { lockFolder } from './adapters/lock.ts';
import { PolicyInForce } from './adapters/policy-in-force.ts';
import { bundleSigner } from './adapters/receipt-signer.ts';
import { SqliteStore } from './adapters/sqlite/store.ts';
import { sha256, steadyClock } from './adapters/system.ts';
import { Corridor } from './core/corridor.ts';
import { addSession, changeSession, type SessionWanted } from './core/sessions.ts';
import type { Analyser, Backends, Clock, Device, Random, Store, StoredSession } from './core/ports.ts';
import { pricesJson } from './core/price-line.ts';
import { convert } from './core/rates.ts';
import { issueToken, revokeTokens } from './core/session-token.ts';
import { TcpDoorControl } from './tcp-door-control.ts';
import { controlApp } from './server/control-api.ts';
import { openDoor, type App, type Door, type DoorParts, type PeerCheck } from './server/door.ts';
import { sessionApp } from './server/session-api.ts';

export const version = '0.1.0';

export interface BrokerParts {
  readonly home: Home;
  readonly uid: number;
  /** The user it runs as, as budgets name one. */
  readonly owner: string;
  /** IANA name of the time zone that policies see. */
  readonly zone: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly peer: PeerCheck;
  /** The compiled policy's bundle, with its WebAssembly beside it. */
  readonly policyFile: string;
  /** What agents are told at `/v1/help`: docs/agents.md. */
  readonly helpFile: string;
  readonly report: (error: unknown, job?: string) => void;
  /** The disk cannot be trusted any more: the process must end. */
  readonly onFatal: (error: unknown) => void;
  readonly onShutDown: () => void;
  /** Tests put their failing store around the real one here. */
  readonly around?: (store: Store) => Store;
}

export interface Broker {
  /** Closes the doors and stops the devices' processes; jobs go on at the next start. */
  stop(): Promise<void>;
}

/** Throws what makes this home unusable: already_running, home_invalid, config_invalid, storage_*, policy_invalid. */
export async function startBroker(parts: BrokerParts): Promise<Broker> {
  const { home, uid, random } = parts;
  const clock = steadyClock(parts.clock);
  for (const folder of [home.state, home.config, home.run]) await privateFolder(folder, uid);
  // The sockets' folder too: two homes may be set to share it, and the second broker would take the first one's sockets away.
  const locks = [home.state, home.run].map((folder) => join(folder, 'broker.lock'));
  const held: (() => void)[] = [];
  const unlock = (): void => held.forEach((release) => release());
  try {
    for (const file of locks) held.push(lockFolder(file));
    await sweep(home);
    return await open(parts, unlock);
  } catch (error) {
    unlock();
    throw error;
  }

  async function open({ peer, report }: BrokerParts, release: () => void): Promise<Broker> {
    const configuration = await loadConfiguration(home.config);
    const file = join(home.state, 'journal.db');
    const isNew = await access(file).then(() => false, () => true);
    await privateFolder(join(home.state, 'keys'), uid);
    const keys = await loadKeys(join(home.state, 'keys'), uid, isNew, sha256);
    const sqlite = new SqliteStore({ file, clock, random, sha256, signer: keys.checkpoint, onFatal: parts.onFatal });
    clock.reach(sqlite.lastTime);
    const store = parts.around?.(sqlite) ?? sqlite;
    const artifacts = new ArtifactFiles(join(home.state, 'artifacts'), sha256);
    const backends = buildBackends(configuration, parts);
    const policies = await PolicyInForce.open({ store, artifacts: new ArtifactFiles(join(home.state, 'policies'), sha256), clock, sha256, folder: join(home.config, 'policy'), shipped: parts.policyFile, owner: parts.owner, report });
    const analyser: Analyser = { id: analyserId, analyse: (source, given) => analyse(source, checkGiven(source, given)), draw: (source, columns) => draw(source, { columns }) };
    const corridor = new Corridor({
      store, artifacts, dataFiles, analyser, backends, prices: configuration.prices, queue: configuration.queue,
      exchangeOn: (today) => (amount, to) => convert(amount, to, configuration.prices.rates, today)?.amount ?? null, owner: parts.owner, zone: parts.zone,
      // Asked for anew each time: a save changes it.
      get policy() {
        return policies.policy;
      },
      clock, random, sha256, version, signer: bundleSigner(keys.receipt), report: (error, job) => report(error, job),
    });

    const begun = (await store.view.setting('budgets')) !== null;
    const first = begun ? [] : await configuration.firstBudgets();
    await setBudgetsAside(home.config, begun);
    if (!begun) await corridor.budgets.begin(first);
    await store.commit((tx) => tx.append({ type: 'broker.started', body: { summary: `Dewar ${version} started`, version, policy: policies.policy.digest, prices: pricesJson(configuration.prices), aliases: Object.fromEntries(configuration.aliases) } }));
    const doors: Door[] = [];
    const help = await readFile(parts.helpFile, 'utf8');
    const common = { help, corridor, store, artifacts, analyser, backends, prices: configuration.prices, clock, version, report };
    const addDoor = async (door: DoorParts): Promise<void> => {
      await privateFolder(dirname(door.socket), uid);
      doors.push(await openDoor(door));
    };
    const sessions = new Map<string, StoredSession>();
    const appOf = (session: StoredSession): App => sessionApp(common, () => sessions.get(session.name) ?? session);
    const openSessionDoor = (session: StoredSession): Promise<void> => {
      sessions.set(session.name, session);
      return addDoor({ socket: sessionSocket(home, session.name), app: appOf(session), peer: null, report });
    };
    const openSession = async (wanted: SessionWanted): Promise<StoredSession> => {
      const session = await addSession({ store, clock, random }, wanted);
      await openSessionDoor(session);
      return session;
    };

    const tcpDoor = new TcpDoorControl({ store, clock, random, sha256, home, uid, report, appOf });
    const tokens = { store, clock, random, sha256 };

    await corridor.recover();
    const known = await store.view.sessions();
    for (const session of known) await openSessionDoor(session);
    if (!known.some(({ name }) => name === 'default')) await openSession({ name: 'default', read: [] });
    await tcpDoor.reopen();
    // The control door opens last: when it answers, all of the broker does.
    await addDoor({
      socket: controlSocket(home), peer, report,
      app: controlApp({
        ...common, home: home.state, since: new Date(clock.now()).toISOString(), policies, sha256, openSession, shutDown: parts.onShutDown,
        changeSession: async (name, change) => {
          const session = await changeSession({ store, clock, random }, name, change);
          sessions.set(name, session);
          return session;
        },
        tcp: {
          view: () => tcpDoor.view, open: (port) => tcpDoor.open(port), close: () => tcpDoor.close(), issueToken: (name) => issueToken(tokens, name),
          revokeTokens: async (name) => {
            const revoked = await revokeTokens(tokens, name);
            tcpDoor.dropSession(name);
            return revoked;
          },
        },
        keys: { receipt_pem: keys.receipt.publicKeyPem, checkpoint_vkey: keys.checkpoint.vkey }, socketOf: (name) => sessionSocket(home, name),
      }),
    });

    policies.watch();
    return {
      stop: async () => {
        policies.close();
        corridor.stop();
        await tcpDoor.stop();
        for (const door of doors) await door.close();
        for (const device of backends.devices.values()) await device.close();
        await store.commit((tx) => tx.append({ type: 'broker.stopped', body: { summary: 'stopped' } }));
        await sqlite.close();
        release();
      },
    };
  }
}

/** What a broker that was killed had half written. */
async function sweep({ state, config }: Home): Promise<void> {
  await sweepTemporary(config);
  await sweepTemporary(join(state, 'keys'));
  for (const folder of ['artifacts', 'policies', 'practice']) await sweepTemporary(join(state, folder), 1);
}

function buildBackends({ devices, aliases }: Configuration, { home, clock, uid }: BrokerParts): Backends {
  const built = new Map<string, Device>();
  for (const [name, config] of devices) {
    built.set(name, config.kind === 'simulator' ? new LocalSimulator(name) : new PracticeQpu({
      name, onPremises: config.on_premises ?? false, folder: join(home.state, 'practice', name), calibration: practiceCalibration(), queue_delay_ms: config.queue_delay_ms, failure: config.failure, clock, uid,
    }));
  }
  return { devices: built, aliases };
}
