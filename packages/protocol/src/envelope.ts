// Envelopes: a bounded family of jobs that one yes covers, and the one check whether a job is inside.
import { z } from 'zod';
import { digestSchema, jsonDigest, type Digest, type Sha256 } from './digest.ts';
import { DewarError, pointer, shown } from './error.ts';
import type { Id } from './ids.ts';
import type { Json } from './json.ts';
import { moneySchema, type Money } from './money.ts';
import { parameterName, parameterValueSchema, valuesOf, type ParameterValue, type Parameters } from './parameters.ts';
import { jobSpecFields, jobSpecWords, limits, type JobSpec } from './spec.ts';

export type EnvelopeId = Id<'env'>;

/** What an input may be set to under an envelope: one value, or any from `min` to `max`. */
export type Range = ParameterValue | { readonly min: number; readonly max: number };
export type Ranges = Readonly<Record<string, Range>>;

/** What an agent asks for: POST /v1/envelopes. */
export interface EnvelopeRequest {
  readonly name: string;
  readonly code_blob: Digest;
  readonly backend: string;
  readonly parameters?: Ranges;
  /** Most shots one job may take, all its points together. */
  readonly shots: number;
  readonly max_jobs: number;
  /** Of all jobs together; `shots` times `max_jobs` if left out. */
  readonly max_shots?: number;
  /** Of all jobs together, in units of the backend's currency; required where the backend has a price. */
  readonly max_cost?: number;
  readonly expires_in_s: number;
  readonly image?: string;
  readonly packages?: readonly string[];
  readonly data?: readonly string[];
  readonly time_limit_s?: number;
  readonly tags?: readonly string[];
  readonly agent?: Readonly<Record<string, string>>;
}

/** The canonical document that a person's yes binds; its digest is SHA-256 of its RFC 8785 form. */
export interface EnvelopeTerms {
  readonly version: 1;
  readonly code: { readonly digest: Digest; readonly size: number };
  readonly parameters: Ranges;
  readonly data: readonly { readonly digest: Digest; readonly size: number }[];
  readonly image: string | null;
  readonly packages: readonly string[];
  readonly backend: string;
  readonly device: { readonly name: string; readonly kind: 'simulator' | 'qpu'; readonly practice: boolean };
  readonly account: string | null;
  readonly shots: number;
  readonly time_limit_s: number;
  readonly max_jobs: number;
  readonly max_shots: number;
  /** Of all jobs together; null where runs are free. */
  readonly max_amount: Money | null;
  /** The dearest single job that is inside, by the price list of `prices_dated`. */
  readonly job_amount: Money | null;
  readonly prices_dated: string | null;
  /** RFC 3339, UTC: nothing is granted under it from then on. */
  readonly until: string;
  readonly policy: Digest;
  readonly analyser: string;
}

/** What has been taken out of an envelope: every job that entered under it, also one that did not run; money only where it is reserved or was charged. */
export interface EnvelopeUse {
  readonly jobs: number;
  readonly shots: number;
  readonly amount: Money | null;
}

/** What the check needs of a job: its spec, its resolved job, and the date of its price list, null for a free run. */
export interface Enveloped {
  readonly spec: Pick<JobSpec, 'parameters' | 'image' | 'packages'>;
  readonly resolved: {
    readonly code: { readonly digest: Digest };
    readonly data: readonly { readonly digest: Digest }[];
    readonly backend: string;
    readonly device: EnvelopeTerms['device'];
    readonly account: string | null;
    readonly points: number;
    /** Of each point. */
    readonly shots: number;
    readonly time_limit_s: number;
    readonly policy: Digest;
    readonly analyser: string;
    readonly amount: Money | null;
  };
  readonly prices_dated: string | null;
}

const rangeSchema: z.ZodType<Range> = z.union([parameterValueSchema, z.strictObject({ min: z.number(), max: z.number() }).refine(({ min, max }) => min <= max)]);
const rangesSchema: z.ZodType<Ranges> = z.record(z.string().regex(parameterName), rangeSchema).refine((given) => Object.keys(given).length <= 64).meta({ maxProperties: 64 });

/** Most jobs that one envelope may cover. */
export const mostEnvelopeJobs = 1000;
/** Longest that an envelope may last, seconds: a week. */
export const longestEnvelope = 604_800;

/** What passes, in words: for the published schema and for every refusal. */
const requestWords: Readonly<Record<keyof EnvelopeRequest, string>> = {
  name: '1 to 128 printable characters: a name for people', code_blob: jobSpecWords.code_blob.allowed, backend: jobSpecWords.backend.allowed,
  parameters: 'an object: each input with a number, true, false, or {"min": number, "max": number}',
  shots: `a whole number from 1 to ${limits.shots}: most shots one job may take, all its points together`,
  max_jobs: `a whole number from 1 to ${mostEnvelopeJobs}`,
  max_shots: `a whole number from 1 to ${limits.shots}: of all jobs together; shots times max_jobs if left out`,
  max_cost: "a number from 0 to 1000000000, in units of the backend's currency: of all jobs together; required where the backend has a price",
  expires_in_s: `a whole number of seconds from 60 to ${longestEnvelope}, counted from the request`,
  image: jobSpecWords.image.allowed, packages: jobSpecWords.packages.allowed, data: jobSpecWords.data.allowed, time_limit_s: jobSpecWords.time_limit_s.allowed, tags: jobSpecWords.tags.allowed, agent: jobSpecWords.agent.allowed,
};

function described<T extends z.ZodType>(name: keyof EnvelopeRequest, schema: T): T {
  return schema.meta({ description: `Passes: ${requestWords[name]}.` });
}

const requestFields = {
  name: described('name', jobSpecFields.job_name), code_blob: jobSpecFields.code_blob, backend: jobSpecFields.backend,
  parameters: described('parameters', rangesSchema).exactOptional(),
  shots: described('shots', z.int().min(1).max(limits.shots)),
  max_jobs: described('max_jobs', z.int().min(1).max(mostEnvelopeJobs)),
  max_shots: described('max_shots', z.int().min(1).max(limits.shots)).exactOptional(),
  max_cost: described('max_cost', z.number().nonnegative().max(1e9)).exactOptional(),
  expires_in_s: described('expires_in_s', z.int().min(60).max(longestEnvelope)),
  image: jobSpecFields.image, packages: jobSpecFields.packages, data: jobSpecFields.data, time_limit_s: jobSpecFields.time_limit_s, tags: jobSpecFields.tags, agent: jobSpecFields.agent,
};

export const envelopeRequestSchema: z.ZodType<EnvelopeRequest> = z.strictObject(requestFields);

/** Throws `request_invalid` with the path. */
export function parseEnvelopeRequest(value: Json): EnvelopeRequest {
  const parsed = envelopeRequestSchema.safeParse(value);
  const stray = typeof value === 'object' && value !== null && !Array.isArray(value) ? strayKey(value as { readonly [key: string]: Json }) : null;
  if (parsed.success && stray === null) return parsed.data;
  const issue = parsed.success ? undefined : parsed.error.issues[0];
  const path = stray ?? [...(issue?.path ?? []).map(String), ...(issue?.code === 'unrecognized_keys' ? [issue.keys[0] ?? ''] : [])];
  const name = path[0] ?? '';
  const allowed = isRequestField(name) ? requestWords[name] : Object.keys(requestFields).join(', ');
  throw new DewarError({
    code: 'request_invalid', message: 'the envelope does not pass', path: pointer(path), got: shown(path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value)),
    allowed, fix: isRequestField(name) ? `send ${allowed.split(':')[0] ?? allowed} as ${name} (docs/spec/envelope.md)` : `remove ${shown(name)}`,
  });
}

function isRequestField(name: string): name is keyof EnvelopeRequest {
  return Object.hasOwn(requestFields, name);
}

/** zod's record skips this one key without a word, and what is approved is everything that was sent. */
function strayKey(value: { readonly [key: string]: Json }): string[] | null {
  for (const name of ['parameters', 'agent']) {
    const inside = Object.hasOwn(value, name) ? value[name] : undefined;
    if (typeof inside === 'object' && inside !== null && Object.hasOwn(inside, '__proto__')) return [name, '__proto__'];
  }
  return null;
}

const count = z.int().nonnegative();
const sized = z.strictObject({ digest: digestSchema, size: count });
export const envelopeTermsSchema: z.ZodType<EnvelopeTerms> = z.strictObject({
  version: z.literal(1), code: sized, parameters: rangesSchema, data: z.array(sized), image: z.string().nullable(), packages: z.array(z.string()), backend: z.string().min(1),
  device: z.strictObject({ name: z.string().min(1), kind: z.enum(['simulator', 'qpu']), practice: z.boolean() }), account: z.string().nullable(),
  shots: z.int().min(1), time_limit_s: z.int().min(1), max_jobs: z.int().min(1), max_shots: z.int().min(1), max_amount: moneySchema.nullable(), job_amount: moneySchema.nullable(), prices_dated: z.string().nullable(),
  until: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'RFC 3339, UTC, milliseconds'), policy: digestSchema, analyser: z.string(),
});

export function termsDigest(terms: EnvelopeTerms, sha256: Sha256): Digest {
  return jsonDigest(terms as unknown as Json, sha256);
}

/**
 * Why this job is outside of these terms, in words, or null when it is inside. Says nothing of use or time: see `usedUp`.
 * A price list of another date is outside, though it were cheaper: the person saw the other one.
 */
export function outsideTerms(terms: EnvelopeTerms, { spec, resolved, prices_dated }: Enveloped): string | null {
  const { code, data, backend, device, account, points, shots, amount } = resolved;
  if (code.digest !== terms.code.digest) return 'the program is another one';
  if (!sameList(data.map(({ digest }) => digest), terms.data.map(({ digest }) => digest))) return 'the data is other data';
  if ((spec.image ?? null) !== terms.image || !sameList(spec.packages ?? [], terms.packages)) return 'the image or packages are others';
  if (backend !== terms.backend || device.name !== terms.device.name || device.kind !== terms.device.kind || device.practice !== terms.device.practice) return `the backend is not ${terms.backend}`;
  if (account !== terms.account) return 'the account is another one';
  if (resolved.policy !== terms.policy || resolved.analyser !== terms.analyser) return 'the policy or the analyser changed since the yes';
  if (resolved.time_limit_s > terms.time_limit_s) return `time_limit_s ${resolved.time_limit_s} is above ${terms.time_limit_s}`;
  if (shots * points > terms.shots) return `${shots * points} shots are above ${terms.shots} a job`;
  if (prices_dated !== terms.prices_dated) return 'the price list is another one';
  if (!within(amount, terms.job_amount)) return 'the price is above that of any job it covers';
  return outsideRanges(terms.parameters, spec.parameters ?? {});
}

function outsideRanges(ranges: Ranges, given: Parameters): string | null {
  if (!sameList(Object.keys(given).toSorted(), Object.keys(ranges).toSorted())) return 'it sets other parameters';
  for (const [name, value] of Object.entries(given)) {
    const range = ranges[name];
    const outside = valuesOf(value).find((each) => range === undefined || !inRange(each, range));
    if (outside !== undefined) return `parameter ${name} is ${String(outside)}, and may be ${rangeText(range)}`;
  }
  return null;
}

function inRange(value: ParameterValue, range: Range): boolean {
  if (typeof range !== 'object') return value === range;
  return typeof value === 'number' && value >= range.min && value <= range.max;
}

export function rangeText(range: Range | undefined): string {
  return typeof range === 'object' ? `from ${range.min} to ${range.max}` : String(range);
}

/** Why one more such job no longer fits into what is left, or null. */
export function usedUp(terms: EnvelopeTerms, used: EnvelopeUse, { points, shots: each, amount }: Pick<Enveloped['resolved'], 'points' | 'shots' | 'amount'>): string | null {
  if (used.jobs >= terms.max_jobs) return `its ${terms.max_jobs} jobs are used up`;
  const shots = used.shots + each * points;
  if (shots > terms.max_shots) return `${shots} shots in all are above its ${terms.max_shots}`;
  if (amount !== null && !within({ currency: amount.currency, micros: (used.amount?.micros ?? 0) + amount.micros }, terms.max_amount)) return 'the money in all is above what it allows';
  return null;
}

function within(amount: Money | null, most: Money | null): boolean {
  if (amount === null) return true;
  return most !== null && amount.currency === most.currency && amount.micros <= most.micros;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, at) => item === b[at]);
}
