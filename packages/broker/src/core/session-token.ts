// Session tokens: what stands for a session where no socket can, made for a person, kept as a hash, taken back all at once.
import { DewarError, hex, jsonDigest, type Sha256 } from '@dewar/protocol';
import { tokenHash } from './grant.ts';
import type { Clock, Random, Store, Transaction } from './ports.ts';

export interface TokenParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly sha256: Sha256;
}

export interface IssuedToken {
  /** The bearer itself: answered once, never stored, never logged. */
  readonly token: string;
  readonly session: string;
  readonly created: string;
}

/** The beginning of its hash: names a token in the journal, and opens nothing. */
export function tokenName(hash: string): string {
  return hash.slice(0, 16);
}

/** Throws `not_found` when there is no such session. */
export async function issueToken({ store, clock, random, sha256 }: TokenParts, session: string): Promise<IssuedToken> {
  const token = `dewar_session_${hex(random.bytes(32))}`;
  const hash = tokenHash(token, sha256);
  const created = new Date(clock.now()).toISOString();
  await store.commit(async (tx) => {
    await needSession(tx, session);
    const row = { sha256: hash, session, created };
    await tx.addToken(row);
    await tx.append({ type: 'session.token_issued', body: { summary: `session ${session}: token issued`, session, token: tokenName(hash), row: jsonDigest(row, sha256) } });
  });
  return { token, session, created };
}

/** All of a session's. Answers how many there were. Throws `not_found`. */
export async function revokeTokens({ store }: TokenParts, session: string): Promise<number> {
  return store.commit(async (tx) => {
    await needSession(tx, session);
    const revoked = await tx.revokeTokens(session);
    await tx.append({ type: 'session.tokens_revoked', body: { summary: `session ${session}: ${revoked} ${revoked === 1 ? 'token' : 'tokens'} revoked`, session, revoked } });
    return revoked;
  });
}

/** Whose token it is; null for anything else. Looked up by its hash, so that no comparison tells how much of a guess was right. */
export async function sessionOfToken({ store, sha256 }: TokenParts, token: string): Promise<string | null> {
  return /^dewar_session_[0-9a-f]{64}$/.test(token) ? store.view.sessionOfToken(tokenHash(token, sha256)) : null;
}

async function needSession(tx: Transaction, name: string): Promise<void> {
  if ((await tx.sessions()).some((session) => session.name === name)) return;
  throw new DewarError({ code: 'not_found', message: 'there is no session of that name', fix: 'choose one that `dewar session list` shows, or make it: dewar session create NAME' });
}
