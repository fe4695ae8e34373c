// Quotes and decisions as they are shown, journaled and signed.
import type { Digest } from './digest.ts';
import type { Money } from './money.ts';

/** The price before running, as an upper bound from a dated price list. There is no zero for "unknown": what has no price is refused. */
export type Quote =
  | { readonly kind: 'free'; readonly basis: string }
  | { readonly kind: 'priced'; readonly amount: Money; readonly basis: string; readonly prices_dated: string };

export type Effect = 'allow' | 'ask' | 'deny';

/** One rule's say. `fix` is the narrowest change that would pass. */
export interface Reason {
  readonly rule: string;
  readonly effect: Effect;
  readonly message: string;
  readonly fix: string | null;
}

export interface Decision {
  readonly effect: Effect;
  /** Never empty; the reasons of the effect come first. */
  readonly reasons: readonly Reason[];
  /** Digest of the compiled policy bundle in force. */
  readonly policy: Digest;
  /** Digest of the exact policy input. */
  readonly input: Digest;
}
