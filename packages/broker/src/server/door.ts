// What every door shares: one HTTP server each, bodies capped while they stream, one request at a time a connection, every failure one typed error.
import { unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { DewarError, httpStatus, isId, limits, parseJson, shown, type EnvelopeId, type ErrorBody, type JobId } from '@dewar/protocol';
import type { z } from 'zod';
import { RateLimited } from '../core/submit-rates.ts';

export type App = Hono<{ Bindings: HttpBindings }>;
export type Call = Context<{ Bindings: HttpBindings }>;

/** Throws `peer_refused` or `peer_unreadable` unless the one at the other end may use this door. */
export type PeerCheck = (socket: Socket) => void;

/** Takes a request that has been let in. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Says who takes a request before any of its body is read. Throws why nobody does. */
export type Admission = (request: IncomingMessage) => Listener | Promise<Listener>;

/** Milliseconds for a whole request to arrive, and for its headers. */
const requestTimeout = 30_000;
export const headersTimeout = 10_000;
export const serverLimits = { requestTimeout, headersTimeout, connectionsCheckingInterval: 1000, keepAliveTimeout: 5000, requireHostHeader: false } as const;
const mostConnections = 64;
/** Bytes of a refused body that are read to no use. */
const mostDropped = 33_554_432;
/** Milliseconds without a byte of it. */
const dropIdle = 200;

export interface DoorParts {
  /** In a folder that only the user can enter. */
  readonly socket: string;
  readonly app: App;
  /** Null on a session's socket: whoever reaches it is the session. */
  readonly peer: PeerCheck | null;
  readonly report: (error: unknown) => void;
}

export interface Door {
  close(): Promise<void>;
}

/** @param tellsPaths false where an agent asks: where the broker keeps its state is nothing to it. */
export function newApp(report: (error: unknown) => void, { tellsPaths }: { readonly tellsPaths: boolean }): App {
  const app: App = new Hono();
  app.notFound((call) => {
    const methods = methodsOf(app, call.req.path);
    if (methods.length === 0) return answerError(call, noSuchAddress(call));
    call.header('allow', methods.join(', '));
    return answerError(call, new DewarError({ code: 'method_not_allowed', message: 'this address takes another method', got: shown(call.req.method), allowed: methods.join(', ') }));
  });
  app.onError((error, call) => {
    if (error instanceof DewarError) return answerError(call, tellsPaths ? error : withoutPath(error));
    report(error);
    return answerError(call, new DewarError({ code: 'internal', message: 'the broker failed; its log says how', fix: 'see broker.log in the state folder' }));
  });
  return app;
}

/** HEAD is a GET whose body is left out (RFC 9110 §9.3.2). */
function methodsOf(app: App, path: string): string[] {
  const known = ['GET', 'PUT', 'POST'].filter((method) => app.router.match(method, path)[0].length > 0);
  return known.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

function noSuchAddress(call: Call): DewarError {
  return new DewarError({ code: 'not_found', message: 'no such address', path: shown(call.req.path), allowed: 'see GET /v1' });
}

/** What the storage could not do is told with the file's path in `got`. */
function withoutPath(error: DewarError): DewarError {
  if (!error.code.startsWith('storage_')) return error;
  const { got: _, ...body } = error.toBody();
  return new DewarError(body, { cause: error });
}

async function answerError(call: Call, error: DewarError): Promise<Response> {
  const { incoming } = call.env;
  const { headers } = incoming;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0) {
    await dropRest(incoming);
    if (!incoming.complete) call.header('connection', 'close');
  }
  if (error instanceof RateLimited) call.header('retry-after', String(error.retryAfterS));
  return call.json({ error: error.toBody() }, httpStatus(error.code) as 400);
}

/** A caller that still writes would not see the answer: what is left of its body is read and dropped first, up to a cap and while it comes. */
export function dropRest(incoming: IncomingMessage, most = mostDropped): Promise<void> {
  return new Promise((resolve) => {
    if (incoming.complete || incoming.destroyed) return resolve();
    let size = 0;
    const timer = setTimeout(resolve, dropIdle);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    incoming.on('data', (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > most) done();
      else timer.refresh();
    });
    for (const end of ['end', 'close', 'error']) incoming.once(end, done);
    incoming.resume();
  });
}

/** Opens a socket with mode 0600. */
export async function openDoor({ socket, app, peer, report }: DoorParts): Promise<Door> {
  await unlink(socket).catch(() => undefined);
  const refusals = new WeakMap<Socket, DewarError>();
  const listener = listenerOf(app, report);
  const server = createServer(serverLimits);
  serve(server, report, (request) => {
    const refusal = refusals.get(request.socket) ?? requestLineRefusal(request);
    if (refusal) throw refusal;
    return listener;
  });
  if (peer) {
    server.on('connection', (connection) => {
      try {
        peer(connection);
      } catch (error) {
        refusals.set(connection, error instanceof DewarError ? error : new DewarError({ code: 'peer_unreadable', message: 'the caller could not be checked' }, { cause: error }));
      }
    });
  }
  await listen(server, socket);
  return { close: () => closeServer(server) };
}

export function listenerOf(app: App, report: (error: unknown) => void): Listener {
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, errorHandler: (error: unknown) => {
    report(error);
    return errorResponse({ code: 'internal', message: 'the request could not be read' });
  } });
  return (request, response) => void listener(request, response);
}

/** Gives a server what every door has: its caps, its turns, and a typed answer to whatever comes. */
export function serve(server: Server, report: (error: unknown) => void, admit: Admission): void {
  const turns = new Turns();
  const onRequest = async (request: IncomingMessage, response: ServerResponse, expects: 'nothing' | 'to continue' | 'else'): Promise<void> => {
    try {
      const listener = await admit(request);
      if (expects === 'else') throw syntax('an expectation that nobody here meets', request.headers.expect);
      if (expects === 'to continue') response.writeContinue();
      listener(request, response);
    } catch (error) {
      if (!(error instanceof DewarError)) report(error);
      refuse(response, error instanceof DewarError ? error : new DewarError({ code: 'internal', message: 'the broker failed; its log says how' }));
    }
  };
  // Without the last two, Node answers by itself: before anybody was let in, and in no typed way.
  for (const [event, expects] of [['request', 'nothing'], ['checkContinue', 'to continue'], ['checkExpectation', 'else']] as const) {
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      if (turns.take(request, response)) void onRequest(request, response, expects);
    });
  }
  server.maxConnections = mostConnections;
  server.on('clientError', (error: Error & { readonly code?: string }, connection) => writeRaw(connection as Socket, rawError(error.code)));
}

/** One request under way a connection: else a caller could start any number at once and hold up everybody. */
class Turns {
  readonly #busy = new WeakSet<Socket>();
  readonly #refused = new WeakSet<Socket>();

  /** False when the request has been refused, or is one after such a one and gets no answer. */
  take({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (this.#refused.has(socket)) return false;
    if (this.#busy.has(socket)) {
      this.#refused.add(socket);
      // The answer under way goes out, then this refusal, and the connection ends with it. Till then nothing more is read, but for what
      // has come already: Node's parser reads on at the end of each request, so a pause holds only after that.
      setImmediate(() => socket.pause());
      refuse(response, new DewarError({ code: 'too_many_requests', message: 'the request before this one has no answer yet', allowed: 'one request at a time on a connection', fix: 'wait for each answer, or use another connection' }));
      return false;
    }
    this.#busy.add(socket);
    response.once('close', () => this.#busy.delete(socket));
    return true;
  }
}

function listen(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Node binds before `listen` returns: the socket is made with mode 0600, and no other file in between.
    const before = process.umask(0o177);
    try {
      server.listen(socket, resolve);
    } finally {
      process.umask(before);
    }
  });
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What Node's parser lets pass and an address cannot be made of: RFC 9112 §3.2, one host and a path from the root. Null when it is fine. */
export function requestLineRefusal({ url = '', rawHeaders }: IncomingMessage): DewarError | null {
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host');
  const [host = ''] = hosts;
  if (hosts.length !== 1 || !/^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(host)) return syntax('a request has one host header, a name with or without a port', hosts.join(', '));
  return url.startsWith('/') ? null : syntax('an address begins with /', url);
}

function syntax(message: string, got: string | undefined): DewarError {
  return new DewarError({ code: 'http_syntax', message, got: shown(got), allowed: 'an HTTP/1.1 request such as GET /v1/jobs with host: dewar' });
}

function refuse(response: ServerResponse, error: DewarError): void {
  // RFC 9110 §15.5.2: which scheme would pass.
  if (error.code === 'token_refused') response.setHeader('www-authenticate', 'Bearer realm="dewar"');
  response.writeHead(httpStatus(error.code), { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ error: error.toBody() }));
}

/** What Node's own parser refused. */
function rawError(code: string | undefined): ErrorBody {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { code: 'request_timeout', message: 'the request took too long to arrive', allowed: `${requestTimeout / 1000} s` };
  if (code === 'HPE_HEADER_OVERFLOW') return { code: 'body_too_large', message: 'the headers are too large' };
  return { code: 'http_syntax', message: 'that was not an HTTP/1.1 request' };
}

function writeRaw(connection: Socket, body: ErrorBody): void {
  if (!connection.writable) return;
  const text = JSON.stringify({ error: body });
  connection.end(`HTTP/1.1 ${httpStatus(body.code)} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`);
}

function errorResponse(body: ErrorBody): Response {
  return new Response(JSON.stringify({ error: body }), { status: httpStatus(body.code), headers: { 'content-type': 'application/json' } });
}

/** The body, never more than `cap` bytes of it in memory. Throws `body_too_large`, `body_truncated` or `content_type`. */
export async function readBody(call: Call, cap: number, type: 'application/json' | 'application/octet-stream'): Promise<Uint8Array> {
  const { incoming } = call.env;
  const sent = incoming.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (sent !== type) throw new DewarError({ code: 'content_type', message: 'the body is of another type', got: shown(sent), allowed: type, fix: `send the header content-type: ${type}` });
  const tooLarge = (got: string): DewarError => new DewarError({ code: 'body_too_large', message: 'the body is too large', got, allowed: `at most ${cap} bytes` });
  if (Number(incoming.headers['content-length'] ?? 0) > cap) throw tooLarge(`${incoming.headers['content-length']} bytes`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > cap) throw tooLarge(`more than ${cap} bytes`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof DewarError) throw error;
    throw new DewarError({ code: 'body_truncated', message: 'the request ended before its body did' }, { cause: error });
  }
  return Buffer.concat(chunks);
}

/** The body as JSON, strictly read and checked. Throws `request_invalid` besides what reading throws. */
export async function jsonBody<T>(call: Call, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(parseJson(await readBody(call, limits.spec_bytes, 'application/json')));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DewarError({ code: 'request_invalid', message: 'the request is not valid', path: `/${(issue?.path ?? []).map(String).join('/')}`, got: shown(issue?.input), allowed: issue?.message ?? 'see docs/api.md' });
}

export function jobIdOf(call: Call): JobId {
  const id = call.req.param('id') ?? '';
  if (isId('job', id)) return id;
  throw new DewarError({ code: 'not_found', message: 'no such job', got: shown(id), allowed: 'job_ and 20 characters' });
}

export function envelopeIdOf(call: Call): EnvelopeId {
  const id = call.req.param('id') ?? '';
  if (isId('env', id)) return id;
  throw new DewarError({ code: 'not_found', message: 'no such envelope', got: shown(id), allowed: 'env_ and 20 characters' });
}
