// What the sockets answer, checked: a session socket may be anyone's, so nothing is shown that was not first parsed here.
import { z } from 'zod';
import { budgetPeriods, budgetScopes, type BudgetView } from './budget.ts';
import type { Decision, Quote } from './decision.ts';
import { digestSchema } from './digest.ts';
import { envelopeTermsSchema } from './envelope.ts';
import { errorCodes, type ErrorBody } from './error.ts';
import type { JobId } from './ids.ts';
import type { Json } from './json.ts';
import { moneySchema } from './money.ts';
import { pointSchema } from './parameters.ts';
import type { ExplainAnswer, PastDecisionsAnswer } from './policy.ts';
import { anomalies, jobFactsSchema, programFactsSchema } from './policy-input.ts';
import type { Engine } from './results.ts';
import { envelopeIdSchema, jobSpecSchema } from './spec.ts';
import type {
  AllBudgetsAnswer, ArtifactAnswer, BackendView, BudgetsAnswer, DeviceView, DrawingAnswer, EnvelopeView, JobStatus, JobView, JournalReport, KeysView, LogsAnswer, PendingEnvelopeView, PendingView, QueuePlace, QueueView, ResultsAnswer, SessionView, StatusView, SubmitAnswer, TcpView, TokenAnswer,
} from './wire.ts';

const count = z.int().nonnegative();
const text = z.string();
const names = z.array(text);
const time = text.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/, 'an RFC 3339 time');

export const jobIdSchema: z.ZodType<JobId> = z.templateLiteral(['job_', z.string().regex(/^[0-9abcdefghjkmnpqrstvwxyz]{20}$/)], 'a job id');
export const jobStatusSchema: z.ZodType<JobStatus> = z.enum(['waiting', 'queued', 'running', 'completed', 'failed', 'cancelled', 'denied']);

const deviceShape = { name: text, kind: z.enum(['simulator', 'qpu']), practice: z.boolean(), max_qubits: count } as const;
const device: z.ZodType<DeviceView> = z.object(deviceShape);

const quote: z.ZodType<Quote> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('free'), basis: text }),
  z.object({ kind: z.literal('priced'), amount: moneySchema, basis: text, prices_dated: text }),
]);

const effect = z.enum(['allow', 'ask', 'deny']);
const decision: z.ZodType<Decision> = z.object({
  effect, reasons: z.array(z.object({ rule: text, effect, message: text, fix: text.nullable() })).min(1), policy: digestSchema, input: digestSchema,
});

const errorBody: z.ZodType<ErrorBody> = z.object({
  code: z.enum(errorCodes), message: text, path: text.exactOptional(), got: text.exactOptional(), allowed: text.exactOptional(), fix: text.exactOptional(),
});

const lane = z.enum(['interactive', 'batch']);
const placeShape = {
  position: count, of: count, lane,
  estimate: z.object({ start_after_s: z.object({ likely: count, cautious: count.nullable() }).nullable(), basis: text }),
} as const;
const place: z.ZodType<QueuePlace> = z.object(placeShape);

export const jobSchema: z.ZodType<JobView> = z.object({
  job_id: jobIdSchema, status: jobStatusSchema, session: text, created: time, ended: time.exactOptional(),
  spec: jobSpecSchema, spec_digest: digestSchema, program_digest: digestSchema, resolved_digest: digestSchema,
  device, facts: jobFactsSchema, quote, decision,
  expires: time.exactOptional(),
  approval_url: text.exactOptional(),
  approval: z.object({ id: text, at: time }).exactOptional(),
  grant: z.object({ id: text, expires: time }).exactOptional(),
  provider_job_id: text.exactOptional(),
  points: count.exactOptional(),
  envelope: z.object({ id: envelopeIdSchema }).exactOptional(),
  queue: place.exactOptional(),
  progress: z.object({ done: count, total: count }).exactOptional(),
  denied: z.object({ by: z.enum(['policy', 'person', 'expiry', 'budget', 'grant']), message: text, fix: text.nullable() }).exactOptional(),
  failure: errorBody.exactOptional(),
  cost: moneySchema.exactOptional(),
  results_digest: digestSchema.exactOptional(),
  receipt: z.boolean(),
});
export const jobAnswer = z.object({ job: jobSchema });
export const jobsAnswer = z.object({ jobs: z.array(jobSchema) });

export const submitAnswer: z.ZodType<SubmitAnswer> = z.discriminatedUnion('dry_run', [
  z.object({ dry_run: z.literal(false), job: jobSchema }),
  z.object({ dry_run: z.literal(true), decision, facts: jobFactsSchema, quote, device, spec_digest: digestSchema, program_digest: digestSchema }),
]);

/** The answer to POST /submit. */
export const shortSubmitAnswer = z.union([
  z.object({ status: jobStatusSchema, job_id: jobIdSchema }),
  z.object({ status: effect, job_id: z.null(), decision }),
]);

export const artifactAnswer: z.ZodType<ArtifactAnswer> = z.object({ digest: digestSchema, size: count });

export const backendsAnswer: z.ZodType<{ backends: BackendView[] }> = z.object({
  backends: z.array(z.object({ ...deviceShape, aliases: names, description: text, price: text })),
});

const budgetShape = {
  id: text, scope: z.enum(budgetScopes), name: text.nullable(), per: z.enum(budgetPeriods), currency: z.string().regex(/^[A-Z]{3}$/),
  limit: moneySchema, period: text, reserved: moneySchema.nullable(), settled: moneySchema.nullable(),
  // After an overrun less than nothing is left, which Money elsewhere cannot say.
  remaining_micros: z.int().nullable(),
  frozen: z.boolean(), warn_at: z.array(count), warned: count.nullable(),
} as const;
const budget: z.ZodType<BudgetView> = z.object(budgetShape);
const json = z.custom<Json>((value) => value !== undefined);
const policyShape = { digest: digestSchema, modules: z.record(text, text), data: z.record(text, json) } as const;
export const policyAnswer = z.object({ policy: z.object({ ...policyShape, since: time, by: text.nullable(), folder: text, problem: errorBody.nullable(), blind: errorBody.nullable() }) });
const pastShape = { job_id: jobIdSchema, at: time, decision, input: json.nullable() } as const;
export const pastDecisionsAnswer: z.ZodType<PastDecisionsAnswer> = z.object({ decisions: z.array(z.object(pastShape)), next: jobIdSchema.nullable() });
export const explainAnswer: z.ZodType<ExplainAnswer> = z.object({ ...pastShape, policy: z.object(policyShape).nullable(), again: decision.nullable() });

export const budgetAnswer = z.object({ budget });
export const budgetsAnswer: z.ZodType<BudgetsAnswer> = z.object({ budgets: z.array(budget) });
export const allBudgetsAnswer: z.ZodType<AllBudgetsAnswer> = z.object({ budgets: z.array(budget), prevented: z.object({ month: text, jobs: count, amounts: z.array(moneySchema) }) });
export const budgetChangesAnswer = z.object({ changes: z.array(z.object({ at: time, id: text, what: z.enum(['set', 'removed', 'warned', 'overrun', 'thawed']), text })) });
export const thawedAnswer = z.object({ thawed: names });

const engine: z.ZodType<Engine> = z.object({ name: text, version: text, method: z.enum(['state-vector', 'shot-by-shot', 'noisy-trajectories']) });
const counts = z.record(z.string().regex(/^[01]+( [01]+)*$/, 'a bit string'), count);
const resultsShape = {
  shots: count, bit_order: z.literal('little-endian'), registers: z.array(z.object({ name: text, size: count })), seed: z.number(), engine,
  practice: z.object({ device: text, calibrated: text }).exactOptional(),
} as const;
export const resultsAnswer: z.ZodType<ResultsAnswer> = z.object({
  job_id: jobIdSchema, results_digest: digestSchema,
  results: z.discriminatedUnion('format', [
    z.object({ format: z.literal('dewar.results/v1'), ...resultsShape, counts, parameters: pointSchema.exactOptional() }),
    z.object({ format: z.literal('dewar.sweep/v1'), ...resultsShape, points: z.array(z.object({ parameters: pointSchema, counts, engine: engine.exactOptional() })) }),
  ]),
});

export const logsAnswer: z.ZodType<LogsAnswer> = z.object({
  job_id: jobIdSchema, events: z.array(z.object({ seq: count, time: text, type: text, text })), output: text,
});

export const helloAnswer = z.object({ version: text, session: text, docs: text, help: text, openapi: text });

const pendingShape = { nonce: text.min(1), source: text, source_error: text.nullable(), drawing: text.nullable(), budgets: z.array(z.object({ ...budgetShape, needs: moneySchema.nullable() })), anomalies: z.array(z.enum(anomalies)) } as const;
const pending: z.ZodType<PendingView> = z.object({ job: jobSchema, ...pendingShape });
export const pendingAnswer = z.object({ pending });

export const envelopeSchema: z.ZodType<EnvelopeView> = z.object({
  envelope_id: envelopeIdSchema, status: z.enum(['waiting', 'live', 'denied', 'expired', 'closed', 'spent']), session: text, created: time, name: text,
  terms: envelopeTermsSchema, terms_digest: digestSchema, decision, facts: jobFactsSchema,
  used: z.object({ jobs: count, shots: count, amount: moneySchema.nullable() }),
  expires: time.exactOptional(),
  approval: z.object({ id: text, at: time }).exactOptional(),
  denied: z.object({ by: z.enum(['policy', 'person']), message: text, fix: text.nullable() }).exactOptional(),
  tags: names.exactOptional(), agent: z.record(text, text).exactOptional(),
});
export const envelopeAnswer = z.object({ envelope: envelopeSchema });
export const envelopesAnswer = z.object({ envelopes: z.array(envelopeSchema) });
const pendingEnvelope: z.ZodType<PendingEnvelopeView> = z.object({ envelope: envelopeSchema, ...pendingShape });
export const pendingEnvelopeAnswer = z.object({ envelope_pending: pendingEnvelope });
export const pendingsAnswer = z.object({ pending: z.array(pending), envelopes: z.array(pendingEnvelope) });

export const drawingAnswer: z.ZodType<DrawingAnswer> = z.object({ digest: digestSchema, drawing: text.nullable(), facts: programFactsSchema });

const session: z.ZodType<SessionView> = z.object({
  id: text, name: text, containment: z.enum(['sandboxed', 'uncontained']), socket: text, created: time, read: names,
  user: text.exactOptional(), project: text.exactOptional(),
});
export const sessionAnswer = z.object({ session });
export const sessionsAnswer = z.object({ sessions: z.array(session) });

export const tcpAnswer: z.ZodType<{ tcp: TcpView | null }> = z.object({
  tcp: z.object({ port: z.int().min(1).max(65_535), url: text, certificate_pem: text, certificate_file: text, sha256: z.string().regex(/^[0-9a-f]{64}$/) }).nullable(),
});
export const tokenAnswer: z.ZodType<TokenAnswer> = z.object({ token: z.string().regex(/^dewar_session_[0-9a-f]{64}$/), session: text, created: time });
export const revokedAnswer = z.object({ revoked: count });

export const statusAnswer: z.ZodType<StatusView> = z.object({
  version: text, pid: z.int().positive(), home: text, since: time, frozen: z.boolean(), sessions: count,
  jobs: z.object({ waiting: count, queued: count, running: count, completed: count, failed: count, cancelled: count, denied: count }),
  journal: z.object({ size: count, root: text }), policy: digestSchema,
});

const queued = { job_id: jobIdSchema, session: text, since: time } as const;
export const queueAnswer: z.ZodType<{ queue: QueueView[] }> = z.object({
  queue: z.array(z.object({ device: text, slots: count, held: z.boolean(), running: z.array(z.object({ ...queued, lane })), waiting: z.array(z.object({ ...queued, ...placeShape })) })),
});

export const frozenAnswer = z.object({ frozen: z.boolean() });
export const journalAnswer = z.object({ size: count, root: text, checkpoint: text });
export const journalReport: z.ZodType<JournalReport> = z.object({ ok: z.boolean(), size: count, root: text, checkpoint: text, problems: names });
export const keysAnswer: z.ZodType<KeysView> = z.object({ receipt_pem: text, checkpoint_vkey: text });
export const anyObject = z.record(z.string(), z.unknown());

// The parts that have a name of their own in the HTTP API's document.
export { budget as budgetSchema, decision as decisionSchema, device as deviceSchema, errorBody as errorSchema, quote as quoteSchema };
