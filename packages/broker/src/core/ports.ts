// The ports: everything the corridor asks of the world, in interfaces of a few methods.
import type { DeviceView, Digest, EnvelopeId, EnvelopeUse, ErrorBody, JobId, JobResults, Money, ParameterValue, Point, ProgramFacts } from '@dewar/protocol';
import type { ReceiptPredicate } from '@dewar/receipt/statement';
import type { Envelope } from './envelope.ts';
import type { EnvelopeEvent, EventDraft, Job, MovingEvent, Phase, SessionRef } from './job.ts';

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
  /** Calls back once after that many milliseconds; the answer cancels. */
  after(ms: number, call: () => void): () => void;
}

export interface Random {
  bytes(count: number): Uint8Array;
}

/** Content-addressed bytes. A digest that this answers for has been computed from the bytes just read. */
export interface Artifacts {
  /** Durable when it resolves. */
  put(bytes: Uint8Array): Promise<Digest>;
  /** Throws `artifact_unknown`, or `artifact_digest_mismatch` when the stored bytes have changed. */
  get(digest: Digest): Promise<Uint8Array>;
}

export interface StoredSession extends SessionRef {
  readonly created: string;
  /** Directories whose files `data` may name. */
  readonly read: readonly string[];
}

/** A session token as it is kept: its hash, which nothing can be opened with. */
export interface StoredToken {
  /** Lowercase hexadecimal. */
  readonly sha256: string;
  readonly session: string;
  readonly created: string;
}

export interface StoredEvent {
  readonly seq: number;
  readonly time: string;
  readonly type: string;
  /** The text that was hashed into the tree. */
  readonly leaf: string;
  readonly summary: string;
}

/** What is reserved and settled on one UTC day in one currency, in millionths. */
export interface DayTotals {
  readonly reserved: number;
  readonly settled: number;
}

export interface JobFilter {
  readonly session?: string;
  readonly phases?: readonly Phase[];
  readonly limit?: number;
}

/** Reads. Inside a commit they see that commit's own writes. */
export interface View {
  job(id: JobId): Promise<Job | undefined>;
  /** Newest first. */
  jobs(filter: JobFilter): Promise<readonly Job[]>;
  /** Jobs of a session that have not ended. */
  openJobs(session: string): Promise<number>;
  countByPhase(): Promise<ReadonlyMap<string, number>>;
  /** A simulator run of this code, with whatever parameters, has completed. */
  simulatedBefore(code: Digest): Promise<boolean>;
  /** Why a simulator, having tried, could not take this program at all; null when none said so. */
  simulatorRefusal(program: Digest): Promise<string | null>;
  envelope(id: EnvelopeId): Promise<Envelope | undefined>;
  /** Newest first. `waitingAt`: only those that a person may still answer then, RFC 3339, UTC. */
  envelopes(filter: { readonly session?: string; readonly waitingAt?: string; readonly limit?: number }): Promise<readonly Envelope[]>;
  /** What the jobs under it took; money is what they have reserved or were charged. */
  envelopeUse(id: EnvelopeId): Promise<EnvelopeUse>;
  dayTotals(day: string, currency: string): Promise<DayTotals>;
  sessions(): Promise<readonly StoredSession[]>;
  /** Whose token hashes to this; null when none does. */
  sessionOfToken(sha256: string): Promise<string | null>;
  setting(name: Setting): Promise<string | null>;
  flag(name: Flag): Promise<boolean>;
  jobEvents(id: JobId): Promise<readonly StoredEvent[]>;
  head(): Promise<JournalHead>;
}

export type Flag = 'frozen' | 'budget_frozen';
/** `tcp_port`: the TCP door is to be open on this port. */
export type Setting = 'tcp_port';

export interface JournalHead {
  readonly origin: string;
  readonly size: number;
  /** Base64, as in a checkpoint. */
  readonly root: string;
  /** C2SP signed note over this size and root. */
  readonly checkpoint: string;
}

/** Writes, all in one transaction with the journal events they append. */
export interface Transaction extends View {
  /** Moves a job along an arrow, or creates it; `before` is the job as read in this transaction. Events before the moving one are appended first. */
  move(before: Job | null, after: Job, moving: EventDraft<MovingEvent>, around?: { readonly first?: readonly EventDraft[]; readonly then?: readonly EventDraft[] }): Promise<void>;
  /** Stores an envelope as it is after its event; `before` is the envelope as read in this transaction, null for a new one. */
  putEnvelope(before: Envelope | null, after: Envelope, event: EventDraft<EnvelopeEvent>): Promise<void>;
  append(event: EventDraft, jobId?: JobId): Promise<void>;
  reserve(job: JobId, day: string, amount: Money): Promise<void>;
  /** Ends a reservation: what was charged, 0 only on proof. */
  settle(job: JobId, charged: Money): Promise<void>;
  addSession(session: StoredSession): Promise<void>;
  addToken(token: StoredToken): Promise<void>;
  /** Forgets a session's tokens; answers how many there were. */
  revokeTokens(session: string): Promise<number>;
  /** Null forgets it. */
  setSetting(name: Setting, value: string | null): Promise<void>;
  setFlag(name: Flag, value: boolean): Promise<void>;
  /** Called once everything is durable; not at all otherwise. */
  afterCommit(call: () => void): void;
}

export interface Store {
  /** Runs `work` alone; its writes are all durable when this resolves, none if it rejects. Errors thrown by `work` pass through. */
  commit<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  readonly view: View;
  verify(): Promise<{ readonly size: number; readonly root: string; readonly checkpoint: string; readonly problems: readonly string[] }>;
}

/** What is handed to a device. The program itself is fetched by the run with its token. */
export interface Order {
  readonly key: string;
  readonly token: string;
  readonly redeem: (token: string) => Promise<RunRequest>;
  /** Over all points. */
  readonly shots: number;
  readonly time_limit_s: number;
  readonly onProgress: (done: number, total: number) => void;
}

export interface RunRequest {
  readonly source: string;
  readonly facts: ProgramFacts;
  /** Of each point. */
  readonly shots: number;
  readonly points: readonly Point[];
  /** Its results are a table, though of one row. */
  readonly sweep: boolean;
  readonly seed: number;
}

export type DeviceOutcome = (
  | { readonly kind: 'completed'; readonly results: JobResults }
  | { readonly kind: 'failed'; readonly error: ErrorBody }
  | { readonly kind: 'cancelled' }
) & {
  /** What was printed, untrusted. */
  readonly output: string;
  /** `all` is the quoted price, `none` only on proof that nothing is charged; an amount is what was billed, above the quote or below. */
  readonly charged: 'all' | 'none' | 'unknown' | Money;
};

/** How often a program is to run, and in what time. */
export interface Load {
  /** Of each point. */
  readonly shots: number;
  readonly points: number;
  /** Seconds. */
  readonly timeLimit: number;
}

export interface Device {
  readonly view: DeviceView;
  readonly description: string;
  readonly account: string | null;
  /** Jobs it works on at once. */
  readonly slots: number;
  /** Null when it can run this; else why not, and what would. */
  limit(facts: ProgramFacts, load: Load): string | null;
  /** Idempotent by `order.key`. Answers the provider's job id. Throws `device_refused`. */
  submit(order: Order): Promise<string>;
  /** The provider job made under this key, or null on proof that there is none. */
  find(key: string): Promise<string | null>;
  /** Waits for the end; after a restart too. Aborting cancels the provider's job. */
  wait(providerJobId: string, order: Order, signal: AbortSignal): Promise<DeviceOutcome>;
  /** Stops its processes without ending its jobs: they go on at the next start. Every `wait` under way then rejects. */
  close(): Promise<void>;
}

export interface PriceLine {
  readonly device: string;
  /** Millionths. */
  readonly per_task: number;
  readonly per_shot: number;
}

export interface Prices {
  readonly dated: string;
  readonly currency: string;
  readonly lines: readonly PriceLine[];
  readonly free: readonly string[];
}

export interface BudgetLimits {
  readonly currency: string;
  readonly job: number;
  readonly day: number;
}

export interface Backends {
  readonly devices: ReadonlyMap<string, Device>;
  /** Alias to device name. */
  readonly aliases: ReadonlyMap<string, string>;
}

/** What the analyser package offers the corridor. */
export interface Analyser {
  readonly id: string;
  /** @param given what its inputs get: all values, or the ends of a range. Throws `parameters_invalid` where they do not fit, and what reading the program throws. */
  analyse(source: string, given: Readonly<Record<string, readonly ParameterValue[]>>): ProgramFacts;
  /** A drawing in text, where the program is small enough. */
  draw(source: string, columns: number): string | undefined;
}

export interface ReceiptSigner {
  /** The signed bundle's bytes. Throws when the predicate is not one that verifies. */
  sign(predicate: ReceiptPredicate): Promise<Uint8Array>;
}

/** Reads a granted `file:` once, inside the session's directories. Throws `data_refused`. */
export interface DataFiles {
  read(path: string, within: readonly string[]): Promise<Uint8Array>;
}
