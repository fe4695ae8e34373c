// A policy as one document: its rules, its data, what it declares, and the digest of its compiled bytes. Its own digest is the policy's name.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, digestOf, digestSchema, DewarError, jsonDigest, parseJson, shown, type Digest, type Json, type Sha256 } from '@dewar/protocol';
import type { Declared } from './decide.ts';

/** The OPA that compiles, checks and tests; another one writes other bytes. */
export const opaVersion = '1.22.2';

/** Most of each: rules in files and characters, data in bytes and values. A bundle is read whole and its data is copied into each engine. */
export const policyLimits = { files: 64, fileBytes: 262_144, dataBytes: 1_048_576, dataValues: 100_000, bundleBytes: 8_388_608, wasmBytes: 16_777_216 } as const;

export const moduleName = /^[a-z0-9][a-z0-9_-]{0,63}\.rego$/;

export interface PolicyBundle {
  readonly version: 1;
  readonly opa: typeof opaVersion;
  /** The Rego files by name, without the tests. */
  readonly modules: Readonly<Record<string, string>>;
  /** What the rules see as `data`. */
  readonly data: { readonly [key: string]: Json };
  readonly declares: Declared;
  /** Digest of the WebAssembly that the modules compile to. */
  readonly wasm: Digest;
}

export const sha256: Sha256 = (bytes) => createHash('sha256').update(bytes).digest();

const schema: z.ZodType<PolicyBundle> = z.strictObject({
  version: z.literal(1), opa: z.literal(opaVersion),
  modules: z.record(z.string().regex(moduleName), z.string()),
  data: z.record(z.string(), z.custom<Json>(() => true)),
  declares: z.strictObject({ allow: z.boolean(), ask: z.boolean(), reasons: z.boolean() }),
  wasm: digestSchema,
});

/** The bytes that are kept and whose digest names the policy: RFC 8785, with no line end. */
export function bundleBytes(bundle: PolicyBundle): Uint8Array {
  return new TextEncoder().encode(canonicalJson(bundle as unknown as Json));
}

export function bundleDigest(bundle: PolicyBundle): Digest {
  return jsonDigest(bundle as unknown as Json, sha256);
}

/** Throws `policy_invalid` for anything that is not the canonical form of a bundle. */
export function parseBundle(bytes: Uint8Array): PolicyBundle {
  let json: Json;
  try {
    json = parseJson(bytes, { bytes: policyLimits.bundleBytes, depth: 40, values: policyLimits.dataValues + 1000 });
  } catch (cause) {
    throw invalidBundle(cause instanceof DewarError ? cause.message : 'bytes that are no JSON', cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw invalidBundle(`a bundle that is not valid at ${parsed.error.issues[0]?.path.map(String).join('.') || 'the top'}`);
  if (digestOf(bytes, sha256) !== bundleDigest(parsed.data)) throw invalidBundle('a bundle that is not in its canonical form');
  return parsed.data;
}

export function invalidBundle(got: string, cause?: unknown): DewarError {
  return new DewarError(
    { code: 'policy_invalid', message: 'the policy cannot be loaded', got: shown(got), allowed: 'a bundle and the WebAssembly that it names, as Dewar compiled them', fix: 'compile the policy again from its Rego files' },
    { cause },
  );
}
