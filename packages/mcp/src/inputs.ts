// The arguments that several tools share: small, flat, and each saying what passes.
import type { SessionClient } from '@dewar/client';
import { DewarError, digestSchema, jobSpecWords, lanes, limits, mostPoints, parameterName, specDefaults, type Digest, type Lane } from '@dewar/protocol';
import { z } from 'zod';

/** Patterns with \p are checked here and not published: many readers of JSON Schema cannot take them. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{DI}]/u;
const printable = (max: number) => z.string().min(1).max(max).refine((text) => !unprintable.test(text), 'printable characters only');

export const jobIdInput = z.string().regex(/^job_[0-9abcdefghjkmnpqrstvwxyz]{20}$/).meta({ description: 'A job id as submit_job gave it: job_ and 20 characters.' });

export const envelopeIdPattern = /^env_[0-9abcdefghjkmnpqrstvwxyz]{20}$/;

/** The program as text, or the digest of one that was sent before. */
export const programInputs = {
  program: z.string().min(1).max(limits.program_bytes).meta({ description: `The OpenQASM 2 or 3 program as text, at most ${limits.program_bytes} bytes. Give program or code_blob, not both.` }).exactOptional(),
  code_blob: digestSchema.meta({ description: 'Instead of program: the digest of an artifact sent with put_artifact, sha256: and 64 hexadecimal digits.' }).exactOptional(),
};

export const scalar = z.union([z.number(), z.boolean()]);

function named<T extends z.ZodType>(value: T, description: string) {
  return z.record(z.string(), value).refine((given) => Object.keys(given).length <= 64 && Object.keys(given).every((name) => parameterName.test(name)), 'at most 64 names, each an identifier').meta({ description });
}

export const parametersInput = named(scalar, "Values of the program's `input` declarations, name to number or boolean, for example {\"theta\": 0.5}.");
/** For a dry run of either kind of job. */
export const parametersOrSweep = named(z.union([scalar, z.array(scalar).min(1).max(mostPoints)]), "As in submit_job or submit_sweep.");
export const sweepInput = named(z.union([scalar, z.array(scalar).min(1).max(mostPoints)]), `Values of the program's "input" declarations: name to a list (one value a point, all lists of one length, at most ${mostPoints}) or to one value for all points. At least one list.`);
export const rangesInput = named(z.union([scalar, z.strictObject({ min: z.number(), max: z.number() })]), "What the jobs may bind the program's `input` declarations to: name to {\"min\": a, \"max\": b}, or to one fixed value.");

export const backendInput = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/).default('simulator').meta({ description: 'Where to run: a name or alias from list_backends. simulator if left out.' });
export const timeLimitInput = z.int().min(1).max(limits.time_limit_s).meta({ description: `Seconds after which the run is stopped, 1 to ${limits.time_limit_s}; ${specDefaults.time_limit_s} if left out.` });
export const tagsInput = z.array(printable(64)).max(16).meta({ description: 'At most 16 words to find the job by, each of 1 to 64 printable characters.' });
export const nameInput = printable(128).meta({ description: 'A name for people, 1 to 128 printable characters.' });

export const specInputs = {
  ...programInputs,
  backend: backendInput,
  shots: z.int().min(1).max(limits.shots).meta({ description: `How often to run the program, 1 to ${limits.shots}; ${specDefaults.shots} if left out. In a sweep, at each point.` }).exactOptional(),
  max_cost: z.number().min(0).max(1e9).meta({ description: "The most this job may cost, from 0, in units of the backend's currency." }).exactOptional(),
  name: nameInput.exactOptional(),
  time_limit_s: timeLimitInput.exactOptional(),
  tags: tagsInput.exactOptional(),
  lane: z.enum(lanes).meta({ description: jobSpecWords.lane.meaning }).exactOptional(),
  envelope: z.string().regex(envelopeIdPattern).meta({ description: 'Run under an envelope that a person approved: its id, from request_envelope.' }).exactOptional(),
};

export interface SpecGiven {
  readonly program?: string;
  readonly code_blob?: Digest;
  readonly backend: string;
  readonly shots?: number;
  readonly max_cost?: number;
  readonly name?: string;
  readonly time_limit_s?: number;
  readonly tags?: readonly string[];
  readonly lane?: Lane;
  readonly envelope?: string;
  readonly parameters?: object;
}

/** The job spec's bytes; the program is sent first where it came as text. */
export async function specBytes(client: SessionClient, given: SpecGiven, agent: Readonly<Record<string, string>>, signal: AbortSignal, dryRun = false): Promise<Uint8Array> {
  const { program: _program, code_blob: _code, name, parameters = {}, ...rest } = given;
  const code = await codeOf(client, given, signal);
  // A model that has no parameters may well send {}.
  const spec = { job_name: name ?? 'unnamed', code_blob: code, ...rest, ...(Object.keys(parameters).length > 0 && { parameters }), agent, ...(dryRun && { dry_run: true }) };
  return new TextEncoder().encode(JSON.stringify(spec));
}

/** The digest of the program that was given either way. Throws `request_invalid`. */
export async function codeOf(client: SessionClient, { program, code_blob }: Pick<SpecGiven, 'program' | 'code_blob'>, signal: AbortSignal): Promise<Digest> {
  if ((program === undefined) === (code_blob === undefined)) {
    throw new DewarError({
      code: 'request_invalid', message: 'a program is given either as text or by its digest', path: '/program', got: program === undefined ? 'neither program nor code_blob' : 'both program and code_blob',
      allowed: 'program or code_blob', fix: program === undefined ? 'give the OpenQASM text as program' : 'leave code_blob out',
    });
  }
  return code_blob ?? (await client.putArtifact(new TextEncoder().encode(program), { signal })).digest;
}
