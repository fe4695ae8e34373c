// A token bucket: so many at once, and so many a minute. Exact: it reckons in whole sixty-thousandths of a token, one a millisecond at one a minute.
export interface Pace {
  readonly per_minute: number;
  /** Most at once. */
  readonly burst: number;
}

const token = 60_000;

export class TokenBucket {
  readonly #pace: Pace;
  #level: number;
  #last: number;

  /** Full at first. */
  constructor(pace: Pace, now: number) {
    this.#pace = pace;
    this.#level = pace.burst * token;
    this.#last = now;
  }

  /** 0 when the tokens were taken; else the milliseconds until there are so many. Nothing comes while the clock goes back, and all goes on from where it went. */
  take(now: number, tokens = 1): number {
    // What weighs more than a full bucket takes a full one: else it could never pass.
    const wanted = Math.min(tokens, this.#pace.burst) * token;
    const passed = Math.max(0, Math.floor(now) - this.#last);
    this.#last = Math.floor(now);
    this.#level = Math.min(this.#pace.burst * token, this.#level + passed * this.#pace.per_minute);
    if (this.#level < wanted) return Math.ceil((wanted - this.#level) / this.#pace.per_minute);
    this.#level -= wanted;
    return 0;
  }
}
