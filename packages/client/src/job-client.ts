// The job reads that both sockets answer: a session sees its own jobs, the control socket every session's.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  anyObject, drawingAnswer, endStatuses, envelopeAnswer, envelopesAnswer, jobAnswer, jobsAnswer, logsAnswer, pricesAnswer, quotesAnswer, resultsAnswer,
  type DrawingAnswer, type EnvelopeView, type JobStatus, type JobView, type LogsAnswer, type PriceView, type QuotesAnswer, type ResultsAnswer,
} from '@dewar/protocol';
import type { z } from 'zod';
import { exchange, exchangePatiently, parseAnswer, requestTimeoutMs, type Exchange } from './transport.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface WaitOptions extends CallOptions {
  /** Give up after so many milliseconds and return the job as it is; left out, wait for ever. */
  readonly timeoutMs?: number;
  /** Seconds of one long poll; at most 30. With `onJob`, also how often progress is told. */
  readonly pollS?: number;
  /** Told of the job at each poll and as soon as its status changes. */
  readonly onJob?: (job: JobView) => void;
}

/** Milliseconds between polls that told nothing new at once, so that a strange socket cannot make the caller spin. */
const idleMs = 250;
/** Polls that may tell something new at once: a job has no more statuses to go through. */
const mostAtOnce = 6;

export class JobClient {
  readonly socketPath: string;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /** Newest first; at most `limit`. */
  async jobs(limit = 50, options: CallOptions = {}): Promise<readonly JobView[]> {
    return (await this.get(jobsAnswer, `/v1/jobs?limit=${limit}`, options)).jobs;
  }

  async job(id: string, options: CallOptions = {}): Promise<JobView> {
    return (await this.get(jobAnswer, jobPath(id), options)).job;
  }

  /** The job when it has ended, or as it is when `timeoutMs` has passed. */
  async wait(id: string, { signal, timeoutMs, pollS = 25, onJob }: WaitOptions = {}): Promise<JobView> {
    const end = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
    const call = signal === undefined ? {} : { signal };
    let job = await this.job(id, call);
    onJob?.(job);
    let atOnce = 0;
    while (!hasEnded(job.status)) {
      const left = end - performance.now();
      if (left <= 0) return job;
      const seconds = Math.max(1, Math.min(pollS, 30, Math.ceil(left / 1000)));
      const started = performance.now();
      const next = await this.poll(id, seconds, job.status, call);
      onJob?.(next);
      const early = performance.now() - started < idleMs;
      if (early) atOnce += 1;
      const idle = early && (next.status === job.status || atOnce > mostAtOnce);
      job = next;
      if (idle) await sleep(idleMs, undefined, call);
    }
    return job;
  }

  private async poll(id: string, seconds: number, after: JobStatus, options: CallOptions): Promise<JobView> {
    const path = `${jobPath(id)}/wait?timeout_s=${seconds}&after=${after}`;
    return (await this.get(jobAnswer, path, { ...options, timeoutMs: seconds * 1000 + requestTimeoutMs })).job;
  }

  async results(id: string, options: CallOptions = {}): Promise<ResultsAnswer> {
    return this.get(resultsAnswer, `${jobPath(id)}/results`, options);
  }

  async logs(id: string, options: CallOptions = {}): Promise<LogsAnswer> {
    return this.get(logsAnswer, `${jobPath(id)}/logs`, options);
  }

  /** The Sigstore bundle's bytes as sent: they are what a verifier checks. */
  async receipt(id: string, options: CallOptions = {}): Promise<Uint8Array> {
    const path = `${jobPath(id)}/receipt`;
    const bytes = await exchange(this.socketPath, { method: 'GET', path, ...options });
    parseAnswer(anyObject, bytes, `GET ${path}`);
    return bytes;
  }

  /** Newest first; at most `limit`. */
  async envelopes(limit = 50, options: CallOptions = {}): Promise<readonly EnvelopeView[]> {
    return (await this.get(envelopesAnswer, `/v1/envelopes?limit=${limit}`, options)).envelopes;
  }

  async envelope(id: string, options: CallOptions = {}): Promise<EnvelopeView> {
    return (await this.get(envelopeAnswer, envelopePath(id), options)).envelope;
  }

  /** The envelope as soon as a person has answered, or as it is when `timeoutMs` has passed. */
  async waitEnvelope(id: string, { signal, timeoutMs, pollS = 25 }: Omit<WaitOptions, 'onJob'> = {}): Promise<EnvelopeView> {
    const end = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
    const call = signal === undefined ? {} : { signal };
    let envelope = await this.envelope(id, call);
    while (envelope.status === 'waiting') {
      const left = end - performance.now();
      if (left <= 0) return envelope;
      const seconds = Math.max(1, Math.min(pollS, 30, Math.ceil(left / 1000)));
      const started = performance.now();
      envelope = (await this.get(envelopeAnswer, `${envelopePath(id)}/wait?timeout_s=${seconds}`, { ...call, timeoutMs: seconds * 1000 + requestTimeoutMs })).envelope;
      if (envelope.status === 'waiting' && performance.now() - started < idleMs) await sleep(idleMs, undefined, call);
    }
    return envelope;
  }

  /** Gives it back: nothing more runs under it. */
  async closeEnvelope(id: string, options: CallOptions = {}): Promise<EnvelopeView> {
    return (await this.post(envelopeAnswer, `${envelopePath(id)}/close`, {}, options)).envelope;
  }

  /** A stored program's circuit in text, and its facts. */
  async drawing(digest: string, columns = 76, options: CallOptions = {}): Promise<DrawingAnswer> {
    return this.get(drawingAnswer, `/v1/artifacts/${encodeURIComponent(digest)}/drawing?columns=${columns}`, options);
  }

  /** What a stored program would cost at most on every device that has a price, the cheapest first. */
  async quotes(digest: string, size: { readonly shots?: number; readonly points?: number; readonly time_limit_s?: number } = {}, options: CallOptions = {}): Promise<QuotesAnswer> {
    const query = new URLSearchParams(Object.entries(size).map(([name, value]): [string, string] => [name, String(value)])).toString();
    return this.get(quotesAnswer, `/v1/artifacts/${encodeURIComponent(digest)}/quotes${query === '' ? '' : `?${query}`}`, options);
  }

  /** The price list, with the age of each line. */
  async prices(options: CallOptions = {}): Promise<readonly PriceView[]> {
    return (await this.get(pricesAnswer, '/v1/prices', options)).prices;
  }

  async cancel(id: string, options: CallOptions = {}): Promise<JobView> {
    return (await this.post(jobAnswer, `${jobPath(id)}/cancel`, {}, options)).job;
  }

  protected async get<T>(schema: z.ZodType<T>, path: string, options: Pick<Exchange, 'signal' | 'timeoutMs'>): Promise<T> {
    return parseAnswer(schema, await exchange(this.socketPath, { method: 'GET', path, ...options }), `GET ${path}`);
  }

  protected async post<T>(schema: z.ZodType<T>, path: string, body: object, options: Pick<Exchange, 'signal' | 'timeoutMs'>): Promise<T> {
    return this.postBytes(schema, path, new TextEncoder().encode(JSON.stringify(body)), options);
  }

  /** As `postBytes`, for what the broker takes only so often. */
  protected async postPatiently<T>(schema: z.ZodType<T>, path: string, body: Uint8Array, options: CallOptions): Promise<T> {
    return parseAnswer(schema, await exchangePatiently(this.socketPath, { method: 'POST', path, body, ...options }), `POST ${path}`);
  }

  protected async postBytes<T>(schema: z.ZodType<T>, path: string, body: Uint8Array, options: Pick<Exchange, 'signal' | 'timeoutMs'>): Promise<T> {
    return parseAnswer(schema, await exchange(this.socketPath, { method: 'POST', path, body, ...options }), `POST ${path}`);
  }
}

export function hasEnded(status: JobStatus): boolean {
  return endStatuses.includes(status);
}

export function jobPath(id: string): string {
  return `/v1/jobs/${encodeURIComponent(id)}`;
}

export function envelopePath(id: string): string {
  return `/v1/envelopes/${encodeURIComponent(id)}`;
}
