// A broker for tests that kills itself before or after a chosen commit, with devices that run nothing but keep the real provider's records.
// usage: node crash-broker.ts FOLDER; FOLDER/arm holds "<before|after> <k> <nonce>", FOLDER/gate holds runs back while it is there.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { homeOf } from '@dewar/protocol';
import { LocalSimulator } from '../../packages/broker/src/adapters/devices/local-simulator.ts';
import { PracticeQpu } from '../../packages/broker/src/adapters/devices/practice-qpu.ts';
import { peerCheck } from '../../packages/broker/src/adapters/peer.ts';
import { sha256, systemClock, systemRandom } from '../../packages/broker/src/adapters/system.ts';
import { startBroker } from '../../packages/broker/src/broker.ts';
import type { DeviceOutcome, Order, Store } from '../../packages/broker/src/core/ports.ts';

const folder = process.argv[2] ?? '';
const { uid, homedir } = userInfo();
const home = homeOf({ env: process.env, uid, userHome: homedir, tmp: tmpdir(), sha256 });

function outcome(shots: number, kind: 'completed' | 'cancelled', charged: 'all' | 'none'): DeviceOutcome {
  if (kind === 'cancelled') return { kind, output: '', charged };
  return {
    kind, output: '', charged,
    results: { format: 'dewar.results/v1', shots, bit_order: 'little-endian', registers: [{ name: 'c', size: 2 }], counts: { '00': shots }, seed: 1, engine: { name: 'test', version: '1', method: 'state-vector' } },
  };
}

const recordFile = (device: string, key: string): string => join(home.state, 'practice', device, `${key}.json`);

const submit = PracticeQpu.prototype.submit;
PracticeQpu.prototype.submit = async function (order: Order): Promise<string> {
  // Asked again for a key that it has: harmless here, and a second paid job at a provider without keys.
  if (existsSync(recordFile(this.view.name, order.key))) appendFileSync(join(folder, 'resubmits'), `${order.key}\n`);
  return submit.call(this, order);
};

PracticeQpu.prototype.wait = async function (id: string, order: Order, signal: AbortSignal): Promise<DeviceOutcome> {
  const file = recordFile(this.view.name, order.key);
  const record = JSON.parse(readFileSync(file, 'utf8')) as { id: string; outcome: DeviceOutcome | null };
  if (record.id !== id) throw new Error(`${id} is not the job of ${order.key}`);
  if (record.outcome) return record.outcome;
  await order.redeem(order.token);
  while (existsSync(join(folder, 'gate')) && !signal.aborted) await sleep(5);
  const made = signal.aborted ? outcome(order.shots, 'cancelled', 'none') : outcome(order.shots, 'completed', 'all');
  // Both at once, as seen from a kill at a commit.
  appendFileSync(join(folder, 'runs'), `${order.key}\n`);
  writeFileSync(file, JSON.stringify({ ...record, outcome: made }));
  return made;
};

LocalSimulator.prototype.wait = async function (_id: string, order: Order): Promise<DeviceOutcome> {
  await order.redeem(order.token);
  return outcome(order.shots, 'completed', 'none');
};

let armed = '';
let count = 0;

/** True when this is the commit to die at. */
function isTheOne(when: string): boolean {
  const text = existsSync(join(folder, 'arm')) ? readFileSync(join(folder, 'arm'), 'utf8') : '';
  if (text !== armed) count = 0;
  armed = text;
  const [side, k] = text.split(' ');
  if (when === 'before') count += 1;
  return side === when && count === Number(k);
}

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

function around(store: Store): Store {
  return {
    view: store.view,
    verify: () => store.verify(),
    commit: async (work) => {
      if (isTheOne('before')) return die();
      const value = await store.commit(work);
      return isTheOne('after') ? die() : value;
    },
  };
}

await startBroker({
  home, uid, owner: 'owner', zone: 'UTC', clock: systemClock, random: systemRandom, peer: peerCheck(), around,
  policyFile: fileURLToPath(new URL('../../policies/default/quantum_policy.bundle.json', import.meta.url)),
  helpFile: fileURLToPath(new URL('../../docs/agents.md', import.meta.url)),
  report: (error, job) => void process.stderr.write(`${job ?? 'broker'}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
  onFatal: () => process.exit(74),
  onShutDown: () => process.exit(0),
});
process.stderr.write(`crash broker ready in ${home.state}\n`);
