// Grants: the single-job right to run, and the one check by which a run trades its token for its program.
import { DewarError, hex, makeId, pointCount, type Sha256 } from '@dewar/protocol';
import type { Grant, Queued, Running, Sending } from './job.ts';
import type { Random } from './ports.ts';

/** Beyond the job's own time limit: queueing at the device, starting, stopping. Milliseconds. */
const slack = 600_000;

export interface Minted {
  readonly grant: Grant;
  /** The bearer itself: never stored, never logged. */
  readonly token: string;
}

export function mint(job: Queued | Sending | Running, now: number, random: Random, sha256: Sha256): Minted {
  const token = `dewar_grant_${hex(random.bytes(32))}`;
  return {
    token,
    grant: {
      id: makeId('grant', now, random.bytes(7)), token_sha256: tokenHash(token, sha256), device: job.resolved.device.name, provider_jobs: 1,
      // From the spec: the resolved job of a release without sweeps says nothing of points.
      shots: job.resolved.shots * pointCount(job.spec.parameters), amount: job.reserved, issued: new Date(now).toISOString(),
      expires: new Date(now + job.resolved.time_limit_s * 1000 + slack).toISOString(),
    },
  };
}

export function tokenHash(token: string, sha256: Sha256): string {
  return hex(sha256(new TextEncoder().encode(token)));
}

/** Tokens that are out: each is good for one program, once. */
export class GrantDesk {
  readonly #live = new Map<string, Minted>();

  issue(minted: Minted): void {
    this.#live.set(minted.grant.token_sha256, minted);
  }

  /** The unspent token of a grant, or null: it was spent, or issued by an earlier process. */
  tokenOf(grant: Grant): string | null {
    return this.#live.get(grant.token_sha256)?.token ?? null;
  }

  revoke(grant: Grant): void {
    this.#live.delete(grant.token_sha256);
  }

  /** Spends a token. Throws `grant_invalid` for any but a live, unspent, unexpired token of this very grant. */
  redeem(token: string, grant: Grant, now: number, sha256: Sha256): void {
    const live = this.#live.get(tokenHash(token, sha256));
    this.#live.delete(grant.token_sha256);
    if (live?.grant.id !== grant.id) throw invalid('is not this job\'s, was spent, or was taken back');
    if (now >= Date.parse(grant.expires)) throw invalid(`expired at ${grant.expires}`);
  }
}

function invalid(why: string): DewarError {
  return new DewarError({ code: 'grant_invalid', message: `the grant ${why}`, fix: 'submit the job again' });
}
