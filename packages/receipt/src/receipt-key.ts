// ECDSA P-256 keys that sign receipts; the Signer port is where hardware keys will plug in.
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { DewarError } from '@dewar/protocol';
import { base64 } from './base64.ts';
import { sha256 } from './hash.ts';

/** Whatever holds the private key: a file, a TPM, a token. */
export interface Signer {
  /** SPKI PEM of the P-256 key that `sign` signs with. */
  readonly publicKeyPem: string;
  /** ECDSA with SHA-256 over these bytes, as DER (RFC 3279 §2.2.3). */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A new key, PKCS #8 and SPKI PEM. Write the private one where only its owner reads. */
export function generateReceiptKey(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privatePem: pem(privateKey, 'pkcs8'), publicPem: pem(publicKey, 'spki') };
}

/** Throws `config_invalid` when the PEM is no P-256 private key. */
export function signerFromPem(privatePem: string): Signer {
  const key = p256(() => createPrivateKey(privatePem));
  return { publicKeyPem: pem(createPublicKey(key), 'spki'), sign: async (bytes) => new Uint8Array(sign('sha256', bytes, key)) };
}

/** A public key that a verifier trusts. */
export interface PinnedKey {
  readonly pem: string;
  /** Base 64 of SHA-256 of the SPKI DER: what a Sigstore bundle gives as the public key's hint. */
  readonly hint: string;
  verify(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** Throws `config_invalid` when the PEM is no P-256 public key. */
export function pinnedKey(publicPem: string): PinnedKey {
  const key = p256(() => createPublicKey(publicPem));
  const hint = base64(sha256(new Uint8Array(key.export({ type: 'spki', format: 'der' }))));
  return { pem: pem(key, 'spki'), hint, verify: (bytes, signature) => verify('sha256', bytes, key, signature) };
}

function p256(read: () => KeyObject): KeyObject {
  const refused = () => new DewarError({ code: 'config_invalid', message: 'not a P-256 key', allowed: 'PEM of an ECDSA P-256 key (prime256v1)' });
  let key: KeyObject;
  try {
    key = read();
  } catch {
    // The cause is dropped on purpose: it could show key material.
    throw refused();
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw refused();
  return key;
}

function pem(key: KeyObject, type: 'pkcs8' | 'spki'): string {
  return key.export({ type, format: 'pem' }).toString();
}
