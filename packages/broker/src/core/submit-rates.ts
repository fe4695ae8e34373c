// How fast one session may ask: what makes the broker read a program goes by one token bucket a session, and a long program weighs more.
import { DewarError } from '@dewar/protocol';
import type { Clock } from './ports.ts';
import { TokenBucket, type Pace } from './token-bucket.ts';

/** Bytes of a program that weigh as much as a request: reading a mebibyte takes half a second of the broker's one thread. */
const weighty = 16_384;

/** Asked too fast. What throws it has done nothing, and the same may be sent again after so long. */
export class RateLimited extends DewarError {
  readonly retryAfterS: number;

  constructor(message: string, retryAfterS: number, allowed: string) {
    super({ code: 'rate_limited', message, allowed, fix: `wait ${retryAfterS} s, then send it again: nothing was recorded` });
    this.retryAfterS = retryAfterS;
  }
}

export class SubmitRates {
  readonly #pace: Pace;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, TokenBucket>();

  constructor(pace: Pace, clock: Clock) {
    this.#pace = pace;
    this.#clock = clock;
  }

  /** What a program adds to a request before it is read; a short one nothing. Throws `RateLimited`. */
  weigh(session: string, bytes: number): void {
    const tokens = Math.floor(bytes / weighty);
    if (tokens > 0) this.take(session, tokens);
  }

  /** Throws `RateLimited`. */
  take(session: string, tokens = 1): void {
    const now = this.#clock.now();
    const own = this.#sessions.get(session) ?? new TokenBucket(this.#pace, now);
    this.#sessions.set(session, own);
    const wait = own.take(now, tokens);
    if (wait === 0) return;
    throw new RateLimited('this session submits too fast', Math.ceil(wait / 1000), `${this.#pace.per_minute} a minute, ${this.#pace.burst} at once: jobs, dry runs, envelope requests, quotes and drawings together; each ${weighty} bytes of a program count as one more`);
  }
}
