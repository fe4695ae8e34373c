// A journal leaf: a public header, and a salted commitment to a private body that can be shown or erased later without touching the tree.
import { z } from 'zod';
import { canonicalJson, DewarError, digestOf, digestSchema, isId, parseJson, shown, type Digest, type Id, type Json, type JobId, type Sha256 } from '@dewar/protocol';
import { timeSchema } from './time.ts';

/** Bytes of the random salt that keeps a guessable body from being found by trying. */
export const saltLength = 32;

/** What a leaf says in the open. */
export interface EventHeader {
  readonly id: Id<'evt'>;
  /** Dotted lowercase words, such as `job.decided`. */
  readonly type: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  /** Null for an event of the broker itself. */
  readonly job_id: JobId | null;
}

export interface Leaf extends EventHeader {
  readonly version: 1;
  /** SHA-256(salt || RFC 8785(body)). */
  readonly body: Digest;
}

const eventTypePattern = /^[a-z][a-z0-9_]{0,31}(?:\.[a-z][a-z0-9_]{0,31}){0,3}$/;

export const leafSchema: z.ZodType<Leaf> = z.strictObject({
  version: z.literal(1),
  id: z.custom<Id<'evt'>>((value) => typeof value === 'string' && isId('evt', value), 'an event id'),
  type: z.string().regex(eventTypePattern, 'dotted lowercase words'),
  time: timeSchema,
  job_id: z.custom<JobId>((value) => typeof value === 'string' && isId('job', value), 'a job id').nullable(),
  body: digestSchema,
});

/** The commitment to a body. Throws `journal_invalid` when the salt has not 32 bytes. */
export function commitBody(body: Json, salt: Uint8Array, sha256: Sha256): Digest {
  if (salt.length !== saltLength) throw invalid('a salt has 32 bytes', salt.length);
  const text = new TextEncoder().encode(canonicalJson(body));
  const bytes = new Uint8Array(salt.length + text.length);
  bytes.set(salt);
  bytes.set(text, salt.length);
  return digestOf(bytes, sha256);
}

/** The leaf's bytes: RFC 8785 of the header and the commitment. Throws `journal_invalid` on a header or salt of the wrong form. */
export function leafBytes({ id, type, time, job_id }: EventHeader, body: Json, salt: Uint8Array, sha256: Sha256): Uint8Array {
  const leaf = leafSchema.safeParse({ version: 1, id, type, time, job_id, body: commitBody(body, salt, sha256) });
  if (!leaf.success) throw invalid(`not an event header: ${leaf.error.issues[0]?.message ?? ''}`, { id, type, time, job_id });
  return new TextEncoder().encode(canonicalJson({ ...leaf.data }));
}

/** Reads a leaf. Throws `journal_invalid` unless the bytes are exactly what `leafBytes` writes. */
export function parseLeaf(bytes: Uint8Array): Leaf {
  const value = parsed(bytes);
  const leaf = leafSchema.safeParse(value);
  if (!leaf.success) throw invalid('not a journal leaf', value);
  // Strict JSON leaves white space, member order and escapes free; the canonical form does not.
  if (new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) !== canonicalJson(value)) throw invalid('a journal leaf is RFC 8785 text', value);
  return leaf.data;
}

/** True when this is the body that the leaf commits to. */
export function checkBody(leaf: Leaf, body: Json, salt: Uint8Array, sha256: Sha256): boolean {
  return salt.length === saltLength && commitBody(body, salt, sha256) === leaf.body;
}

function parsed(bytes: Uint8Array): Json {
  try {
    return parseJson(bytes, { bytes: 4096, depth: 2 });
  } catch (cause) {
    throw new DewarError({ code: 'journal_invalid', message: 'a journal leaf is strict JSON' }, { cause });
  }
}

function invalid(message: string, got: unknown): DewarError {
  return new DewarError({ code: 'journal_invalid', message, got: shown(got) });
}
