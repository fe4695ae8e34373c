// What every verb is given: where things are, whom to ask, where to print, and the signal that ends it all.
import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { ControlClient, SessionClient, type JobClient } from '@dewar/client';
import { controlSocket, homeOf, sessionSocket, type Home } from '@dewar/protocol';
import type { Output } from './output.ts';

export interface Context {
  readonly output: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: Home;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly session: SessionClient;
  readonly control: ControlClient;
  /** Whom to ask about jobs: the session's socket where one is given, else the control socket, which knows every session's. */
  readonly jobs: JobClient;
}

export function contextOf(parts: Pick<Context, 'output' | 'env' | 'signal'>): Context {
  const { env } = parts;
  const home = homeFrom(env);
  const own = env['DEWAR_SOCKET'];
  const session = new SessionClient(own || sessionSocket(home, 'default'));
  const control = new ControlClient(controlSocket(home));
  return { ...parts, home, session, control, jobs: own ? session : control };
}

export function homeFrom(env: Readonly<Record<string, string | undefined>>): Home {
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
  const { uid, homedir } = userInfo();
  // Not $TMPDIR: the broker, which is started without it, must come to the same folders.
  return homeOf({ env, uid, userHome: homedir, tmp: '/tmp', sha256 });
}
