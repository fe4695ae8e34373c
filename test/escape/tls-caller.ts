// Calls to the TCP door as a client makes them, and as no client should: over TLS that trusts the door's own certificate.
import { request } from 'node:https';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Gone, parsed, type Answer } from '../e2e/broker-process.ts';

export interface TcpTarget {
  readonly port: number;
  readonly ca: string;
}

export interface TcpCall {
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One exchange. Throws `Gone` when there is no whole answer. */
export function callTcp({ port, ca }: TcpTarget, { method = 'GET', path, token, headers = {}, body }: TcpCall): Promise<Answer & { readonly headers: Readonly<Record<string, unknown>> }> {
  const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
  return new Promise((resolve, reject) => {
    const gone = (error: Error): void => reject(new Gone(`${method} ${path}: ${error.message}`));
    const sent = request({
      host: '127.0.0.1', servername: 'localhost', port, ca, method, path, agent: false,
      headers: { host: `localhost:${port}`, ...(token !== undefined && { authorization: `Bearer ${token}` }), ...(body !== undefined && { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }), ...headers },
    }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', gone);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: answer.statusCode ?? 0, text, json: parsed(text), headers: answer.headers });
      });
    });
    sent.on('error', gone);
    sent.end(body);
  });
}

export function tlsTo({ port, ca }: TcpTarget, more: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', servername: 'localhost', port, ca, ...more }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends bytes as they are, and gives what comes back until the other side closes, as it does after a refusal, or says nothing for `ms`. */
export async function rawTcp(target: TcpTarget, text: string, ms = 20_000): Promise<string> {
  const socket = await tlsTo(target);
  return new Promise((resolve) => {
    let said = '';
    const done = (): void => {
      socket.destroy();
      resolve(said);
    };
    socket.setTimeout(ms, done);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      said += chunk;
    });
    socket.on('error', done).on('close', done);
    socket.write(text, 'latin1');
  });
}
