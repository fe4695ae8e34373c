// One HTTP/1.1 exchange over a UNIX socket: capped, timed, abortable, and every failure a DewarError.
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { DewarError, errorCodes, parseJson, shown, type ErrorBody, type Json } from '@dewar/protocol';
import { z } from 'zod';

/** Most bytes of an answer that are read; more is refused. */
export const answerLimit = 33_554_432;
/** Milliseconds that an ordinary request may take. */
export const requestTimeoutMs = 30_000;

export interface Exchange {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly body?: Uint8Array;
  readonly contentType?: 'application/json' | 'application/octet-stream';
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Sends one request and gives the body of its 2xx answer.
 * Throws the broker's own error, or `not_running`, `peer_refused`, `request_timeout`, `body_too_large`, `body_truncated`, or the signal's reason.
 */
export async function exchange(socketPath: string, wanted: Exchange): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(wanted.timeoutMs ?? requestTimeoutMs);
  const signal = wanted.signal === undefined ? deadline : AbortSignal.any([wanted.signal, deadline]);
  signal.throwIfAborted();
  try {
    const answer = await send(socketPath, wanted, signal);
    const bytes = await readAll(answer);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return bytes;
    throw refusal(answer, bytes, wanted);
  } catch (error) {
    if (wanted.signal?.aborted === true) throw wanted.signal.reason;
    if (deadline.aborted) throw timedOut(wanted);
    throw error instanceof DewarError ? error : connectionError(socketPath, error);
  }
}

function send(socketPath: string, wanted: Exchange, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const body = wanted.body ?? new Uint8Array(0);
    const headers = {
      host: 'dewar',
      accept: 'application/json',
      ...(wanted.method !== 'GET' && { 'content-length': String(body.length), 'content-type': wanted.contentType ?? 'application/json' }),
    };
    const outgoing = request({ socketPath, method: wanted.method, path: wanted.path, headers, signal, agent: false }, resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function readAll(answer: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > answerLimit) {
      answer.destroy();
      throw new DewarError({ code: 'body_too_large', message: 'the answer is too large', got: `more than ${answerLimit} bytes`, allowed: `${answerLimit} bytes` });
    }
    chunks.push(chunk);
  }
  if (!answer.complete) throw new DewarError({ code: 'body_truncated', message: 'the answer ended before it was whole', fix: 'try again' });
  return Buffer.concat(chunks);
}

const errorAnswer: z.ZodType<{ error: ErrorBody }> = z.object({
  error: z.object({
    code: z.enum(errorCodes),
    message: z.string(),
    path: z.string().exactOptional(),
    got: z.string().exactOptional(),
    allowed: z.string().exactOptional(),
    fix: z.string().exactOptional(),
  }),
});

/** The error in a JSON text `{"error": ErrorBody}`; undefined when it is anything else. */
export function errorIn(bytes: Uint8Array): DewarError | undefined {
  const parsed = errorAnswer.safeParse(jsonOrUndefined(bytes));
  return parsed.success ? new DewarError(parsed.data.error) : undefined;
}

/** Asked too fast: nothing was recorded, and the same may be sent again. */
class TooFast extends DewarError {
  readonly afterMs: number;

  constructor(told: DewarError, afterMs: number) {
    super(told.toBody());
    this.afterMs = afterMs;
  }
}

/** `exchange`, and the same again when the broker says it may be, for at most as long as an ordinary request may take. */
export async function exchangePatiently(socketPath: string, wanted: Exchange): Promise<Uint8Array> {
  const until = performance.now() + requestTimeoutMs;
  for (;;) {
    try {
      return await exchange(socketPath, wanted);
    } catch (error) {
      if (!(error instanceof TooFast) || performance.now() + error.afterMs > until) throw error;
      await sleep(error.afterMs, undefined, wanted.signal === undefined ? {} : { signal: wanted.signal }).catch(() => wanted.signal?.throwIfAborted());
    }
  }
}

function refusal({ statusCode: status = 0, headers }: IncomingMessage, bytes: Uint8Array, wanted: Exchange): DewarError {
  const told = errorIn(bytes);
  if (told?.code === 'rate_limited') return new TooFast(told, 1000 * Number(/^\d{1,4}$/.exec(headers['retry-after'] ?? '')?.[0] ?? 1));
  return told ?? new DewarError({
    code: 'internal', message: `${wanted.method} ${wanted.path} was answered with status ${status} and no error that this client knows`,
    got: shown(Buffer.from(bytes.subarray(0, 200)).toString('utf8')), fix: 'check that client and broker are of one version: dewar status',
  });
}

function jsonOrUndefined(bytes: Uint8Array): Json | undefined {
  try {
    return parseJson(bytes, { bytes: answerLimit, depth: 32, values: 2_000_000 });
  } catch {
    return undefined;
  }
}

/** The value of an answer's JSON, checked. Throws `internal` with the path of what does not fit. */
export function parseAnswer<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  const value = jsonOrUndefined(bytes);
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DewarError({
    code: 'internal', message: `the answer to ${what} is not what this client knows`, path: (issue?.path ?? []).map((key) => `/${String(key)}`).join(''),
    got: value === undefined ? 'no valid JSON' : shown(issue?.code ?? ''), allowed: issue?.message ?? 'JSON', fix: 'check that client and broker are of one version: dewar status',
  });
}

function timedOut(wanted: Exchange): DewarError {
  return new DewarError({
    code: 'request_timeout', message: `no answer to ${wanted.method} ${wanted.path} in time`, allowed: `${wanted.timeoutMs ?? requestTimeoutMs} ms`,
    fix: 'see what the broker is doing: dewar status',
  });
}

function connectionError(socketPath: string, cause: unknown): DewarError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const got = `${shown(socketPath)}: ${code || 'no connection'}`;
  if (code === 'EACCES' || code === 'EPERM') {
    return new DewarError({ code: 'peer_refused', message: 'this user may not open the socket', got, allowed: 'the user who started the broker', fix: 'run the command as that user' }, { cause });
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK' || code === 'ENOTDIR') {
    return new DewarError({ code: 'not_running', message: 'no broker answers on the socket', got, fix: 'dewar up' }, { cause });
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    return new DewarError({ code: 'not_running', message: 'the broker went away before it answered', got, fix: 'dewar up, then look with dewar jobs before you send anything again' }, { cause });
  }
  return new DewarError({ code: 'internal', message: 'the exchange with the broker failed', got, fix: 'dewar doctor' }, { cause });
}
