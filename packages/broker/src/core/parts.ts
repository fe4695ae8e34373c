// The parts of a corridor: its ports and the configuration it was started with.
import type { JobId, Sha256 } from '@dewar/protocol';
import type { Policy } from './decide.ts';
import type { Analyser, Artifacts, Backends, BudgetLimits, Clock, DataFiles, Prices, Random, ReceiptSigner, Store } from './ports.ts';

export interface CorridorParts {
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly dataFiles: DataFiles;
  readonly policy: Policy;
  readonly analyser: Analyser;
  readonly backends: Backends;
  readonly prices: Prices;
  readonly budget: BudgetLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
  readonly signer: ReceiptSigner;
  readonly version: string;
  /** Something failed and will be tried again, or cannot go on: for the operator's log. */
  readonly report: (error: unknown, job: JobId) => void;
}
