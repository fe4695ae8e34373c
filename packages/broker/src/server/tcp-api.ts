// What the control socket offers about the TCP door: open it, close it, and the session tokens that it asks for.
import { DewarError, sessionNamePattern, shown, type TcpView, type TokenAnswer } from '@dewar/protocol';
import { z } from 'zod';
import { jsonBody, type App, type Call } from './door.ts';

export interface TcpParts {
  /** Null while the door is closed. */
  readonly view: () => TcpView | null;
  readonly open: (port: number) => Promise<TcpView>;
  readonly close: () => Promise<void>;
  readonly issueToken: (session: string) => Promise<TokenAnswer>;
  readonly revokeTokens: (session: string) => Promise<number>;
}

const openSchema = z.strictObject({ port: z.int('a whole number from 0 to 65535').min(0).max(65_535) });

export function addTcp(app: App, parts: TcpParts): void {
  app.get('/v1/tcp', (call) => call.json({ tcp: parts.view() }));
  app.post('/v1/tcp', async (call) => call.json({ tcp: await parts.open((await jsonBody(call, openSchema)).port) }));
  app.post('/v1/tcp/close', async (call) => {
    await parts.close();
    return call.json({ tcp: parts.view() });
  });
  app.post('/v1/sessions/:name/tokens', async (call) => call.json(await parts.issueToken(sessionNameOf(call)), 201));
  app.post('/v1/sessions/:name/tokens/revoke', async (call) => call.json({ revoked: await parts.revokeTokens(sessionNameOf(call)) }));
}

function sessionNameOf(call: Call): string {
  const name = call.req.param('name') ?? '';
  if (sessionNamePattern.test(name)) return name;
  throw new DewarError({ code: 'not_found', message: 'there is no session of that name', got: shown(name), allowed: 'lowercase letters, digits and -, at most 32' });
}
