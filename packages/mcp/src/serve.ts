// One connection: lines on one side, the session's socket on the other.
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { SessionClient } from '@dewar/client';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { LineTransport } from './line-transport.ts';
import { said } from './said.ts';
import { mcpServer } from './server.ts';

export interface Serving {
  readonly socketPath: string;
  readonly input: Readable;
  readonly output: Writable;
  readonly log: (line: string) => void;
  /** Told once, when the client has gone. */
  readonly ended: () => void;
}

export function serve({ socketPath, input, output, log, ended }: Serving): void {
  const client = new SessionClient(socketPath);
  const transport = new LineTransport(input, output, ended);
  serveStdio(() => mcpServer({ client, version: version(), log }), { transport, onerror: (error) => log(said(error.message)) });
}

function version(): string {
  const about: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof about === 'object' && about !== null && 'version' in about ? String(about.version) : '';
}
