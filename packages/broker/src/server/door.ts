// The door: one HTTP server a socket, bodies capped while they stream, every failure one typed error.
import { unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { DewarError, httpStatus, isId, shown, type EnvelopeId, type ErrorBody, type JobId } from '@dewar/protocol';

export type App = Hono<{ Bindings: HttpBindings }>;
export type Call = Context<{ Bindings: HttpBindings }>;

/** Throws `peer_refused` or `peer_unreadable` unless the one at the other end may use this door. */
export type PeerCheck = (socket: Socket) => void;

/** Milliseconds for a whole request to arrive, and for its headers. */
const requestTimeout = 30_000;
const headersTimeout = 10_000;
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
  app.notFound((call) => answerError(call, new DewarError({ code: 'not_found', message: 'no such address', path: shown(call.req.path), allowed: 'see GET /v1' })));
  app.onError((error, call) => {
    if (error instanceof DewarError) return answerError(call, tellsPaths ? error : withoutPath(error));
    report(error);
    return answerError(call, new DewarError({ code: 'internal', message: 'the broker failed; its log says how', fix: 'see broker.log in the state folder' }));
  });
  return app;
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
  return call.json({ error: error.toBody() }, httpStatus(error.code) as 400);
}

/** A caller that still writes would not see the answer: what is left of its body is read and dropped first, up to a cap and while it comes. */
function dropRest(incoming: IncomingMessage): Promise<void> {
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
      if (size > mostDropped) done();
      else timer.refresh();
    });
    for (const end of ['end', 'close', 'error']) incoming.once(end, done);
    incoming.resume();
  });
}

/** Opens a socket with mode 0600. */
export async function openDoor({ socket, app, peer, report }: DoorParts): Promise<Door> {
  await unlink(socket).catch(() => undefined);
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, errorHandler: (error: unknown) => {
    report(error);
    return errorResponse({ code: 'internal', message: 'the request could not be read' });
  } });
  const refusals = new WeakMap<Socket, DewarError>();
  const turns = new Turns();
  const server = createServer({ requestTimeout, headersTimeout, connectionsCheckingInterval: 1000, keepAliveTimeout: 5000, requireHostHeader: false }, (request, response) => {
    if (!turns.take(request, response)) return;
    const refusal = refusals.get(request.socket) ?? requestLineRefusal(request);
    if (refusal) return refuse(response, refusal);
    void listener(request, response);
  });
  // Without this, Node answers by itself, in no typed way.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    if (turns.take(request, response)) refuse(response, requestLineRefusal(request) ?? syntax('an expectation that nobody here meets', request.headers.expect));
  });
  server.maxConnections = mostConnections;
  if (peer) {
    server.on('connection', (connection) => {
      try {
        peer(connection);
      } catch (error) {
        refusals.set(connection, error instanceof DewarError ? error : new DewarError({ code: 'peer_unreadable', message: 'the caller could not be checked' }, { cause: error }));
      }
    });
  }
  server.on('clientError', (error: Error & { readonly code?: string }, connection) => writeRaw(connection as Socket, rawError(error.code)));
  await listen(server, socket);
  return { close: () => closeServer(server) };
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

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What Node's parser lets pass and an address cannot be made of: RFC 9112 §3.2, one host and a path from the root. Null when it is fine. */
function requestLineRefusal({ url = '', rawHeaders }: IncomingMessage): DewarError | null {
  const hosts = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host');
  const [host = ''] = hosts;
  if (hosts.length !== 1 || !/^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/.test(host)) return syntax('a request has one host header, a name with or without a port', hosts.join(', '));
  return url.startsWith('/') ? null : syntax('an address begins with /', url);
}

function syntax(message: string, got: string | undefined): DewarError {
  return new DewarError({ code: 'http_syntax', message, got: shown(got), allowed: 'an HTTP/1.1 request such as GET /v1/jobs with host: dewar' });
}

function refuse(response: ServerResponse, error: DewarError): void {
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
