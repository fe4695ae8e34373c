// The broker's own two keys, as 0600 files until the vault exists: receipts P-256, checkpoints Ed25519.
import { lstat, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DewarError, hex, type Sha256 } from '@dewar/protocol';
import { checkpointSignerFromPem, generateCheckpointKey, generateReceiptKey, signerFromPem, type CheckpointSigner, type Signer } from '@dewar/receipt';
import { writeDurably } from './durable.ts';

export interface Keys {
  readonly receipt: Signer;
  readonly checkpoint: CheckpointSigner;
}

/** Loads both keys, or makes those that a new home has not. A key that is there is never replaced: old receipts would no longer verify. Throws `home_invalid` when others can read one, or only one is there. */
export async function loadKeys(folder: string, uid: number, isNew: boolean, sha256: Sha256): Promise<Keys> {
  const receiptFile = join(folder, 'receipt-p256.pem');
  const checkpointFile = join(folder, 'checkpoint-ed25519.pem');
  if (isNew) {
    await makeKey(checkpointFile, generateCheckpointKey);
    await makeKey(receiptFile, generateReceiptKey);
  }
  const receipt = signerFromPem(await readPrivate(receiptFile, uid));
  const origin = `dewar.local/${hex(sha256(new TextEncoder().encode(receipt.publicKeyPem))).slice(0, 16)}`;
  return { receipt, checkpoint: checkpointSignerFromPem(origin, await readPrivate(checkpointFile, uid)) };
}

async function makeKey(path: string, generate: () => { readonly privatePem: string }): Promise<void> {
  const there = await lstat(path).then(() => true, () => false);
  if (!there) await writeDurably(path, new TextEncoder().encode(generate().privatePem));
}

async function readPrivate(path: string, uid: number): Promise<string> {
  const found = await stat(path).catch(() => null);
  if (!found) throw new DewarError({ code: 'home_invalid', message: 'a key of this home is missing', got: path, fix: 'restore it from the backup; a new key would not verify old receipts' });
  if (found.uid !== uid || (found.mode & 0o077) !== 0) throw new DewarError({ code: 'home_invalid', message: 'a private key can be read by others', got: path, fix: `chmod 600 ${path}; if others may have read it, start a new home` });
  return readFile(path, 'utf8');
}
