// Streamable HTTP in front of `dewar mcp`, as little of it as the conformance suite needs, which speaks nothing else.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestHome } from './broker-process.ts';
import { RawMcp } from './mcp-process.ts';

export interface Bridge {
  readonly url: string;
  close(): Promise<void>;
}

/** One server process a session. Requests are answered as JSON; a stream of the server's own is not offered. */
export async function bridgeTo(home: TestHome): Promise<Bridge> {
  const sessions = new Map<string, RawMcp>();
  const server = createServer((request, response) => {
    exchange(home, sessions, request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      for (const raw of sessions.values()) await raw.stop();
    },
  };
}

async function exchange(home: TestHome, sessions: Map<string, RawMcp>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const message: { readonly id?: string | number; readonly method?: string } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const named = request.headers['mcp-session-id'];
  const id = typeof named === 'string' ? named : randomUUID();
  const known = sessions.get(id);
  if (known === undefined && message.method !== 'initialize') return void response.writeHead(404).end();
  const raw = known ?? new RawMcp(home);
  sessions.set(id, raw);
  raw.send(message);
  if (message.id === undefined || message.method === undefined) return void response.writeHead(202).end();
  const answer = await raw.answer(message.id);
  response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': id }).end(JSON.stringify(answer));
}
