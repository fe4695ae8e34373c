// The one table of a session's addresses: its door is made from it, and so is the OpenAPI document.
import {
  artifactAnswer, backendsAnswer, budgetsAnswer, digestSchema, drawingAnswer, envelopeAnswer, envelopeIdSchema, envelopeRequestSchema, envelopesAnswer, helloAnswer, jobAnswer, jobIdSchema, jobsAnswer, jobSpecSchema, jobStatusSchema, limits, logsAnswer, mostPoints, pricesAnswer, quotesAnswer, resultsAnswer, specDefaults, shortSubmitAnswer, submitAnswer,
  type ErrorCode, type JsonObject,
} from '@dewar/protocol';
import { z } from 'zod';
import type { App, Call } from './door.ts';

export interface Parameter {
  readonly in: 'path' | 'query';
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType;
}

export interface Content {
  readonly description: string;
  readonly type: string;
  /** Null for bytes or text that no schema describes. */
  readonly schema: z.ZodType | null;
  readonly example?: JsonObject;
}

export interface Route {
  readonly method: 'get' | 'put' | 'post';
  /** With parameters as OpenAPI writes them: `/v1/jobs/{id}`. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly body?: Content;
  readonly answers: Readonly<Record<number, Content>>;
  /** Besides those that every address may answer with. */
  readonly errors: readonly ErrorCode[];
}

/** The longest a wait may be asked for, seconds; and the most jobs that are listed. */
export const longestWait = 120;
export const mostJobs = 500;

/** Columns of a drawing. */
export const columnsRange = { least: 20, most: 200 } as const;

const json = (description: string, schema: z.ZodType | null): Content => ({ description, type: 'application/json', schema });
const jobId: Parameter = { in: 'path', name: 'id', description: 'The job.', schema: jobIdSchema };
const envelopeId: Parameter = { in: 'path', name: 'id', description: 'The envelope.', schema: envelopeIdSchema };
const digest: Parameter = { in: 'path', name: 'digest', description: 'What the bytes must hash to.', schema: digestSchema };
const upToMost = (most: number): z.ZodType => z.int().min(0).max(most);
const limit: Parameter = { in: 'query', name: 'limit', description: 'At most so many; 50 if left out.', schema: upToMost(mostJobs) };
const timeout: Parameter = { in: 'query', name: 'timeout_s', description: 'Seconds to wait; 30 if left out.', schema: upToMost(longestWait) };

const readsJson = ['content_type', 'body_truncated', 'body_too_large', 'json_syntax', 'json_depth', 'json_duplicate_key', 'json_number', 'json_unicode'] as const satisfies readonly ErrorCode[];
const submitErrors = [
  ...readsJson, 'spec_invalid', 'spec_unknown_field', 'program_format', 'program_invalid', 'program_too_large', 'backend_unknown', 'data_refused', 'artifact_unknown',
  'artifact_digest_mismatch', 'money_invalid', 'parameters_invalid', 'not_found', 'journal_invalid', 'cannot_price', 'too_many_pending', 'rate_limited', 'clock_backwards', 'policy_invalid',
] as const satisfies readonly ErrorCode[];
const ofJob = ['not_found', 'journal_invalid'] as const satisfies readonly ErrorCode[];
const stored = ['artifact_unknown', 'artifact_digest_mismatch'] as const satisfies readonly ErrorCode[];
/** The digest is that of examples/circuits/bell.qasm. */
const example = { job_name: 'bell', code_blob: 'sha256:7cb97e36b60c6202954a918ca1b2b9482c4fcc9c7d3d9974262243eb07dcb797', backend: 'simulator', shots: 1000 };
const spec: Content = { ...json('The job spec, at most 65,536 bytes, read strictly.', jobSpecSchema), example };
const bytes: Content = { description: 'The bytes, at most 16,777,216.', type: 'application/octet-stream', schema: null };

/** By operation id. */
export const routes = {
  hello: { method: 'get', path: '/v1', summary: 'Who answers, and where the help is.', answers: { 200: json('This session.', helloAnswer) }, errors: [] },
  help: { method: 'get', path: '/v1/help', summary: 'All that an agent needs, in forty lines.', answers: { 200: { description: 'The text.', type: 'text/markdown', schema: z.string() } }, errors: [] },
  openapi: { method: 'get', path: '/v1/openapi.json', summary: 'This document.', answers: { 200: json('OpenAPI 3.1.', z.record(z.string(), z.unknown())) }, errors: [] },
  putArtifact: { method: 'put', path: '/v1/artifacts', summary: 'Store bytes: a program, or data.', body: bytes, answers: { 201: json('Its digest.', artifactAnswer) }, errors: ['content_type', 'body_truncated', 'body_too_large'] },
  putArtifactAs: {
    method: 'put', path: '/v1/artifacts/{digest}', summary: 'Store bytes that are known to have a digest.', parameters: [digest], body: bytes, answers: { 201: json('Its digest.', artifactAnswer) },
    errors: ['content_type', 'body_truncated', 'body_too_large', 'artifact_digest_mismatch'],
  },
  submitJob: {
    method: 'post', path: '/v1/jobs', summary: 'Submit a job, or ask with dry_run what would be decided. A denial is an answer, not an error.', body: spec,
    answers: { 200: json('A dry run: nothing is kept.', submitAnswer), 201: json('The job; the decision is on disk.', submitAnswer) }, errors: submitErrors,
  },
  submit: {
    method: 'post', path: '/submit', summary: 'The same, with a short answer.', body: spec,
    answers: { 200: json('A dry run: allow, ask or deny.', shortSubmitAnswer), 201: json('The job\'s id and status.', shortSubmitAnswer) }, errors: submitErrors,
  },
  listJobs: {
    method: 'get', path: '/v1/jobs', summary: 'The session\'s jobs, newest first.', parameters: [limit],
    answers: { 200: json('The jobs.', jobsAnswer) }, errors: ['request_invalid'],
  },
  getJob: { method: 'get', path: '/v1/jobs/{id}', summary: 'A job as it is.', parameters: [jobId], answers: { 200: json('The job.', jobAnswer) }, errors: ofJob },
  waitForJob: {
    method: 'get', path: '/v1/jobs/{id}/wait', summary: 'A job when it has ended and its receipt is signed, or when the time is up: then ask again.',
    parameters: [
      jobId, timeout,
      { in: 'query', name: 'after', description: 'Answer also as soon as the status is another one.', schema: jobStatusSchema },
    ],
    answers: { 200: json('The job.', jobAnswer) }, errors: [...ofJob, 'request_invalid'],
  },
  getResults: { method: 'get', path: '/v1/jobs/{id}/results', summary: 'The counts of a job that completed.', parameters: [jobId], answers: { 200: json('The results.', resultsAnswer) }, errors: [...ofJob, ...stored, 'not_ended', 'no_results'] },
  getLogs: { method: 'get', path: '/v1/jobs/{id}/logs', summary: 'A job\'s events, and what its run printed.', parameters: [jobId], answers: { 200: json('The logs.', logsAnswer) }, errors: [...ofJob, ...stored] },
  getReceipt: {
    method: 'get', path: '/v1/jobs/{id}/receipt', summary: 'The signed receipt of a job that has ended.', parameters: [jobId],
    answers: { 200: { description: 'A Sigstore bundle.', type: 'application/vnd.dev.sigstore.bundle.v0.3+json', schema: z.record(z.string(), z.unknown()) } }, errors: [...ofJob, ...stored, 'not_ended'],
  },
  cancelJob: { method: 'post', path: '/v1/jobs/{id}/cancel', summary: 'Cancel a job that has not ended.', parameters: [jobId], answers: { 200: json('The job.', jobAnswer) }, errors: [...ofJob, 'already_ended', 'clock_backwards'] },
  requestEnvelope: {
    method: 'post', path: '/v1/envelopes', summary: 'Ask a person for a bounded family of jobs. A denial is an answer, not an error.', body: json('The envelope, at most 65,536 bytes, read strictly.', envelopeRequestSchema),
    answers: { 201: json('The envelope: waiting, or denied by policy.', envelopeAnswer) }, errors: [...submitErrors, 'request_invalid', 'envelope_needless'],
  },
  listEnvelopes: {
    method: 'get', path: '/v1/envelopes', summary: 'The session\'s envelopes, newest first.', parameters: [limit],
    answers: { 200: json('The envelopes.', envelopesAnswer) }, errors: ['request_invalid'],
  },
  getEnvelope: { method: 'get', path: '/v1/envelopes/{id}', summary: 'An envelope as it is: its terms, and what was used.', parameters: [envelopeId], answers: { 200: json('The envelope.', envelopeAnswer) }, errors: ofJob },
  waitForEnvelope: {
    method: 'get', path: '/v1/envelopes/{id}/wait', summary: 'An envelope as soon as it does not wait for a person any more, or when the time is up: then ask again.',
    parameters: [envelopeId, timeout],
    answers: { 200: json('The envelope.', envelopeAnswer) }, errors: [...ofJob, 'request_invalid'],
  },
  closeEnvelope: { method: 'post', path: '/v1/envelopes/{id}/close', summary: 'Give an envelope back: nothing more runs under it.', parameters: [envelopeId], answers: { 200: json('The envelope.', envelopeAnswer) }, errors: [...ofJob, 'already_ended', 'clock_backwards'] },
  getDrawing: {
    method: 'get', path: '/v1/artifacts/{digest}/drawing', summary: 'A stored program\'s circuit in text, and its facts.',
    parameters: [{ ...digest, description: 'The program.' }, { in: 'query', name: 'columns', description: 'Its width; 76 if left out.', schema: z.int().min(columnsRange.least).max(columnsRange.most) }],
    answers: { 200: json('The drawing, null where there is none.', drawingAnswer) }, errors: [...stored, 'request_invalid', 'program_format', 'program_invalid', 'program_too_large', 'rate_limited'],
  },
  getQuotes: {
    method: 'get', path: '/v1/artifacts/{digest}/quotes', summary: 'What a stored program would cost at most on every device that has a price, the cheapest first.',
    parameters: [
      { ...digest, description: 'The program.' },
      { in: 'query', name: 'shots', description: `Shots of each point; ${specDefaults.shots} if left out.`, schema: z.int().min(1).max(limits.shots) },
      { in: 'query', name: 'points', description: 'Points of a sweep; 1 if left out.', schema: z.int().min(1).max(mostPoints) },
      { in: 'query', name: 'time_limit_s', description: `Most seconds it may run; ${specDefaults.time_limit_s} if left out.`, schema: z.int().min(1).max(limits.time_limit_s) },
    ],
    answers: { 200: json('The quotes.', quotesAnswer) }, errors: [...stored, 'request_invalid', 'program_format', 'program_invalid', 'program_too_large', 'rate_limited'],
  },
  listPrices: { method: 'get', path: '/v1/prices', summary: 'The price list: dated, sourced lines, and how old they are.', answers: { 200: json('The lines.', pricesAnswer) }, errors: [] },
  listBackends: { method: 'get', path: '/v1/backends', summary: 'Where a job can run, and the prices.', answers: { 200: json('The backends.', backendsAnswer) }, errors: [] },
  getBudget: { method: 'get', path: '/v1/budget', summary: 'What may still be spent: every budget that this session counts in.', answers: { 200: json('The budgets.', budgetsAnswer) }, errors: [] },
} as const satisfies Readonly<Record<string, Route>>;

export type Operation = keyof typeof routes;
export type Handler = (call: Call) => Response | Promise<Response>;
/** One for each operation: none is forgotten, and none is without its row in the table. */
export type Handlers<O extends Operation = Operation> = Readonly<Record<O, Handler>>;

export function addRoutes(app: App, handlers: Partial<Handlers>): void {
  for (const [operation, handler] of Object.entries(handlers)) {
    const { method, path } = routes[operation as Operation];
    app.on(method.toUpperCase(), path.replaceAll(/\{(\w+)\}/g, ':$1'), (call) => handler(call));
  }
}
