// The reads that a session and the person share: jobs, their results, logs and receipts, backends, budget.
import { DewarError, endStatuses, isDigest, jobStatusSchema, limits, mostPoints, plainText, practiceCurrency, shown, specDefaults, type BackendView, type BudgetView, type Digest, type DrawingAnswer, type EnvelopeId, type EnvelopeView, type JobId, type JobStatus, type JobView, type LogsAnswer, type PriceView, type QuotesAnswer } from '@dewar/protocol';
import { programText } from '../core/assess.ts';
import { unknownJob, type Corridor } from '../core/corridor.ts';
import { envelopeView, type Envelope } from '../core/envelope.ts';
import { unknownEnvelope } from '../core/envelopes.ts';
import type { Job } from '../core/job.ts';
import type { Analyser, Artifacts, Backends, Clock, Prices, Store } from '../core/ports.ts';
import { priceText } from '../core/quote.ts';
import { pricesShown, quotesFor } from '../core/quotes.ts';
import { isOver, jobView, statusOf } from '../core/view.ts';
import { envelopeIdOf, jobIdOf, type Call } from './door.ts';
import { columnsRange, longestWait, mostJobs, type Handlers } from './routes.ts';

export interface Readable {
  readonly corridor: Corridor;
  readonly store: Store;
  readonly artifacts: Artifacts;
  readonly analyser: Analyser;
  readonly backends: Backends;
  readonly prices: Prices;
  readonly clock: Clock;
}

/** Characters of a run's output, or of a program's source in a list, that are shown. */
const shownCharacters = 65_536;

export class Reads {
  readonly #parts: Readable;
  /** Null for the person, who sees every session's jobs. */
  readonly #session: string | null;

  constructor(parts: Readable, session: string | null) {
    this.#parts = parts;
    this.#session = session;
  }

  /** Another session's job is as unknown as one that never was. */
  async job(id: JobId): Promise<Job> {
    const job = await this.#parts.store.view.job(id);
    if (!job || (this.#session !== null && job.session.name !== this.#session)) throw unknownJob(id);
    return job;
  }

  show(job: Job): JobView {
    const { corridor, backends } = this.#parts;
    return jobView(job, backends.devices.get(job.resolved.device.name)?.view, { progress: corridor.progressOf(job.id), queue: corridor.placeOf(job) });
  }

  async jobs(limit: number): Promise<JobView[]> {
    const jobs = await this.#parts.store.view.jobs({ limit, ...(this.#session !== null && { session: this.#session }) });
    return jobs.map((job) => this.show(job));
  }

  /** Another session's envelope is as unknown as one that never was. */
  async envelope(id: EnvelopeId): Promise<Envelope> {
    const envelope = await this.#parts.store.view.envelope(id);
    if (!envelope || (this.#session !== null && envelope.session.name !== this.#session)) throw unknownEnvelope(id);
    return envelope;
  }

  async showEnvelope(envelope: Envelope): Promise<EnvelopeView> {
    return envelopeView(envelope, await this.#parts.store.view.envelopeUse(envelope.id), this.#parts.clock.now());
  }

  async envelopes(limit: number): Promise<EnvelopeView[]> {
    const found = await this.#parts.store.view.envelopes({ limit, ...(this.#session !== null && { session: this.#session }) });
    return Promise.all(found.map((envelope) => this.showEnvelope(envelope)));
  }

  /** Answers as soon as the envelope does not wait for a person, or when the time is up. */
  async waitEnvelope(id: EnvelopeId, seconds: number, signal: AbortSignal): Promise<EnvelopeView> {
    return this.#until(id, seconds, signal, async () => this.showEnvelope(await this.envelope(id)), ({ status }) => status !== 'waiting');
  }

  /** A stored program's circuit and facts; its inputs without values. */
  async drawing(digest: string, columns: number): Promise<DrawingAnswer> {
    const [known, source] = await this.#program(digest);
    const { analyser } = this.#parts;
    return { digest: known, drawing: analyser.draw(source, columns) ?? null, facts: analyser.analyse(source, {}) };
  }

  /** What a stored program would cost; its inputs without values. */
  async quotes(digest: string, size: Pick<QuotesAnswer, 'shots' | 'points' | 'time_limit_s'>): Promise<QuotesAnswer> {
    const [known, source] = await this.#program(digest);
    const { analyser, backends, prices, clock } = this.#parts;
    // Practice money compares with nothing: one's own real money is what amounts are told in, else what most of the catalogue is.
    const currency = (await this.budgets()).map((budget) => budget.currency).find((each) => each !== practiceCurrency) ?? 'USD';
    const facts = analyser.analyse(source, {});
    const { shots, points, time_limit_s: timeLimit } = size;
    return { digest: known, ...size, facts, quotes: quotesFor({ facts, shots, points, timeLimit }, { backends, prices, currency }, clock.now()) };
  }

  prices(): PriceView[] {
    return pricesShown(this.#parts, this.#parts.clock.now());
  }

  /** Reading it is work: a session's goes by its bucket. */
  async #program(digest: string): Promise<readonly [Digest, string]> {
    if (!isDigest(digest)) throw new DewarError({ code: 'artifact_unknown', message: 'not a digest', got: shown(digest), allowed: 'sha256: and 64 lowercase hexadecimal digits' });
    if (this.#session !== null) await this.#parts.corridor.pace(this.#session, digest);
    return [digest, programText(await this.#parts.artifacts.get(digest))];
  }

  /**
   * Answers when the job is over, that is ended and its receipt signed; when its status is no longer `after`; or when the time is up.
   * An end is no change from `after`: it is waited on until the receipt is signed.
   */
  async wait(id: JobId, seconds: number, after: JobStatus | undefined, signal: AbortSignal): Promise<JobView> {
    return this.#until(id, seconds, signal, () => this.job(id), (job) => isOver(job) || (after !== undefined && statusOf(job) !== after && !endStatuses.includes(statusOf(job)))).then((job) => this.show(job));
  }

  /** Looks now and at each change, till `done` says so or the time is up. */
  async #until<T>(id: string, seconds: number, signal: AbortSignal, look: () => Promise<T>, done: (found: T) => boolean): Promise<T> {
    const { corridor, clock } = this.#parts;
    const until = clock.now() + seconds * 1000;
    for (;;) {
      let woken = (): void => undefined;
      const change = new Promise<void>((resolve) => {
        woken = resolve;
      });
      // Listening begins before the look, so that no change falls between the two.
      const unlisten = corridor.changes.listen(id, woken);
      const stop = clock.after(Math.max(until - clock.now(), 0), woken);
      signal.addEventListener('abort', woken, { once: true });
      try {
        const found = await look();
        if (done(found) || clock.now() >= until || signal.aborted) return found;
        await change;
      } finally {
        unlisten();
        stop();
        signal.removeEventListener('abort', woken);
      }
    }
  }

  /** The text of a `ResultsAnswer`, around the stored bytes as they are: reading and printing millions of counts again would hold everybody up. */
  async results(id: JobId): Promise<Uint8Array<ArrayBuffer>> {
    const job = await this.job(id);
    if (!('outcome' in job)) throw new DewarError({ code: 'not_ended', message: `job ${id} has not ended`, got: statusOf(job), fix: `wait for it: GET /v1/jobs/${id}/wait, or dewar wait ${id}` });
    if (job.outcome.kind !== 'completed') throw new DewarError({ code: 'no_results', message: `job ${id} has no results: it was ${job.outcome.kind}`, got: job.outcome.kind, fix: `GET /v1/jobs/${id} says why, and so does dewar show ${id}` });
    const { results } = job.outcome;
    return Buffer.concat([Buffer.from(`{"job_id":"${id}","results_digest":"${results}","results":`), await this.#parts.artifacts.get(results), Buffer.from('}')]);
  }

  async logs(id: JobId): Promise<LogsAnswer> {
    const job = await this.job(id);
    const events = await this.#parts.store.view.jobEvents(id);
    const output = 'output' in job && job.output !== null ? await this.#parts.artifacts.get(job.output) : new Uint8Array();
    return { job_id: id, events: events.map(({ seq, time, type, summary }) => ({ seq, time, type, text: summary })), output: printable(output) };
  }

  async receipt(id: JobId): Promise<Uint8Array<ArrayBuffer>> {
    const job = await this.job(id);
    if (job.phase !== 'ended') throw new DewarError({ code: 'not_ended', message: `job ${id} has no receipt yet`, got: statusOf(job), fix: `wait for it: GET /v1/jobs/${id}/wait, or dewar wait ${id}` });
    return new Uint8Array(await this.#parts.artifacts.get(job.receipt));
  }

  backends(): BackendView[] {
    const { devices, aliases } = this.#parts.backends;
    return [...devices.values()].map(({ view, description }) => ({
      ...view, description, price: priceText(view, this.#parts.prices), aliases: [...aliases].filter(([, target]) => target === view.name).map(([alias]) => alias),
    }));
  }

  async budgets(): Promise<readonly BudgetView[]> {
    const { corridor, store } = this.#parts;
    if (this.#session === null) return corridor.budgets.show(null);
    const own = (await store.view.sessions()).find(({ name }) => name === this.#session);
    return own === undefined ? [] : corridor.budgets.show(own);
  }
}

export type ReadOperation = 'listJobs' | 'getJob' | 'waitForJob' | 'getResults' | 'getLogs' | 'getReceipt' | 'listEnvelopes' | 'getEnvelope' | 'waitForEnvelope' | 'getDrawing' | 'getQuotes' | 'listPrices' | 'listBackends' | 'getBudget';

export function readHandlers(reads: Reads): Handlers<ReadOperation> {
  return {
    listJobs: async (call) => call.json({ jobs: await reads.jobs(numberOf(call, 'limit', 50, mostJobs)) }),
    getJob: async (call) => call.json({ job: reads.show(await reads.job(jobIdOf(call))) }),
    waitForJob: async (call) => call.json({ job: await reads.wait(jobIdOf(call), numberOf(call, 'timeout_s', 30, longestWait), statusIn(call, 'after'), goneSignal(call)) }),
    getResults: async (call) => call.body(await reads.results(jobIdOf(call)), 200, { 'content-type': 'application/json' }),
    getLogs: async (call) => call.json(await reads.logs(jobIdOf(call))),
    getReceipt: async (call) => call.body(await reads.receipt(jobIdOf(call)), 200, { 'content-type': 'application/vnd.dev.sigstore.bundle.v0.3+json' }),
    listEnvelopes: async (call) => call.json({ envelopes: await reads.envelopes(numberOf(call, 'limit', 50, mostJobs)) }),
    getEnvelope: async (call) => call.json({ envelope: await reads.showEnvelope(await reads.envelope(envelopeIdOf(call))) }),
    waitForEnvelope: async (call) => call.json({ envelope: await reads.waitEnvelope(envelopeIdOf(call), numberOf(call, 'timeout_s', 30, longestWait), goneSignal(call)) }),
    getDrawing: async (call) => call.json(await reads.drawing(call.req.param('digest') ?? '', numberOf(call, 'columns', 76, columnsRange.most, columnsRange.least))),
    getQuotes: async (call) => call.json(await reads.quotes(call.req.param('digest') ?? '', {
      shots: numberOf(call, 'shots', specDefaults.shots, limits.shots, 1), points: numberOf(call, 'points', 1, mostPoints, 1), time_limit_s: numberOf(call, 'time_limit_s', specDefaults.time_limit_s, limits.time_limit_s, 1),
    })),
    listPrices: (call) => call.json({ prices: reads.prices() }),
    listBackends: (call) => call.json({ backends: reads.backends() }),
    getBudget: async (call) => call.json({ budgets: await reads.budgets() }),
  };
}

function statusIn(call: Call, name: string): JobStatus | undefined {
  const text = call.req.query(name);
  const parsed = jobStatusSchema.optional().safeParse(text);
  if (parsed.success) return parsed.data;
  throw new DewarError({ code: 'request_invalid', message: `${name} is not valid`, path: name, got: shown(text), allowed: 'a job status such as waiting' });
}

/** Aborts when the caller is gone: nobody waits for an answer any more. */
function goneSignal(call: Call): AbortSignal {
  const gone = new AbortController();
  call.env.outgoing.once('close', () => gone.abort());
  return gone.signal;
}

function numberOf(call: Call, name: string, otherwise: number, most: number, least = 0): number {
  const text = call.req.query(name);
  if (text === undefined) return otherwise;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new DewarError({ code: 'request_invalid', message: `${name} is not valid`, path: name, got: shown(text), allowed: `a whole number ${least === 0 ? 'up' : `from ${least}`} to ${most}` });
  return value;
}

/** Untrusted bytes as text that no terminal interprets, at most so many characters of it. */
export function printable(bytes: Uint8Array, most = shownCharacters): string {
  // A few bytes more, so that a text that is cut says so.
  return plainText(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, most + 4)), { max: most, lines: true });
}
