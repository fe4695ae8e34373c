// Sessions as a person makes and changes them: their name, what they may read, and whose work and money it is.
import { DewarError, makeId } from '@dewar/protocol';
import type { CorridorParts } from './parts.ts';
import type { StoredSession } from './ports.ts';

export interface SessionWanted {
  readonly name: string;
  readonly read: readonly string[];
  readonly user?: string;
  readonly project?: string;
}

/** Null takes a name away; what is absent stays. */
export interface SessionChange {
  readonly user?: string | null;
  readonly project?: string | null;
}

type Parts = Pick<CorridorParts, 'store' | 'clock' | 'random'>;

export async function addSession({ store, clock, random }: Parts, wanted: SessionWanted): Promise<StoredSession> {
  const now = clock.now();
  const session: StoredSession = { id: makeId('session', now, random.bytes(7)), containment: 'uncontained', created: new Date(now).toISOString(), ...wanted };
  await store.commit(async (tx) => {
    if ((await tx.sessions()).some(({ name }) => name === session.name)) throw new DewarError({ code: 'session_exists', message: 'there is a session of that name', got: session.name, fix: 'choose another name; `dewar session list` shows them' });
    await tx.addSession(session);
    await tx.append({ type: 'session.created', body: { summary: `session ${session.name} created`, session: { ...session, read: [...session.read] } } });
  });
  return session;
}

/** From the next job on: what was submitted before keeps whom it is paid by. */
export async function changeSession({ store }: Parts, name: string, change: SessionChange): Promise<StoredSession> {
  return store.commit(async (tx) => {
    const before = (await tx.sessions()).find((session) => session.name === name);
    if (before === undefined) throw new DewarError({ code: 'not_found', message: 'no such session', got: name, fix: '`dewar session list` shows them' });
    const { user: oldUser, project: oldProject, ...rest } = before;
    const [user, project] = [changed(oldUser, change.user), changed(oldProject, change.project)];
    const session: StoredSession = { ...rest, ...(user !== undefined && { user }), ...(project !== undefined && { project }) };
    await tx.changeSession(session);
    await tx.append({ type: 'session.changed', body: { summary: `session ${name}: user ${user ?? 'the owner'}, project ${project ?? 'none'}`, session: { ...session, read: [...session.read] } } });
    return session;
  });
}

function changed(before: string | undefined, to: string | null | undefined): string | undefined {
  return to === undefined ? before : (to ?? undefined);
}
