// A corridor on a real store, real artifacts and the real policy, with devices that do as the test says and a clock that stands still.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyse, analyserId, checkGiven } from '@dewar/openqasm';
import { readStoredPolicy, type Policy } from '@dewar/policy';
import { DewarError, type Digest, type ErrorCode, type JobId, type JobSpec, type ProgramFacts, type Reason } from '@dewar/protocol';
import { checkpointSignerFromPem, generateCheckpointKey, generateReceiptKey, signerFromPem, verifyReceipt } from '@dewar/receipt';
import { ArtifactFiles } from '../src/adapters/artifact-files.ts';
import { dataFiles } from '../src/adapters/data-files.ts';
import { priceLineFrom } from '../src/adapters/price-files.ts';
import { bundleSigner } from '../src/adapters/receipt-signer.ts';
import { SqliteStore } from '../src/adapters/sqlite/store.ts';
import type { Exchange } from '../src/core/budget.ts';
import { Budgets } from '../src/core/budgets.ts';
import { Corridor } from '../src/core/corridor.ts';
import type { Policies } from '../src/core/explain.ts';
import type { Job, Queued, Sending } from '../src/core/job.ts';
import { lookAgain, verdictNow } from '../src/core/recheck.ts';
import type { CorridorParts, QueueSettings } from '../src/core/parts.ts';
import type { Clock, Device, DeviceOutcome, Load, Order, PriceLine, Prices, Random, Store, StoredSession, View } from '../src/core/ports.ts';

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
export const bell = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n';
export const { policy }: { readonly policy: Policy } = await readStoredPolicy(fileURLToPath(new URL('../../../policies/default/quantum_policy.bundle.json', import.meta.url)));
export const checkpointSigner = checkpointSignerFromPem('test.local/rig', generateCheckpointKey().privatePem);
export const receiptKey = generateReceiptKey();

export class TestClock implements Clock {
  time = Date.parse('2026-11-23T12:00:00.000Z');
  readonly #calls: { readonly at: number; readonly call: () => void }[] = [];
  now(): number {
    return this.time;
  }
  after(ms: number, call: () => void): () => void {
    const entry = { at: this.time + ms, call };
    this.#calls.push(entry);
    return () => {
      const index = this.#calls.indexOf(entry);
      if (index >= 0) this.#calls.splice(index, 1);
    };
  }
  advance(ms: number): void {
    this.time += ms;
    for (const entry of this.#calls.filter(({ at }) => at <= this.time)) {
      this.#calls.splice(this.#calls.indexOf(entry), 1);
      entry.call();
    }
  }
}

/** Counts what reached it, as a provider's own books would. */
export class TestDevice implements Device {
  readonly view: Device['view'];
  readonly description = 'a device of the tests';
  readonly account = null;
  readonly onPremises = false;
  readonly slots = 1;
  readonly keys = 'honoured';
  /** Provider job id by key: more than one for a key would be a second paid job. */
  readonly made = new Map<string, string>();
  readonly submits: string[] = [];
  readonly runs: string[] = [];
  /** What `wait` does after the program was redeemed; the default completes. */
  behave: (order: Order, signal: AbortSignal) => Promise<DeviceOutcome> = async (order) => completed(order.shots);
  refuse: unknown = null;
  limitText: string | null = null;

  constructor(name: string, kind: 'simulator' | 'qpu') {
    this.view = { name, kind, practice: kind === 'qpu', max_qubits: 24 };
  }
  limit(_facts: ProgramFacts, _load?: Load): string | null {
    return this.limitText;
  }
  async submit(order: Order): Promise<string> {
    this.submits.push(order.key);
    if (this.refuse !== null) throw this.refuse;
    const id = this.made.get(order.key) ?? `practice-${this.made.size + 1}`;
    this.made.set(order.key, id);
    return id;
  }
  async find(key: string): Promise<string | null> {
    return this.made.get(key) ?? null;
  }
  async wait(_id: string, order: Order, signal: AbortSignal): Promise<DeviceOutcome> {
    const request = await order.redeem(order.token);
    this.runs.push(request.source);
    return this.behave(order, signal);
  }
  async close(): Promise<void> {}
}

export function completed(shots: number): DeviceOutcome {
  return {
    kind: 'completed', output: '', charged: 'all',
    results: { format: 'dewar.results/v1', shots, bit_order: 'little-endian', registers: [{ name: 'c', size: 2 }], counts: { '00': shots }, seed: 1, engine: { name: 'test', version: '1', method: 'state-vector' } },
  };
}

export const session: StoredSession = { id: 'session_00000000000000000000', name: 'default', containment: 'uncontained', created: '2026-11-23T12:00:00.000Z', read: [] };
/** As prices.json has it, a decimal of it or the date another one. */
export function practiceLine({ per_task = '0.30', per_shot = '0.0009', dated = '2026-11-01' } = {}): PriceLine {
  return priceLineFrom({ device: 'practice-qpu', dated, source: 'the list of the tests', currency: 'XTS', task: 'job', per_task, per_shot }, false);
}
export const prices: Prices = { free: ['simulator'], lines: [practiceLine()], rates: [] };

/** No rates. */
export const sameCurrency: Exchange = (amount, to) => (amount.currency === to ? amount : null);

/** What all jobs have reserved and settled in practice money on that day. */
export async function spentOn(view: View, day: string): Promise<{ readonly reserved: number; readonly settled: number }> {
  const { reserved = 0, settled = 0 } = (await view.spent('all', '', day)).find(({ currency }) => currency === 'XTS') ?? {};
  return { reserved, settled };
}

/** The rig's policy, as one that no file changes. */
export function policiesOf(r: Rig): Policies {
  const view = { digest: r.parts.policy.digest, since: session.created, by: null, folder: '/none', modules: { 'quantum_policy.rego': 'package quantum.workflow' }, data: {}, problem: null, blind: null };
  return { view, reload: async () => view, past: async (digest) => (digest === view.digest ? { policy: r.parts.policy, bundle: view } : null) };
}

/** Why the grant would be refused now, or null. */
export async function refusalAtGrant(parts: CorridorParts, job: Queued | Sending): Promise<readonly Reason[] | null> {
  const verdict = await verdictNow(parts, job, await lookAgain(parts, job), parts.store.view);
  return 'refused' in verdict ? verdict.refused : null;
}

export const queue: QueueSettings = { rules: { lanes: { interactive: 4, batch: 1 }, running: null }, submits: { per_minute: 600, burst: 200 } };

export interface Rig {
  readonly folder: string;
  readonly clock: TestClock;
  readonly store: SqliteStore;
  readonly artifacts: ArtifactFiles;
  readonly simulator: TestDevice;
  readonly qpu: TestDevice;
  readonly parts: CorridorParts;
  readonly corridor: Corridor;
  readonly errors: unknown[];
  readonly code: Digest;
  submit(spec?: Partial<Record<keyof JobSpec, unknown>>, from?: StoredSession): Promise<Job>;
  /** Waits until the job is in that phase. */
  until(id: JobId, phase: Job['phase']): Promise<Job>;
  job(id: JobId): Promise<Job>;
  approve(job: Job): Promise<Job>;
  /** As a restart: same disk and devices, new store and corridor. */
  restart(change?: { readonly without?: string }): Promise<Rig>;
  close(): void;
}

export interface RigOptions {
  readonly around?: (store: Store) => Store;
  readonly budget?: { readonly job?: number; readonly day?: number };
  readonly prices?: Prices;
  readonly policy?: Policy;
  readonly queue?: Partial<QueueSettings>;
  /** A device left out of the configuration. */
  readonly without?: string;
}

/** A rig whose bell program has been simulated already, unless told otherwise. */
export async function rig(options: RigOptions & { readonly simulated?: boolean } = {}): Promise<Rig> {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-corridor-'));
  const made = await build(folder, new TestClock(), new TestDevice('simulator', 'simulator'), new TestDevice('practice-qpu', 'qpu'), options);
  if (options.simulated !== false) await made.until((await made.submit({ backend: 'simulator' })).id, 'ended');
  return made;
}

async function build(folder: string, clock: TestClock, simulator: TestDevice, qpu: TestDevice, options: RigOptions): Promise<Rig> {
  const random: Random = { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) };
  const errors: unknown[] = [];
  let closed = false;
  const store = new SqliteStore({ file: join(folder, 'journal.db'), clock, random, sha256, signer: checkpointSigner, onFatal: (error) => errors.push(error) });
  const artifacts = new ArtifactFiles(join(folder, 'artifacts'), sha256);
  const { job: mostJob = 10_000_000, day: mostDay = 50_000_000 } = options.budget ?? {};
  const parts: CorridorParts = {
    store: options.around?.(store) ?? store, artifacts, dataFiles, policy: options.policy ?? policy, analyser: { id: analyserId, analyse: (source, given) => analyse(source, checkGiven(source, given)), draw: () => undefined }, clock, random, sha256, version: 'test',
    backends: { devices: new Map([['simulator', simulator], ['practice-qpu', qpu]].filter(([name]) => name !== options.without) as [string, Device][]), aliases: new Map([['ibmq_qpu_1', 'practice-qpu']]) },
    prices: options.prices ?? prices, exchangeOn: () => sameCurrency, owner: 'owner', zone: 'UTC', queue: { ...queue, ...options.queue }, signer: bundleSigner(signerFromPem(receiptKey.privatePem)), report: (error) => errors.push(error),
  };
  const corridor = new Corridor(parts);
  const code = await artifacts.put(new TextEncoder().encode(bell));
  await new Budgets({ ...parts, store }).begin([['job', mostJob], ['day', mostDay]].map(([per, limit]) => ({ key: { scope: 'all', name: null, per: per as 'job' | 'day', currency: 'XTS' }, limit_micros: Number(limit) })));
  await corridor.recover();
  const self: Rig = {
    folder, clock, store, artifacts, simulator, qpu, parts, corridor, errors, code,
    submit: async (spec = {}, from = session) => {
      const body = { job_name: 'test', code_blob: code, backend: 'practice-qpu', ...spec };
      const submitted = await corridor.submit(new TextEncoder().encode(JSON.stringify(body)), from);
      if (!('job' in submitted)) throw new TypeError('a dry run');
      return submitted.job;
    },
    until: (id, phase) => new Promise((resolve, reject) => {
      const look = (): void => void store.view.job(id).then((job) => {
        if (job?.phase !== phase && job?.phase !== 'ended') return;
        stop();
        clearTimeout(limit);
        if (job.phase === phase) resolve(job);
        else reject(new Error(`ended (${JSON.stringify('outcome' in job ? job.outcome : null)}) before it was ${phase}`));
      });
      const stop = corridor.changes.listen(id, look);
      const limit = setTimeout(() => reject(new Error(`${id} never was ${phase}: ${errors.map(String).join('; ')}`)), 10_000);
      look();
    }),
    job: async (id) => {
      const job = await store.view.job(id);
      if (!job) throw new TypeError(`no job ${id}`);
      return job;
    },
    approve: (job) => {
      if (job.phase !== 'waiting') throw new TypeError(`it is ${job.phase}`);
      return corridor.approve(job.id, { resolved_digest: job.resolved_digest, nonce: job.nonce });
    },
    restart: async ({ without } = {}) => {
      corridor.stop();
      await store.close();
      closed = true;
      return build(folder, clock, simulator, qpu, { ...options, ...(without !== undefined && { without }) });
    },
    close: () => {
      corridor.stop();
      if (!closed) void store.close();
      closed = true;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return self;
}

/** A test on a rig, whose journal verifies at its end. */
export const withRig = (body: (r: Rig) => Promise<void>, { checked = true, ...options }: Parameters<typeof rig>[0] & { readonly checked?: boolean } = {}) => async (): Promise<void> => {
  const r = await rig(options);
  try {
    await body(r);
    if (checked) assert.deepEqual((await r.store.verify()).problems, []);
  } finally {
    r.close();
  }
};

export const refusesWith = (code: ErrorCode) => (error: unknown) => error instanceof DewarError && error.code === code;

/** The receipt of a job that has ended, verified. */
export async function receiptOf(r: Rig, job: Awaited<ReturnType<Rig['until']>>): Promise<ReturnType<typeof verifyReceipt>> {
  assert.equal(job.phase, 'ended');
  return verifyReceipt(await r.artifacts.get(job.phase === 'ended' ? job.receipt : r.code), { receiptKeys: [receiptKey.publicPem] });
}
