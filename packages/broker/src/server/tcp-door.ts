// The TCP door: for clients that can only speak TCP. This machine only, always TLS, a session token before anything else, and no browser.
import { createServer } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { DewarError, shown } from '@dewar/protocol';
import { closeServer, dropRest, headersTimeout, listenerOf, requestLineRefusal, serve, serverLimits, type App, type Door, type Listener } from './door.ts';

export interface TcpDoorParts {
  /** 0 is any that is free. */
  readonly port: number;
  readonly privatePem: string;
  readonly certificatePem: string;
  /** Whose token it is; null for anything else. */
  readonly sessionOf: (token: string) => Promise<string | null>;
  readonly appOf: (session: string) => Promise<App>;
  readonly report: (error: unknown) => void;
}

export interface TcpDoor extends Door {
  readonly port: number;
  /** Ends the connections of a session whose tokens were taken back: a long wait too. */
  drop(session: string): void;
}

const loopback = '127.0.0.1';
/** Bytes of an unauthorised body that are read to no use, so that its sender sees the refusal. */
const mostUnauthorised = 65_536;

/** Throws `request_invalid` when the port cannot be had. */
export async function openTcpDoor({ port: wanted, privatePem, certificatePem, sessionOf, appOf, report }: TcpDoorParts): Promise<TcpDoor> {
  const server = createServer({ ...serverLimits, key: privatePem, cert: certificatePem, minVersion: 'TLSv1.3', handshakeTimeout: headersTimeout });
  // A handshake that failed has nobody who could read an answer.
  server.removeAllListeners('tlsClientError');
  server.on('tlsClientError', (_, connection) => void connection.destroy());
  // HTTP knows of no connection before its handshake is done: else anybody could hold up the door's closing, and with it the broker's, by not doing it.
  const raw = new Set<Socket>();
  server.on('connection', (connection: Socket) => {
    raw.add(connection);
    connection.once('close', () => raw.delete(connection));
  });
  const listeners = new Map<string, Listener>();
  const connections = new Map<string, Set<Socket>>();
  let port = wanted;

  const admit = async (request: IncomingMessage): Promise<Listener> => {
    const refusal = requestLineRefusal(request) ?? hostRefusal(request, port) ?? originRefusal(request);
    if (refusal) throw refusal;
    const token = tokenIn(request);
    const session = token === null ? null : await sessionOf(token);
    if (session === null) throw tokenRefused();
    remember(connections, session, request.socket);
    const listener = listeners.get(session) ?? listenerOf(await appOf(session), report);
    listeners.set(session, listener);
    return listener;
  };
  serve(server, report, async (request) => {
    try {
      return await admit(request);
    } catch (error) {
      await dropRest(request, mostUnauthorised);
      throw error;
    }
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error & { readonly code?: string }) => {
      reject(new DewarError({ code: 'request_invalid', message: `the port cannot be had (${error.code ?? 'error'})`, path: '/port', got: String(wanted), allowed: 'a free port; 0 takes any', fix: 'choose another port: dewar tcp on --port N' }, { cause: error }));
    });
    server.listen({ host: loopback, port: wanted, exclusive: true }, resolve);
  });
  server.on('error', report);
  port = (server.address() as AddressInfo).port;
  return {
    port,
    close: () => {
      const closed = closeServer(server);
      for (const connection of raw) connection.destroy();
      return closed;
    },
    drop: (session) => {
      for (const connection of connections.get(session) ?? []) connection.destroy();
    },
  };
}

function remember(connections: Map<string, Set<Socket>>, session: string, connection: Socket): void {
  const own = connections.get(session) ?? new Set();
  connections.set(session, own);
  if (own.has(connection)) return;
  own.add(connection);
  connection.once('close', () => own.delete(connection));
}

/** A name that a page was rebound to this machine by is another one: only this machine's own names, and this port, pass. */
function hostRefusal({ headers: { host = '' } }: IncomingMessage, port: number): DewarError | null {
  const [, name = '', given = '443'] = /^(.*?)(?::(\d+))?$/.exec(host.toLowerCase()) ?? [];
  // RFC 9110 §4.2.2: without a port it is 443.
  if (['localhost', loopback, '[::1]'].includes(name) && given === String(port)) return null;
  return new DewarError({ code: 'host_refused', message: 'this door answers to this machine\'s own names only', got: shown(host), allowed: `localhost:${port}, ${loopback}:${port} or [::1]:${port}` });
}

/** Browsers say where a request comes from, and programs do not. */
function originRefusal({ headers }: IncomingMessage): DewarError | null {
  const site = headers['sec-fetch-site'];
  if (headers.origin === undefined && (site === undefined || site === 'none')) return null;
  return new DewarError({ code: 'origin_refused', message: 'this door takes nothing from web pages', got: shown(headers.origin ?? site), allowed: 'a request without an origin header', fix: 'use a program, not a browser' });
}

/** RFC 6750 §2.1, or RFC 7617 with the token as password. Null when there is not exactly one. */
function tokenIn({ rawHeaders }: IncomingMessage): string | null {
  const sent = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'authorization');
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+)$/.exec(sent.length === 1 ? sent[0] ?? '' : '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return null;
  const pair = Buffer.from(credentials, 'base64').toString('latin1');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : null;
}

function tokenRefused(): DewarError {
  return new DewarError({
    code: 'token_refused', message: 'this door needs a session token that is live', allowed: 'authorization: Bearer TOKEN, or Basic with the token as password',
    fix: 'the person makes one: dewar session token NAME',
  });
}
