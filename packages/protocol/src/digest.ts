// Digests: `sha256:` and 64 lowercase hexadecimal digits, made by a hash function that the caller brings.
import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import type { Json } from './json.ts';

export type Digest = `sha256:${string}`;
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const digestPattern = /^sha256:[0-9a-f]{64}$/;
export const digestSchema: z.ZodType<Digest> = z.templateLiteral(['sha256:', z.string().regex(/^[0-9a-f]{64}$/)], 'sha256: and 64 lowercase hexadecimal digits');

export function isDigest(text: string): text is Digest {
  return digestPattern.test(text);
}

export function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

export function digestOf(bytes: Uint8Array, sha256: Sha256): Digest {
  return `sha256:${hex(sha256(bytes))}`;
}

/** SHA-256 of the RFC 8785 form of a value. */
export function jsonDigest(value: Json, sha256: Sha256): Digest {
  return digestOf(new TextEncoder().encode(canonicalJson(value)), sha256);
}
