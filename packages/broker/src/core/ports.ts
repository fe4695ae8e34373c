// The ports: everything the corridor asks of the world, in interfaces of a few methods.
import type { BudgetChange, BudgetScope, DeviceView, Digest, EnvelopeId, EnvelopeUse, ErrorBody, JobId, JobResults, Money, ParameterValue, PastDecision, Point, Prevented, ProgramFacts } from '@dewar/protocol';
import type { ReceiptPredicate } from '@dewar/receipt/statement';
import type { Budget, Payer, Spent } from './budget.ts';
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
  /** Those that are set, by id. */
  budgets(): Promise<readonly Budget[]>;
  /** What was reserved and settled under one name in one period (a day, a month, `total`), a currency each. */
  spent(scope: BudgetScope, name: string, period: string): Promise<readonly Spent[]>;
  /** Priced jobs refused in a month, YYYY-MM. */
  prevented(month: string): Promise<Prevented>;
  budgetChanges(limit: number): Promise<readonly BudgetChange[]>;
  /** What a session's jobs on QPUs were like so far. */
  habits(session: string, look: HabitLook): Promise<Habits>;
  /** Decisions on submits with their inputs, newest first. @param before those older than this job's */
  pastDecisions(limit: number, before: JobId | null): Promise<readonly PastDecision[]>;
  /** The canonical text of a policy input that was decided on. */
  policyInput(digest: Digest): Promise<string | null>;
  sessions(): Promise<readonly StoredSession[]>;
  /** Whose token hashes to this; null when none does. */
  sessionOfToken(sha256: string): Promise<string | null>;
  setting(name: Setting): Promise<string | null>;
  flag(name: Flag): Promise<boolean>;
  jobEvents(id: JobId): Promise<readonly StoredEvent[]>;
  head(): Promise<JournalHead>;
}

/** `budget_frozen` is of a journal from before budgets had each a brake of their own. */
export type Flag = 'frozen' | 'budget_frozen';
/** `tcp_port`: the TCP door is to be open on this port. `budgets`: the first ones were set; what is missing since was removed on purpose. `policy`: which one is in force, and from which files. */
export type Setting = 'tcp_port' | 'budgets' | 'policy';

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
  reserve(job: JobId, reservation: Reservation): Promise<void>;
  /** Ends a reservation: what was charged, 0 only on proof. */
  settle(job: JobId, charged: Money): Promise<void>;
  /** Sets a budget, or replaces the one of its id. */
  putBudget(budget: Budget): Promise<void>;
  removeBudget(id: string): Promise<void>;
  /** Kept under its digest; a second time is no change. */
  keepPolicyInput(digest: Digest, text: string): Promise<void>;
  addSession(session: StoredSession): Promise<void>;
  /** Whose work and money it is from now on. */
  changeSession(session: StoredSession): Promise<void>;
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
  /** It stands in the house. */
  readonly onPremises: boolean;
  /** Jobs it works on at once. */
  readonly slots: number;
  /** Null when it can run this; else why not, and what would. */
  limit(facts: ProgramFacts, load: Load): string | null;
  /** Whether many submits under one `order.key` make one job. */
  readonly keys: 'honoured' | 'none';
  /** Answers the provider's job id. Throws `device_refused`, or `RateLimited` on proof that no job was made; any other failure leaves that open. */
  submit(order: Order): Promise<string>;
  /** The provider job made under this key, or null on proof that there is none; the method itself is null where the device cannot tell. */
  readonly find: ((key: string) => Promise<string | null>) | null;
  /** Waits for the end; after a restart too. Aborting cancels the provider's job. */
  wait(providerJobId: string, order: Order, signal: AbortSignal): Promise<DeviceOutcome>;
  /** Stops its processes without ending its jobs: they go on at the next start. Every `wait` under way then rejects. */
  close(): Promise<void>;
}

export type { PriceLine, Prices } from './price-line.ts';

/** Money put aside for a job, on a UTC day, under every name that it counts for. */
export interface Reservation {
  readonly day: string;
  readonly amount: Money;
  readonly payer: Payer;
}

/** What is asked of a session's past: was there such a program, such a device; and since when submits are counted. */
export interface HabitLook {
  readonly code: Digest;
  readonly device: string;
  /** RFC 3339, UTC. */
  readonly since: string;
}

export interface Habits {
  /** A job with this code has completed on a QPU before. */
  readonly ranBefore: boolean;
  /** A job of this session has completed on this device before. */
  readonly knowsDevice: boolean;
  /** What its last completed priced jobs were quoted at, at most 20. */
  readonly amounts: readonly Money[];
  /** Its submits since then. */
  readonly recent: number;
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
