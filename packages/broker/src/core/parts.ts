// The parts of a corridor: its ports and the configuration it was started with.
import type { Policy } from '@dewar/policy/decide';
import type { JobId, Sha256 } from '@dewar/protocol';
import type { Exchange } from './budget.ts';
import type { Pace } from './token-bucket.ts';
import type { QueueRules } from './schedule.ts';
import type { Analyser, Artifacts, Backends, Clock, DataFiles, Prices, Random, ReceiptSigner, Store } from './ports.ts';

export interface QueueSettings {
  readonly rules: QueueRules;
  /** Of one session: jobs, dry runs and envelope requests. */
  readonly submits: Pace;
}

export interface CorridorParts {
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly dataFiles: DataFiles;
  readonly policy: Policy;
  readonly analyser: Analyser;
  readonly backends: Backends;
  readonly prices: Prices;
  /** Rates as of a UTC day, YYYY-MM-DD. */
  readonly exchangeOn: (day: string) => Exchange;
  /** The user that the broker runs as: whose work it is where nobody said another. */
  readonly owner: string;
  /** IANA name. */
  readonly zone: string;
  readonly queue: QueueSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly signer: ReceiptSigner;
  readonly version: string;
  /** Something failed and will be tried again, or cannot go on: for the operator's log. */
  readonly report: (error: unknown, job: JobId) => void;
}
