// The job spec: what an agent submits, strictly checked once at the door.
import { z } from 'zod';
import { digestPattern, digestSchema, jsonDigest, type Digest, type Sha256 } from './digest.ts';
import { DewarError, pointer, shown } from './error.ts';
import type { Id } from './ids.ts';
import type { Json, JsonObject } from './json.ts';
import { parametersSchema, type Parameters } from './parameters.ts';

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
  /** Of the canonical results. */
  results_bytes: 16_777_216,
} as const;

/** Used when a spec leaves the field out. Not filled in before hashing: a spec's digest is of what was sent. */
export const specDefaults = { shots: 1024, time_limit_s: 60 } as const;

/** How urgent a job is among those that wait for one device. */
export type Lane = 'interactive' | 'batch';
export const lanes: readonly Lane[] = ['interactive', 'batch'];

/** Program formats, after QDMI's QDMI_PROGRAM_FORMAT_QASM2 and _QASM3. */
export type ProgramFormat = 'qasm2' | 'qasm3';

export interface JobSpec {
  readonly job_name: string;
  readonly code_blob: Digest;
  readonly backend: string;
  /** Of each point. */
  readonly shots?: number;
  /** Values of the program's inputs; lists make a sweep. */
  readonly parameters?: Parameters;
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
  /** Left out, the job is interactive. */
  readonly lane?: Lane;
  readonly dry_run?: boolean;
  /** An envelope that a person has approved: what it covers is not asked again. */
  readonly envelope?: Id<'env'>;
  /** What the agent says of itself: recorded, shown as unverified, never believed. */
  readonly agent?: Readonly<Record<string, string>>;
}

/** Text that may be shown: no control, format (bidirectional), surrogate, line-separator or invisible (default-ignorable) characters. */
const printable = (max: number) => z.string().min(1).max(max).regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]+$/u);

/** An absolute path taken literally (RFC 8089 with no or an empty host): no `.` or `..` step, and nothing that a URL reader would decode. */
const fileReference = /^file:(?:\/\/)?(?=\/)(?:\/(?!\.{1,2}(?:\/|$))[^/%?#\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]+)+$/u;
const dataReference = new RegExp(`${digestPattern.source}|${fileReference.source}`, 'u');

/** What each field is for, and what passes: the words of the published schema and of every refusal. */
export const jobSpecWords: Readonly<Record<keyof JobSpec, { readonly meaning: string; readonly allowed: string }>> = {
  job_name: { meaning: 'A name for people.', allowed: '1 to 128 printable characters' },
  code_blob: { meaning: 'The program: the digest of an artifact uploaded before.', allowed: 'sha256: and 64 lowercase hexadecimal digits' },
  backend: { meaning: 'Where to run: a backend or one of its aliases, as `dewar backends` lists them.', allowed: '1 to 64 of a-z, 0-9, - _ . beginning with a letter or digit' },
  shots: { meaning: `How often to run each point of the program; ${specDefaults.shots} if left out.`, allowed: `a whole number from 1 to ${limits.shots}` },
  parameters: { meaning: "Values of the program's inputs, bound before it runs. Lists give one value a point: a sweep, one job.", allowed: 'an object of 1 to 64 names, each with a number, true, false, or a list of 1 to 1000 of these; all lists of one length' },
  max_cost: { meaning: "The most this job may cost, in units of the backend's currency; rounded up to a millionth.", allowed: 'a number from 0 to 1000000000' },
  image: { meaning: 'The locked SDK environment; recorded as unverified until images exist.', allowed: 'an image reference such as quantum-runner:1.2.0, at most 255 characters' },
  packages: { meaning: 'Packages that the program needs; recorded.', allowed: 'a list of at most 64 texts such as qiskit==2.1.0' },
  data: { meaning: 'What the job reads, resolved once: artifacts, and files that the session was granted.', allowed: 'a list of at most 64 texts: sha256:<digest> of an uploaded artifact, or file:/absolute/path without . .. % ? # or \\' },
  time_limit_s: { meaning: `Seconds after which the run is stopped; ${specDefaults.time_limit_s} if left out.`, allowed: `a whole number from 1 to ${limits.time_limit_s}` },
  program: { meaning: "The program's format; left out, it is read from the OPENQASM line.", allowed: 'an object with one field: format, "qasm2" or "qasm3"' },
  tags: { meaning: 'Words to find the job by.', allowed: 'a list of at most 16 texts of 1 to 64 printable characters' },
  lane: { meaning: 'How urgent it is: interactive if left out; batch for what can wait while other sessions want the device.', allowed: '"interactive" or "batch"' },
  dry_run: { meaning: 'true asks for the decision and runs nothing.', allowed: 'true or false' },
  envelope: { meaning: 'An envelope that a person has approved: what it covers is not asked again.', allowed: 'env_ and 20 characters, as POST /v1/envelopes answered' },
  agent: { meaning: 'What the agent says of itself: recorded, shown as unverified, never believed.', allowed: 'an object of at most 16 fields, names of 1 to 32 of a-z, 0-9, _ beginning with a letter, values of 1 to 256 printable characters' },
};

function field<T extends z.ZodType>(name: keyof JobSpec, schema: T): T {
  return schema.meta({ description: `${jobSpecWords[name].meaning} Passes: ${jobSpecWords[name].allowed}.` });
}

export const envelopeIdSchema: z.ZodType<Id<'env'>> = z.templateLiteral(['env_', z.string().regex(/^[0-9a-hjkmnp-tv-z]{20}$/)], 'an envelope id');

/** The checks of each field, for other messages that have the same. */
export const jobSpecFields = {
  job_name: field('job_name', printable(128)),
  code_blob: field('code_blob', digestSchema),
  backend: field('backend', z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/)),
  shots: field('shots', z.int().min(1).max(limits.shots)).exactOptional(),
  parameters: field('parameters', parametersSchema).exactOptional(),
  max_cost: field('max_cost', z.number().nonnegative().max(1e9)).exactOptional(),
  image: field('image', z.string().regex(/^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$/)).exactOptional(),
  packages: field('packages', z.array(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}==[A-Za-z0-9][A-Za-z0-9.!+_-]{0,63}$/)).max(64)).exactOptional(),
  data: field('data', z.array(z.string().min(1).max(4096).regex(dataReference)).max(64)).exactOptional(),
  time_limit_s: field('time_limit_s', z.int().min(1).max(limits.time_limit_s)).exactOptional(),
  program: field('program', z.strictObject({ format: z.enum(['qasm2', 'qasm3']) })).exactOptional(),
  tags: field('tags', z.array(printable(64)).max(16)).exactOptional(),
  lane: field('lane', z.enum(['interactive', 'batch'])).exactOptional(),
  dry_run: field('dry_run', z.boolean()).exactOptional(),
  envelope: field('envelope', envelopeIdSchema).exactOptional(),
  agent: field('agent', z.record(z.string().regex(/^[a-z][a-z0-9_]{0,31}$/), printable(256)).refine((said) => Object.keys(said).length <= 16).meta({ maxProperties: 16 })).exactOptional(),
};

export const jobSpecSchema: z.ZodType<JobSpec> = z.strictObject(jobSpecFields);

/** Checks a parsed value. Throws `spec_unknown_field`, `data_refused` or `spec_invalid`, each with the path. Nothing is filled in or left out. */
export function parseSpec(value: Json): JobSpec {
  const parsed = jobSpecSchema.safeParse(value);
  if (!parsed.success) throw specError(parsed.error.issues, value);
  // zod's record skips this one key without a word, and a spec's digest is of everything that was sent.
  for (const name of ['agent', 'parameters']) if (at(value, [name, '__proto__']) !== undefined) throw invalidField([name, '__proto__'], value);
  return parsed.data;
}

/** A misspelt field is both unknown and missing: the unknown one is named, since it shows the mistake. */
function specError(issues: readonly z.core.$ZodIssue[], value: Json): DewarError {
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) return unknownField(unknown.path.map(String), unknown.keys[0] ?? '');
  return invalidField((issues[0]?.path ?? []).map(String), value);
}

function unknownField(path: readonly string[], key: string): DewarError {
  return new DewarError({
    code: 'spec_unknown_field', message: `the job spec has no field ${shown(key)}${path.length === 0 ? '' : ` in ${pointer(path)}`}`, path: pointer([...path, key]), got: shown(key),
    allowed: isField(path[0]) ? jobSpecWords[path[0]].allowed : Object.keys(jobSpecFields).join(', '), fix: `remove ${shown(key)}`,
  });
}

function invalidField(path: readonly string[], value: Json): DewarError {
  const got = at(value, path);
  const name = path[0];
  const rest = { path: pointer(path), got: shown(got) };
  if (!isField(name)) return new DewarError({ code: 'spec_invalid', message: 'a job spec is a JSON object', ...rest, allowed: 'a JSON object', fix: 'see docs/spec/job-spec.md' });
  const said = { allowed: jobSpecWords[name].allowed, fix: `send ${jobSpecWords[name].allowed} as ${name}, or leave it out if it may be (docs/spec/job-spec.md#${name})` };
  if (name === 'data' && typeof got === 'string') return new DewarError({ code: 'data_refused', message: 'a job reads artifacts and granted files only', ...rest, ...said });
  return new DewarError({ code: 'spec_invalid', message: got === undefined ? `the job spec needs ${pointer(path)}` : `the job spec's ${pointer(path)} does not pass`, ...rest, ...said });
}

function isField(name: string | undefined): name is keyof JobSpec {
  return name !== undefined && Object.hasOwn(jobSpecFields, name);
}

export function laneOf({ lane = 'interactive' }: Pick<JobSpec, 'lane'>): Lane {
  return lane;
}

/** The absolute path that a `file:` entry of `data` names, literally; undefined for a digest. */
export function filePath(reference: string): string | undefined {
  return fileReference.test(reference) ? reference.replace(/^file:(?:\/\/)?/, '') : undefined;
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

/** The same experiment on another backend or with other shots has the same one: code and parameters, as sent, alone. */
export function programDigest({ code_blob: code, parameters = {} }: Pick<JobSpec, 'code_blob' | 'parameters'>, sha256: Sha256): Digest {
  return jsonDigest({ code, parameters: parameters as unknown as Json, version: specVersion }, sha256);
}
