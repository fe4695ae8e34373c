// The job spec: what an agent submits, strictly checked once at the door.
import { z } from 'zod';
import { digestSchema, jsonDigest, type Digest, type Sha256 } from './digest.ts';
import { DewarError, pointer, shown } from './error.ts';
import type { Json, JsonObject } from './json.ts';
import { microsFrom } from './money.ts';

/** The format's version, hashed into every spec digest. */
export const specVersion = 1;

export const limits = {
  /** Most shots a spec may name; policy sets lower limits. */
  shots: 1_000_000_000,
  /** Seconds. */
  time_limit_s: 86_400,
  program_bytes: 1_048_576,
  artifact_bytes: 16_777_216,
  spec_bytes: 65_536,
} as const;

/** Used when a spec leaves the field out. Not filled in before hashing: a spec's digest is of what was sent. */
export const specDefaults = { shots: 1024, time_limit_s: 60 } as const;

/** Program formats, after QDMI's QDMI_PROGRAM_FORMAT_QASM2 and _QASM3. */
export type ProgramFormat = 'qasm2' | 'qasm3';

export interface JobSpec {
  readonly job_name: string;
  readonly code_blob: Digest;
  readonly backend: string;
  readonly shots?: number;
  /** Units of the backend's currency; rounded up to a millionth. */
  readonly max_cost?: number;
  /** Image reference; recorded as unverified until images exist. */
  readonly image?: string;
  readonly packages?: readonly string[];
  /** `sha256:` artifacts and `file:` paths granted to the session. */
  readonly data?: readonly string[];
  readonly time_limit_s?: number;
  /** The program's format; left out, it is read from the `OPENQASM` line. */
  readonly program?: { readonly format: ProgramFormat };
  readonly tags?: readonly string[];
  readonly dry_run?: boolean;
  /** What the agent says of itself: recorded, shown as unverified, never believed. */
  readonly agent?: Readonly<Record<string, string>>;
}

/** Text that may be shown: no control, bidirectional or line-separator characters, no lone surrogates. */
const printable = (max: number) =>
  z.string().min(1).max(max).regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u, 'printable characters only');

export const jobSpecSchema: z.ZodType<JobSpec> = z.strictObject({
  job_name: printable(128),
  code_blob: digestSchema,
  backend: z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'a backend name: lowercase letters, digits, - _ .'),
  shots: z.int().min(1).max(limits.shots).exactOptional(),
  max_cost: z.number().nonnegative().max(1e9).exactOptional(),
  image: z.string().regex(/^[a-z0-9][a-z0-9._/:@-]{0,254}$/, 'an image reference such as quantum-runner:1.2.0').exactOptional(),
  packages: z.array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}==[A-Za-z0-9][A-Za-z0-9.!+_-]{0,63}$/, 'name==version')).max(64).exactOptional(),
  data: z.array(z.string().min(1).max(4096).regex(/^(sha256:[0-9a-f]{64}|file:\/[^\p{Cc}]+)$/u, 'sha256:<digest> or file:/path')).max(64).exactOptional(),
  time_limit_s: z.int().min(1).max(limits.time_limit_s).exactOptional(),
  program: z.strictObject({ format: z.enum(['qasm2', 'qasm3']) }).exactOptional(),
  tags: z.array(printable(64)).max(16).exactOptional(),
  dry_run: z.boolean().exactOptional(),
  agent: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,31}$/), printable(256)).refine((fields) => Object.keys(fields).length <= 16, '16 fields at most').exactOptional(),
});

/** Checks a parsed value. Throws `spec_unknown_field`, `spec_invalid` or `money_invalid`, each with the path. */
export function parseSpec(value: Json): JobSpec {
  const parsed = jobSpecSchema.safeParse(value);
  if (!parsed.success) throw specError(parsed.error.issues[0], value);
  if (parsed.data.max_cost !== undefined) microsFrom(String(parsed.data.max_cost));
  return parsed.data;
}

function specError(issue: z.core.$ZodIssue | undefined, value: Json): DewarError {
  const path = (issue?.path ?? []).map(String);
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    return new DewarError({
      code: 'spec_unknown_field', message: `the job spec has no field ${shown(key)}`, path: pointer([...path, key]), got: shown(key),
      allowed: path.length === 0 ? Object.keys((jobSpecSchema as unknown as { shape: object }).shape).join(', ') : 'the fields in docs/spec/job-spec.schema.json',
      fix: `remove ${shown(key)}`,
    });
  }
  const got = at(value, path);
  const missing = got === undefined;
  return new DewarError({
    code: 'spec_invalid', message: missing ? `the job spec needs ${path.join('.') || 'an object'}` : `the job spec's ${path.join('.') || 'value'} is not valid`,
    path: pointer(path), got: shown(got), allowed: issue?.message ?? 'a valid value', fix: `see docs/spec/job-spec.md${path[0] === undefined ? '' : `#${path[0]}`}`,
  });
}

function at(value: Json, path: readonly string[]): Json | undefined {
  let current: Json | undefined = value;
  for (const key of path) {
    if (current === null || typeof current !== 'object') return undefined;
    current = Object.hasOwn(current, key) ? (current as JsonObject)[key] : undefined;
  }
  return current;
}

/** SHA-256 of the RFC 8785 form of the spec as sent, with the format's version beside it. */
export function specDigest(spec: JobSpec, sha256: Sha256): Digest {
  return jsonDigest({ spec: spec as unknown as Json, version: specVersion }, sha256);
}

/** The same experiment on another backend or with other shots has the same one: code and parameters alone. */
export function programDigest(code: Digest, sha256: Sha256): Digest {
  return jsonDigest({ code, parameters: {}, version: specVersion }, sha256);
}
