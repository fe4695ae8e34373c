// A small server on a UNIX socket that answers as a test says, and remembers what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly contentType: string | undefined;
}

/** A value is sent as JSON with status 200; a function may write the answer itself, or return a value, or `[status, value]` made by `status()`. */
export type Answer = object | ((asked: Asked, response: ServerResponse) => unknown);
export type Answers = Record<string, Answer>;

class WithStatus {
  readonly code: number;
  readonly value: object;
  constructor(code: number, value: object) {
    this.code = code;
    this.value = value;
  }
}
export const status = (code: number, value: object): object => new WithStatus(code, value);
export const refuse = (code: number, error: object): object => status(code, { error });

export interface FakeBroker {
  readonly socketPath: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** @param answers by `METHOD /path` with the query left out; what is not named is answered 404. */
export async function fakeBroker(answers: Answers, path?: string): Promise<FakeBroker> {
  const own = path === undefined ? mkdtempSync(join(tmpdir(), 'dewar-fake-')) : undefined;
  const socketPath = path ?? join(own ?? '', 'b.sock');
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void answer(answers, asked, request, response);
  });
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath, asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(own ?? socketPath, { recursive: true, force: true });
    },
  };
}

async function answer(answers: Answers, all: Asked[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const asked: Asked = {
    method: request.method ?? '', url: request.url ?? '', body: Buffer.concat(chunks).toString('utf8'), contentType: request.headers['content-type'],
  };
  all.push(asked);
  const known = answers[`${asked.method} ${asked.url.split('?')[0] ?? ''}`];
  const made = known === undefined ? refuse(404, { code: 'not_found', message: 'no such thing' }) : typeof known === 'function' ? await known(asked, response) : known;
  if (response.headersSent || response.destroyed || made === undefined) return;
  const [code, value] = made instanceof WithStatus ? [made.code, made.value] : [200, made];
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
