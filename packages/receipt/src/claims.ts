// Do a receipt's claims agree with one another? One function a rule, in the order in which docs/spec/receipt.md lists them.
import { z } from 'zod';
import {
  canonicalJson, DewarError, digestSchema, jsonDigest, microsFrom, moneySchema, outsideTerms, parseJson, parseSpec, pointCount, practiceCurrency, programDigest, shown, specDefaults, specDigest, termsDigest, usedUp, limits,
  type JobSpec, type Json, type Money, type Sha256,
} from '@dewar/protocol';
import { parseLeaf, type Leaf } from './event.ts';
import { statementOf, type ReceiptPredicate, type ReceiptStatement } from './statement.ts';

/** What every resolved job says, whatever else it binds. Its digest covers the rest. */
const resolvedSchema = z.looseObject({
  version: z.literal(1),
  spec: digestSchema,
  program: z.looseObject({ digest: digestSchema }),
  code: z.looseObject({ digest: digestSchema }),
  data: z.array(z.looseObject({ digest: digestSchema })),
  account: z.string().nullable(),
  image: z.looseObject({ reference: z.string(), verified: z.literal(false) }).nullable(),
  backend: z.string(),
  device: z.looseObject({ name: z.string(), kind: z.enum(['simulator', 'qpu']), practice: z.boolean() }),
  /** Left out by brokers before there were sweeps: 1. */
  points: z.int().min(1).exactOptional(),
  shots: z.int().min(1),
  time_limit_s: z.int().min(1),
  policy: digestSchema,
  analyser: z.string(),
  amount: moneySchema.nullable(),
});
type Resolved = z.infer<typeof resolvedSchema>;

/** Throws `receipt_subject` when a subject is not what the predicate says, `receipt_invalid` when anything else contradicts. Answers the embedded job spec. */
export function checkClaims(statement: ReceiptStatement, sha256: Sha256): JobSpec {
  const receipt = statement.predicate;
  subjectsAreThePredicates(statement, sha256);
  const spec = embeddedSpec(receipt);
  specAndProgramDigests(receipt, spec, sha256);
  const resolved = resolvedJob(receipt, sha256);
  resolvedIsOfThisSpec(receipt, resolved, spec);
  resolvedIsOfThisJob(receipt, resolved);
  decisionIsItsStrictestReason(receipt);
  denialFollowsDecision(receipt);
  nothingRanWithoutGrant(receipt);
  grantFollowsYes(receipt);
  envelopeCoversTheJob(receipt, resolved, spec, sha256);
  grantStaysInside(receipt, resolved, spec);
  costIsInsideGrantOrMarked(receipt);
  practiceIsLabelled(receipt);
  timesAreInOrder(receipt);
  eventsTellTheSame(receipt);
  return spec;
}

function subjectsAreThePredicates(statement: ReceiptStatement, sha256: Sha256): void {
  const wanted = statementOf(statement.predicate, sha256).subject;
  if (canonicalJson(statement.subject as unknown as Json) !== canonicalJson(wanted as unknown as Json)) {
    throw new DewarError({ code: 'receipt_subject', message: 'the subjects are not the spec and results of this receipt', path: '/subject', got: shown(statement.subject), allowed: shown(wanted) });
  }
}

function embeddedSpec(receipt: ReceiptPredicate): JobSpec {
  let spec: JobSpec;
  try {
    const value = parseJson(new TextEncoder().encode(receipt.spec), { bytes: 2 * limits.spec_bytes, depth: 8 });
    spec = parseSpec(value);
  } catch (cause) {
    throw new DewarError({ code: 'receipt_invalid', message: 'the embedded job spec is not valid', path: '/predicate/spec', got: shown(receipt.spec) }, { cause });
  }
  must(canonicalJson(spec as unknown as Json) === receipt.spec, '/predicate/spec', receipt.spec, 'RFC 8785 text');
  must(spec.dry_run !== true, '/predicate/spec', 'dry_run', 'a spec that makes a job');
  return spec;
}

function specAndProgramDigests(receipt: ReceiptPredicate, spec: JobSpec, sha256: Sha256): void {
  same('/predicate/spec_digest', receipt.spec_digest, specDigest(spec, sha256));
  same('/predicate/program_digest', receipt.program_digest, programDigest(spec, sha256));
}

function resolvedJob(receipt: ReceiptPredicate, sha256: Sha256): Resolved {
  same('/predicate/resolved_digest', receipt.resolved_digest, jsonDigest(receipt.resolved, sha256));
  const resolved = resolvedSchema.safeParse(receipt.resolved);
  if (!resolved.success) throw refusal(`/predicate/resolved/${resolved.error.issues[0]?.path.join('/') ?? ''}`, receipt.resolved, resolved.error.issues[0]?.message ?? 'a resolved job');
  return resolved.data;
}

function resolvedIsOfThisSpec(receipt: ReceiptPredicate, resolved: Resolved, spec: JobSpec): void {
  same('/predicate/resolved/spec', resolved.spec, receipt.spec_digest);
  same('/predicate/resolved/program/digest', resolved.program.digest, receipt.program_digest);
  same('/predicate/resolved/code/digest', resolved.code.digest, spec.code_blob);
  same('/predicate/resolved/backend', resolved.backend, spec.backend);
  same('/predicate/resolved/points', resolved.points ?? 1, pointCount(spec.parameters));
  same('/predicate/resolved/shots', resolved.shots, spec.shots ?? specDefaults.shots);
  same('/predicate/resolved/time_limit_s', resolved.time_limit_s, spec.time_limit_s ?? specDefaults.time_limit_s);
  same('/predicate/resolved/image', resolved.image?.reference ?? null, spec.image ?? null);
  same('/predicate/image', receipt.image?.reference ?? null, spec.image ?? null);
}

function resolvedIsOfThisJob(receipt: ReceiptPredicate, resolved: Resolved): void {
  same('/predicate/device', receipt.device, { name: resolved.device.name, kind: resolved.device.kind, practice: resolved.device.practice });
  same('/predicate/resolved/policy', resolved.policy, receipt.decision.policy);
  same('/predicate/resolved/analyser', resolved.analyser, receipt.facts.analyser);
  same('/predicate/resolved/amount', resolved.amount, receipt.quote.kind === 'priced' ? receipt.quote.amount : null);
}

/** deny > ask > allow, and the reasons of the effect come first. */
function decisionIsItsStrictestReason({ decision }: ReceiptPredicate): void {
  const effects = decision.reasons.map(({ effect }) => effect);
  const strictest = effects.includes('deny') ? 'deny' : effects.includes('ask') ? 'ask' : 'allow';
  same('/predicate/decision/effect', decision.effect, strictest);
  same('/predicate/decision/reasons/0/effect', effects[0] ?? null, strictest);
}

function denialFollowsDecision({ decision, outcome }: ReceiptPredicate): void {
  const byPolicy = outcome.kind === 'denied' && outcome.by === 'policy';
  must((decision.effect === 'deny') === byPolicy, '/predicate/outcome', outcome, decision.effect === 'deny' ? 'denied by policy' : 'any but denied by policy');
  if (outcome.kind !== 'denied') return;
  const asked = outcome.by === 'person' || outcome.by === 'expiry';
  must(!asked || decision.effect === 'ask', '/predicate/outcome/by', outcome.by, 'a person is asked only where the decision is ask');
  const given = byPolicy ? decision.reasons.map((reason) => canonicalJson(reason as unknown as Json)) : undefined;
  outcome.reasons.forEach((reason, at) => {
    must(!given || given.includes(canonicalJson(reason as unknown as Json)), `/predicate/outcome/reasons/${at}`, reason, 'one of the reasons of the decision');
  });
  must(outcome.reasons[0]?.effect === 'deny', '/predicate/outcome/reasons/0/effect', outcome.reasons[0]?.effect ?? null, 'deny');
}

function nothingRanWithoutGrant({ grant, outcome, times, provider_job_id, cost }: ReceiptPredicate): void {
  if (grant) {
    const unsent = outcome.kind === 'denied' && outcome.by === 'grant' && provider_job_id === null;
    must(outcome.kind !== 'denied' || unsent, '/predicate/grant', grant.id, 'null: the job was denied before it had a grant');
    must(!unsent || cost === null || (cost !== 'unknown' && cost.micros === 0), '/predicate/cost', cost, 'nothing: it was not sent');
    must(outcome.kind !== 'completed' || (times.started !== null && provider_job_id !== null), '/predicate/outcome', outcome.kind, 'a completed job has times.started and a provider_job_id');
    must((times.started === null) === (provider_job_id === null), '/predicate/times/started', times.started, 'null exactly where provider_job_id is');
    return;
  }
  must(outcome.kind === 'denied' || outcome.kind === 'cancelled', '/predicate/outcome', outcome.kind, 'denied or cancelled: there was no grant');
  must(times.started === null, '/predicate/times/started', times.started, 'null: there was no grant');
  must(provider_job_id === null, '/predicate/provider_job_id', provider_job_id, 'null: there was no grant');
  must(cost === null || (cost !== 'unknown' && cost.micros === 0), '/predicate/cost', cost, 'nothing: there was no grant');
}

function grantFollowsYes({ approval, envelope, decision, grant, outcome, resolved_digest }: ReceiptPredicate): void {
  if (approval) {
    same('/predicate/approval/resolved_digest', approval.resolved_digest, resolved_digest);
    must(decision.effect === 'ask', '/predicate/approval', approval.id, `null: the decision was ${decision.effect}`);
    must(outcome.kind !== 'denied' || outcome.by === 'budget' || outcome.by === 'grant', '/predicate/outcome', outcome, 'what a person approved is denied by the budget or at the grant only');
  }
  must(!grant || decision.effect !== 'ask' || approval !== null || envelope !== undefined, '/predicate/approval', null, 'an approval or an envelope: the decision was ask, and there is a grant');
}

/** An envelope lends its yes to what is inside its terms and to nothing else; how much of it was used before, the journal knows. */
function envelopeCoversTheJob({ approval, decision, envelope, quote, times }: ReceiptPredicate, resolved: Resolved, spec: JobSpec, sha256: Sha256): void {
  if (!envelope) return;
  must(approval === null, '/predicate/approval', approval?.id ?? null, 'null: the yes is that of the envelope');
  same('/predicate/envelope/id', envelope.id, spec.envelope ?? null);
  must(decision.effect === 'ask', '/predicate/envelope', envelope.id, `none: the decision was ${decision.effect}`);
  same('/predicate/envelope/terms_digest', envelope.terms_digest, termsDigest(envelope.terms, sha256));
  const job = { ...resolved, points: resolved.points ?? 1 };
  // Whatever was used before: alone it must fit into what all jobs together may take.
  const outside = outsideTerms(envelope.terms, { spec, resolved: job, prices_dated: quote.kind === 'priced' ? quote.prices_dated : null }) ?? usedUp(envelope.terms, { jobs: 0, shots: 0, amount: null }, job);
  must(outside === null, '/predicate/envelope/terms', outside, 'terms that this job is inside of');
  must(envelope.approval.at <= times.submitted && times.submitted < envelope.terms.until, '/predicate/envelope/approval/at', envelope.approval.at, 'a yes before the submit, and a submit before the end of the terms');
}

function grantStaysInside({ grant }: ReceiptPredicate, resolved: Resolved, spec: JobSpec): void {
  if (!grant) return;
  same('/predicate/grant/shots', grant.shots, resolved.shots * (resolved.points ?? 1));
  same('/predicate/grant/amount/currency', grant.amount?.currency ?? null, resolved.amount?.currency ?? null);
  const amount = grant.amount?.micros ?? 0;
  must(amount <= (resolved.amount?.micros ?? 0), '/predicate/grant/amount', grant.amount, 'at most the amount of the resolved job');
  must(spec.max_cost === undefined || amount <= microsFrom(String(spec.max_cost)), '/predicate/grant/amount', grant.amount, 'at most the spec\'s max_cost');
}

function costIsInsideGrantOrMarked({ cost, grant, overrun }: ReceiptPredicate): void {
  const charged: Money | null = cost === 'unknown' ? null : cost;
  must(!charged || !grant?.amount || charged.currency === grant.amount.currency, '/predicate/cost/currency', charged, `the grant's currency`);
  must(((charged?.micros ?? 0) > (grant?.amount?.micros ?? 0)) === overrun, '/predicate/overrun', overrun, 'true exactly where the cost is above the grant\'s amount');
}

/** Practice money is never mistaken for real money, nor a practice run for a real one. */
function practiceIsLabelled({ device, provider_job_id, quote, grant, cost }: ReceiptPredicate): void {
  const amounts = [quote.kind === 'priced' ? quote.amount : null, grant?.amount ?? null, cost === 'unknown' ? null : cost];
  for (const amount of amounts) {
    must(!amount || amount.micros === 0 || (amount.currency === practiceCurrency) === device.practice, '/predicate/device/practice', device.practice, `true exactly where money is ${practiceCurrency}`);
  }
  const labelled = provider_job_id?.startsWith('practice-') ?? device.practice;
  must(device.kind !== 'qpu' || labelled === device.practice, '/predicate/provider_job_id', provider_job_id, 'practice-… exactly on the practice QPU');
}

function timesAreInOrder({ times, approval, grant }: ReceiptPredicate): void {
  const inOrder = (path: string, ...moments: (string | null | undefined)[]) => {
    const known = moments.filter((moment) => typeof moment === 'string');
    must(known.every((moment, at) => at === 0 || (known[at - 1] ?? '') <= moment), path, known.join(' '), 'times in order');
  };
  inOrder('/predicate/times', times.submitted, times.decided, approval?.at, times.started, times.ended);
  // Not against `started`: a broker that restarts grants anew.
  inOrder('/predicate/grant/issued', approval?.at ?? times.decided, grant?.issued, times.ended);
  inOrder('/predicate/grant/expires', grant?.issued, grant?.expires);
  inOrder('/predicate/grant/expires', times.started, grant?.expires);
}

function eventsTellTheSame(receipt: ReceiptPredicate): void {
  const { events, journal, job_id, approval, envelope, grant, outcome, overrun } = receipt;
  const leaves = events.map(({ leaf }, at) => readLeaf(leaf, at));
  leaves.forEach((leaf, at) => {
    same(`/predicate/events/${at}/leaf`, leaf.job_id, job_id);
    const index = events[at]?.index ?? 0;
    must(index < journal.size && (at === 0 || index > (events[at - 1]?.index ?? 0)), `/predicate/events/${at}/index`, index, 'ascending, below journal.size');
    must(at === 0 || (leaves[at - 1]?.time ?? '') <= leaf.time, `/predicate/events/${at}/leaf`, leaf.time, 'times in order');
  });
  must(new Set(leaves.map(({ id }) => id)).size === leaves.length, '/predicate/events', 'an id twice', 'each event once');
  const told: readonly (readonly [string, boolean])[] = [
    ['job.submitted', true], ['job.decided', true], ['approval.given', approval !== null], ['envelope.applied', envelope !== undefined], ['grant.issued', grant !== null],
    ['budget.overrun', overrun], ['receipt.signed', false],
  ];
  for (const [type, wanted] of told) {
    must(leaves.some((leaf) => leaf.type === type) === wanted, '/predicate/events', leaves.map((leaf) => leaf.type), wanted ? `a ${type} event` : `no ${type} event`);
  }
  must(outcome.kind !== 'completed' || leaves.some(({ type }) => type === 'run.ended'), '/predicate/events', leaves.map(({ type }) => type), 'a run.ended event');
}

function readLeaf(text: string, at: number): Leaf {
  try {
    return parseLeaf(new TextEncoder().encode(text));
  } catch (cause) {
    throw new DewarError({ code: 'receipt_invalid', message: 'an event is not a journal leaf', path: `/predicate/events/${at}/leaf`, got: shown(text) }, { cause });
  }
}

/** Only for values that came out of a JSON text. */
function same(path: string, got: unknown, wanted: unknown): void {
  must(canonicalJson(got as Json) === canonicalJson(wanted as Json), path, got, shown(wanted));
}

function must(holds: boolean, path: string, got: unknown, allowed: string): void {
  if (!holds) throw refusal(path, got, allowed);
}

function refusal(path: string, got: unknown, allowed: string): DewarError {
  return new DewarError({ code: 'receipt_invalid', message: `the receipt contradicts itself at ${path}`, path, got: shown(got), allowed });
}
