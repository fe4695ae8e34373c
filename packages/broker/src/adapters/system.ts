// The operating system's clock, randomness and hash as ports.
import { createHash, randomBytes } from 'node:crypto';
import type { Sha256 } from '@dewar/protocol';
import type { Clock, Random } from '../core/ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Milliseconds that a clock may step back unnoticed: set by a time service, not by a person. */
const step = 60_000;

/** Never goes back by less than a minute; what goes back by more is left to show, and to be refused (`clock_backwards`). */
export function steadyClock(clock: Clock): Clock & { readonly reach: (time: number) => void } {
  let last = 0;
  return {
    // What was recorded before this process began.
    reach: (time) => {
      last = Math.max(last, time);
    },
    now: () => {
      const now = clock.now();
      if (now > last) last = now;
      return last - now <= step ? last : now;
    },
    after: (ms, call) => clock.after(ms, call),
  };
}

export const systemRandom: Random = { bytes: (count) => new Uint8Array(randomBytes(count)) };

export const sha256: Sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest());
