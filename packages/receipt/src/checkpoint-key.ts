// Ed25519 keys that sign and open checkpoints (RFC 8032, c2sp.org/signed-note).
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { DewarError, shown } from '@dewar/protocol';
import { sha256 } from './hash.ts';
import { checkNoteBody, formatNote, formatVerifierKey, parseNote, parseVerifierKey } from './note.ts';

export interface CheckpointSigner {
  readonly name: string;
  /** What verifiers pin: `<name>+<key id>+<base64 key>`. */
  readonly vkey: string;
  /** 64 bytes of Ed25519 over the note body. */
  sign(body: Uint8Array): Uint8Array;
}

/** A new key as PKCS #8 PEM. Write it where only its owner reads. */
export function generateCheckpointKey(): { readonly privatePem: string } {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** @param name the log's origin. Throws `config_invalid` when the PEM is no Ed25519 private key. */
export function checkpointSignerFromPem(name: string, privatePem: string): CheckpointSigner {
  const key = ed25519(privatePem);
  const publicKey = rawPublicKey(createPublicKey(key));
  return { name, vkey: formatVerifierKey(name, publicKey, sha256), sign: (body) => new Uint8Array(sign(null, body, key)) };
}

/** The signed note over a body. Throws `journal_invalid` when the body is no note body. */
export function signNote(body: string, signer: CheckpointSigner): string {
  checkNoteBody(body);
  const { keyId } = parseVerifierKey(signer.vkey, sha256);
  return formatNote({ body, signatures: [{ name: signer.name, keyId, signature: signer.sign(new TextEncoder().encode(body)) }] });
}

/**
 * The body of a note that the key signed. Signatures by other keys (cosignatures) are passed over unread, as c2sp.org/signed-note asks.
 * Throws `journal_invalid`: malformed, two signatures by one key, none by this key, or one that does not verify.
 */
export function openNote(text: string, vkey: string): string {
  const verifier = parseVerifierKey(vkey, sha256);
  const { body, signatures } = parseNote(text);
  const own = signatures.find(({ name, keyId }) => name === verifier.name && Buffer.compare(keyId, verifier.keyId) === 0);
  if (!own) throw new DewarError({ code: 'journal_invalid', message: 'the note is not signed by the pinned key', got: shown(signatures.map(({ name }) => name)), allowed: vkey });
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(verifier.publicKey).toString('base64url') }, format: 'jwk' });
  if (own.signature.length !== 64 || !verify(null, new TextEncoder().encode(body), key, own.signature)) {
    throw new DewarError({ code: 'journal_invalid', message: 'the signature of the note does not verify', got: shown(own.name), allowed: vkey });
  }
  return body;
}

function ed25519(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The cause is dropped on purpose: it could show key material.
    throw notEd25519();
  }
  if (key.asymmetricKeyType !== 'ed25519') throw notEd25519();
  return key;
}

function notEd25519(): DewarError {
  return new DewarError({ code: 'config_invalid', message: 'the checkpoint key is not an Ed25519 private key', allowed: 'PKCS #8 PEM of an Ed25519 key' });
}

function rawPublicKey(key: KeyObject): Uint8Array {
  const { x } = key.export({ format: 'jwk' });
  if (x === undefined) throw notEd25519();
  return new Uint8Array(Buffer.from(x, 'base64url'));
}

