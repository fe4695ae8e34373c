// C2SP signed notes (c2sp.org/signed-note) and log checkpoints (c2sp.org/tlog-checkpoint) as text: parsed strictly, written one way.
import { DewarError, hex, shown, type Sha256 } from '@dewar/protocol';
import { base64, fromBase64 } from './base64.ts';

/** c2sp.org/signed-note, signature types: 0x01 is Ed25519, the only one that Dewar writes or reads. */
const ed25519Type = 1;
/** Most signature lines read; the specification asks for at least 16. */
const mostSignatures = 100;
const mostNoteLength = 65_536;

/** A verifier key: `<name>+<key id, 8 hex digits>+<base64 of 0x01 || 32-byte Ed25519 public key>`. */
export interface VerifierKey {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface ParsedNote {
  /** What is signed, its final newline included. */
  readonly body: string;
  /** At least one; names and key ids are claims until a signature is verified. */
  readonly signatures: readonly NoteSignature[];
}

/** Key names: non-empty, no Unicode space, no plus (c2sp.org/signed-note, Format). */
export function isKeyName(name: string): boolean {
  return name.isWellFormed() && /^[^\p{White_Space}\p{Cc}+]+$/u.test(name);
}

/** SHA-256(name || 0x0A || 0x01 || public key), first 4 bytes. */
export function keyIdOf(name: string, publicKey: Uint8Array, sha256: Sha256): Uint8Array {
  const label = new TextEncoder().encode(`${name}\n`);
  const bytes = new Uint8Array(label.length + 1 + publicKey.length);
  bytes.set(label);
  bytes[label.length] = ed25519Type;
  bytes.set(publicKey, label.length + 1);
  return sha256(bytes).slice(0, 4);
}

/** Throws `journal_invalid` on a name or a key of the wrong form. */
export function formatVerifierKey(name: string, publicKey: Uint8Array, sha256: Sha256): string {
  if (!isKeyName(name)) throw invalid('not a key name', name, 'no spaces, no plus');
  if (publicKey.length !== 32) throw invalid('an Ed25519 public key has 32 bytes', publicKey.length);
  return `${name}+${hex(keyIdOf(name, publicKey, sha256))}+${base64(Uint8Array.of(ed25519Type, ...publicKey))}`;
}

/** Throws `journal_invalid` unless the text is exactly what `formatVerifierKey` writes for its key. */
export function parseVerifierKey(vkey: string, sha256: Sha256): VerifierKey {
  const allowed = '<name>+<key id>+<base64 of an Ed25519 key>';
  const match = /^([^+]+)\+[0-9a-f]{8}\+(\S+)$/u.exec(vkey);
  const name = match?.[1] ?? '';
  const publicKey = fromBase64(match?.[2] ?? '')?.slice(1) ?? new Uint8Array(0);
  // Writing it again checks key id, signature type and encoding at once.
  if (formatVerifierKey(name, publicKey, sha256) !== vkey) throw invalid('not a verifier key, or its key id is another key\'s', vkey, allowed);
  return { name, keyId: keyIdOf(name, publicKey, sha256), publicKey };
}

/** A body that may be signed: ends in a newline, no other control characters, well-formed. Throws `journal_invalid`. */
export function checkNoteBody(body: string): void {
  if (!body.endsWith('\n') || !isNoteText(body)) throw invalid('not a note body', body, 'lines without control characters, each ended by a newline');
}

/** Body, blank line, signature lines. The body must pass `checkNoteBody`. */
export function formatNote({ body, signatures }: ParsedNote): string {
  const lines = signatures.map(({ name, keyId, signature }) => `\u2014 ${name} ${base64(Uint8Array.of(...keyId, ...signature))}\n`);
  return `${body}\n${lines.join('')}`;
}

/** Splits a note at its last blank line. Throws `journal_invalid` unless `formatNote` would write this very text, and on a signer named twice. */
export function parseNote(text: string): ParsedNote {
  const end = text.lastIndexOf('\n\n');
  if (text.length > mostNoteLength || !isNoteText(text) || !text.endsWith('\n') || end < 0) throw malformed(text);
  const body = text.slice(0, end + 1);
  const lines = text.slice(end + 2, -1).split('\n');
  if (lines.length > mostSignatures) throw malformed(`${lines.length} signatures`);
  const signatures = lines.map(parseSignature);
  const signers = new Set(signatures.map(({ name, keyId }) => `${name}+${hex(keyId)}`));
  if (signers.size !== signatures.length) throw invalid('a note has one signature for each key', text, 'no signer twice');
  return { body, signatures };
}

function parseSignature(line: string): NoteSignature {
  const match = /^\u2014 (\S+) (\S+)$/u.exec(line);
  const name = match?.[1] ?? '';
  const bytes = fromBase64(match?.[2] ?? '');
  if (!isKeyName(name) || !bytes || bytes.length < 5) throw malformed(line);
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** A tree head: which log, how many leaves, which root (32 bytes). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The note body of a checkpoint. Throws `journal_invalid` on an origin, size or root of the wrong form. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  if (!isKeyName(origin)) throw invalid('not a log origin', origin, 'no spaces, no plus');
  if (!Number.isSafeInteger(size) || size < 0) throw invalid('not a tree size', size, '0 to 2^53 - 1');
  if (root.length !== 32) throw invalid('a root has 32 bytes', root.length);
  return `${origin}\n${size}\n${base64(root)}\n`;
}

/** Reads a note body as a checkpoint. Throws `journal_invalid` unless it is exactly what `formatCheckpoint` writes; extension lines are refused, Dewar has none. */
export function parseCheckpoint(body: string): Checkpoint {
  const [origin = '', digits = '', encoded = ''] = body.split('\n');
  const root = fromBase64(encoded);
  const size = /^(0|[1-9][0-9]{0,15})$/.test(digits) ? Number(digits) : -1;
  const checkpoint = { origin, size, root: root ?? new Uint8Array(0) };
  if (formatCheckpoint(checkpoint) !== body) throw invalid('not a checkpoint', body, 'origin, size and base64 root, a line each');
  return checkpoint;
}

function isNoteText(text: string): boolean {
  // c2sp.org/signed-note: no ASCII control character below U+0020 but the newline.
  return text.isWellFormed() && /^[\n\u0020-\u{10ffff}]*$/u.test(text);
}

function malformed(got: string): DewarError {
  return invalid('malformed signed note', got, 'a C2SP signed note (c2sp.org/signed-note)');
}

function invalid(message: string, got: unknown, allowed?: string): DewarError {
  return new DewarError({ code: 'journal_invalid', message, got: shown(got), ...(allowed !== undefined && { allowed }) });
}
