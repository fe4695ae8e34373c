// The public keys that receipts are believed by, pinned at the first `up`: a broker that shows others later is refused.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DewarError, parseJson, shown, type Home, type Json, type KeysView } from '@dewar/protocol';
import { writeWhole } from './durable-file.ts';

export interface Trust extends KeysView {
  readonly version: 1;
  /** RFC 3339. */
  readonly pinned: string;
}

export function trustPath(home: Home): string {
  return join(home.config, 'trust.json');
}

/** The pinned keys, or undefined when none were pinned yet. Throws `config_invalid` when the file cannot be read as such. */
export async function readTrust(home: Home): Promise<Trust | undefined> {
  const path = trustPath(home);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw damaged(path, cause);
  }
  try {
    return trustOf(parseJson(bytes));
  } catch (cause) {
    throw damaged(path, cause);
  }
}

function trustOf(value: Json): Trust {
  if (value === null || typeof value !== 'object' || !('receipt_pem' in value)) throw new TypeError('not an object with keys');
  const { version, pinned, receipt_pem, checkpoint_vkey } = value;
  if (version !== 1 || typeof pinned !== 'string' || typeof receipt_pem !== 'string' || typeof checkpoint_vkey !== 'string') throw new TypeError('not version 1');
  return { version, pinned, receipt_pem, checkpoint_vkey };
}

function damaged(path: string, cause: unknown): DewarError {
  return new DewarError({
    code: 'config_invalid', message: 'the pinned keys cannot be read', got: shown(path), allowed: 'the file that the first dewar up wrote',
    fix: 'restore it from a backup; or, if you are sure of this broker, remove it and run dewar up, which pins the keys anew',
  }, { cause });
}

export type Pinned = 'pinned now' | 'as pinned';

/** Pins the keys where none are pinned. Throws `key_unpinned` when others are. */
export async function pin(home: Home, keys: KeysView, now: Date): Promise<Pinned> {
  const wanted: Trust = { version: 1, pinned: now.toISOString(), receipt_pem: keys.receipt_pem, checkpoint_vkey: keys.checkpoint_vkey };
  const trust = await readTrust(home) ?? await pinFirst(home, wanted);
  if (trust === wanted) return 'pinned now';
  if (trust.receipt_pem === keys.receipt_pem && trust.checkpoint_vkey === keys.checkpoint_vkey) return 'as pinned';
  throw new DewarError({
    code: 'key_unpinned', message: 'the broker signs with other keys than those pinned at the first dewar up: its state was replaced or restored, or this is another broker',
    got: shown(keys.checkpoint_vkey), allowed: shown(trust.checkpoint_vkey),
    fix: `find out why before you go on; if you meant to start anew, move ${trustPath(home)} away (old receipts verify with it) and run dewar up`,
  });
}

/** What is pinned afterwards: another `up` may have been first, and then its pin counts. */
async function pinFirst(home: Home, wanted: Trust): Promise<Trust> {
  try {
    await writeWhole(trustPath(home), `${JSON.stringify(wanted, null, 2)}\n`, { exclusive: true });
    return wanted;
  } catch (error) {
    const first = error instanceof Error && 'code' in error && error.code === 'EEXIST' ? await readTrust(home) : undefined;
    if (first === undefined) throw error;
    return first;
  }
}
