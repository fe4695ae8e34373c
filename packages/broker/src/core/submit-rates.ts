// How fast one session may ask: its jobs, dry runs and envelope requests go by one token bucket a session.
import { DewarError } from '@dewar/protocol';
import type { Clock } from './ports.ts';
import { TokenBucket, type Rate } from './token-bucket.ts';

/** Asked too fast. What throws it has done nothing, and the same may be sent again after so long. */
export class RateLimited extends DewarError {
  readonly retryAfterS: number;

  constructor(message: string, retryAfterS: number, allowed: string) {
    super({ code: 'rate_limited', message, allowed, fix: `wait ${retryAfterS} s, then send it again: nothing was recorded` });
    this.retryAfterS = retryAfterS;
  }
}

export class SubmitRates {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, { readonly bucket: TokenBucket; refused: number }>();

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Throws `RateLimited`. */
  take(session: string): void {
    const now = this.#clock.now();
    const own = this.#sessions.get(session) ?? { bucket: new TokenBucket(this.#rate, now), refused: 0 };
    this.#sessions.set(session, own);
    const wait = own.bucket.take(now);
    if (wait === 0) return;
    own.refused += 1;
    throw new RateLimited('this session submits too fast', Math.ceil(wait / 1000), `${this.#rate.per_minute} a minute, ${this.#rate.burst} at once: jobs, dry runs and envelope requests together`);
  }

  /** Since the start. */
  refused(session: string): number {
    return this.#sessions.get(session)?.refused ?? 0;
  }
}
