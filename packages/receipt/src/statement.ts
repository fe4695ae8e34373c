// What a receipt states: an in-toto Statement v1 whose predicate, urn:dewar:receipt:v1, is the story of one job. Fields: docs/spec/receipt.md.
import { z } from 'zod';
import {
  canonicalJson, digestOf, digestSchema, envelopeTermsSchema, errorCodes, isId, jobFactsSchema, moneySchema,
  type Decision, type DeniedBy, type Digest, type EnvelopeId, type EnvelopeTerms, type ErrorCode, type Id, type IdKind, type JobFacts, type JobId, type Json, type JsonObject, type Money, type Quote, type Reason, type Sha256,
} from '@dewar/protocol';
import { fromBase64 } from './base64.ts';
import { isKeyName } from './note.ts';
import { timeSchema } from './time.ts';

export const statementType = 'https://in-toto.io/Statement/v1';
export const predicateType = 'urn:dewar:receipt:v1';

export type ReceiptOutcome =
  | { readonly kind: 'completed'; readonly results: Digest }
  | { readonly kind: 'failed'; readonly error: { readonly code: ErrorCode; readonly message: string } }
  | { readonly kind: 'cancelled'; readonly by: 'session' | 'person' }
  | { readonly kind: 'denied'; readonly by: DeniedBy; readonly reasons: readonly Reason[] };

/** Times are RFC 3339, UTC, milliseconds. Null means "there was none", never "left out". */
export interface ReceiptPredicate {
  readonly job_id: JobId;
  readonly session: { readonly id: Id<'session'>; readonly name: string; readonly containment: 'sandboxed' | 'uncontained' };
  /** RFC 8785 text of the job spec: the agent's words, quoted. The subject `spec.json` is its SHA-256. */
  readonly spec: string;
  readonly spec_digest: Digest;
  readonly program_digest: Digest;
  /** The resolved job: what an approval binds. */
  readonly resolved: JsonObject;
  readonly resolved_digest: Digest;
  readonly facts: JobFacts;
  readonly quote: Quote;
  readonly decision: Decision;
  readonly approval: { readonly id: Id<'apr'>; readonly at: string; readonly resolved_digest: Digest; readonly by: 'control-socket' } | null;
  /** Present when the job ran under an envelope: the terms that a person said yes to, and the yes. */
  readonly envelope?: { readonly id: EnvelopeId; readonly terms: EnvelopeTerms; readonly terms_digest: Digest; readonly approval: { readonly id: Id<'apr'>; readonly at: string; readonly by: 'control-socket' } };
  /** `amount` is what was reserved; null for a free run. `shots` are those of all points. */
  readonly grant: { readonly id: Id<'grant'>; readonly shots: number; readonly amount: Money | null; readonly issued: string; readonly expires: string } | null;
  /** `practice`: no real hardware was used. */
  readonly device: { readonly name: string; readonly kind: 'simulator' | 'qpu'; readonly practice: boolean };
  readonly provider_job_id: string | null;
  readonly outcome: ReceiptOutcome;
  /** What was charged; `unknown` while the provider has not said, and the reservation stands. */
  readonly cost: Money | 'unknown' | null;
  /** The cost is above the grant's amount. */
  readonly overrun: boolean;
  readonly times: { readonly submitted: string; readonly decided: string; readonly started: string | null; readonly ended: string };
  readonly image: { readonly reference: string; readonly verified: false } | null;
  readonly broker: { readonly version: string };
  /** The journal's head before this receipt was signed; `root` is base64, as in a checkpoint. */
  readonly journal: { readonly origin: string; readonly size: number; readonly root: string };
  /** This job's journal leaves, as the text that was hashed, in order. */
  readonly events: readonly { readonly index: number; readonly leaf: string }[];
}

export interface Subject {
  readonly name: 'spec.json' | 'results.json';
  readonly digest: { readonly sha256: string };
}

export interface ReceiptStatement {
  readonly _type: typeof statementType;
  readonly subject: readonly Subject[];
  readonly predicateType: typeof predicateType;
  readonly predicate: ReceiptPredicate;
}

/** The statement of a predicate: its subjects are the canonical spec, and the results if there are any. */
export function statementOf(predicate: ReceiptPredicate, sha256: Sha256): ReceiptStatement {
  const subject: Subject[] = [named('spec.json', digestOf(new TextEncoder().encode(predicate.spec), sha256))];
  if (predicate.outcome.kind === 'completed') subject.push(named('results.json', predicate.outcome.results));
  return { _type: statementType, subject, predicateType, predicate };
}

/** RFC 8785 text: the bytes that are signed. */
export function statementText(statement: ReceiptStatement): string {
  return canonicalJson(statement as unknown as Json);
}

function named(name: Subject['name'], digest: Digest): Subject {
  return { name, digest: { sha256: digest.slice('sha256:'.length) } };
}

const count = z.int().nonnegative();
/** Text that names something: no control, formatting or separator characters. */
const name = z.string().min(1).max(256).regex(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u, 'printable characters');
const text = z.string().max(65_536);
const id = <K extends IdKind>(kind: K) => z.custom<Id<K>>((value) => typeof value === 'string' && isId(kind, value), `${kind}_ and 20 characters`);
const jsonObject = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), 'an object');
const root = z.string().refine((value) => fromBase64(value)?.length === 32, 'base64 of 32 bytes');

const reason: z.ZodType<Reason> = z.strictObject({ rule: text, effect: z.enum(['allow', 'ask', 'deny']), message: text, fix: text.nullable() });

const quote: z.ZodType<Quote> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('free'), basis: text }),
  z.strictObject({ kind: z.literal('priced'), amount: moneySchema, basis: text, prices_dated: text }),
]);

const outcome: z.ZodType<ReceiptOutcome> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('completed'), results: digestSchema }),
  z.strictObject({ kind: z.literal('failed'), error: z.strictObject({ code: z.enum(errorCodes), message: text }) }),
  z.strictObject({ kind: z.literal('cancelled'), by: z.enum(['session', 'person']) }),
  z.strictObject({ kind: z.literal('denied'), by: z.enum(['policy', 'person', 'expiry', 'budget', 'grant']), reasons: z.array(reason).min(1) }),
]);

const predicate: z.ZodType<ReceiptPredicate> = z.strictObject({
  job_id: id('job'),
  session: z.strictObject({ id: id('session'), name, containment: z.enum(['sandboxed', 'uncontained']) }),
  spec: z.string(),
  spec_digest: digestSchema,
  program_digest: digestSchema,
  resolved: jsonObject,
  resolved_digest: digestSchema,
  facts: jobFactsSchema,
  quote,
  decision: z.strictObject({ effect: z.enum(['allow', 'ask', 'deny']), reasons: z.array(reason).min(1), policy: digestSchema, input: digestSchema }),
  approval: z.strictObject({ id: id('apr'), at: timeSchema, resolved_digest: digestSchema, by: z.literal('control-socket') }).nullable(),
  envelope: z.strictObject({ id: id('env'), terms: envelopeTermsSchema, terms_digest: digestSchema, approval: z.strictObject({ id: id('apr'), at: timeSchema, by: z.literal('control-socket') }) }).exactOptional(),
  grant: z.strictObject({ id: id('grant'), shots: z.int().min(1), amount: moneySchema.nullable(), issued: timeSchema, expires: timeSchema }).nullable(),
  device: z.strictObject({ name, kind: z.enum(['simulator', 'qpu']), practice: z.boolean() }),
  provider_job_id: name.nullable(),
  outcome,
  cost: z.union([moneySchema, z.literal('unknown')]).nullable(),
  overrun: z.boolean(),
  times: z.strictObject({ submitted: timeSchema, decided: timeSchema, started: timeSchema.nullable(), ended: timeSchema }),
  image: z.strictObject({ reference: name, verified: z.literal(false) }).nullable(),
  broker: z.strictObject({ version: name }),
  journal: z.strictObject({ origin: z.string().refine(isKeyName, 'a log origin'), size: count, root }),
  events: z.array(z.strictObject({ index: count, leaf: z.string() })).min(1),
});

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, '64 lowercase hexadecimal digits');

export const statementSchema: z.ZodType<ReceiptStatement> = z.strictObject({
  _type: z.literal(statementType),
  subject: z.array(z.strictObject({ name: z.enum(['spec.json', 'results.json']), digest: z.strictObject({ sha256: sha256Hex }) })).min(1).max(2),
  predicateType: z.literal(predicateType),
  predicate,
});
