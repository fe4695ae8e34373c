// What the control socket offers the person: see everything, answer what waits, pull the brake, open sessions.
import { z } from 'zod';
import { digestSchema, DewarError, isId, limits, sessionNamePattern, type Decision, type Digest, type JobStatus, type KeysView, type PendingEnvelopeView, type PendingView, type PolicyInput, type SessionView, type Sha256, type StatusView } from '@dewar/protocol';
import type { WaitingEnvelope } from '../core/envelope.ts';
import type { Policies } from '../core/explain.ts';
import type { Resolved, SessionRef, Waiting } from '../core/job.ts';
import type { StoredSession } from '../core/ports.ts';
import type { SessionChange, SessionWanted } from '../core/sessions.ts';
import { addBudgets } from './budget-api.ts';
import { addPolicy } from './policy-api.ts';
import { envelopeIdOf, jobIdOf, jsonBody, newApp, type App } from './door.ts';
import { printable, readHandlers, Reads, type Readable } from './reads.ts';
import { addRoutes } from './routes.ts';
import { addTcp, type TcpParts } from './tcp-api.ts';

export interface ControlParts extends Readable {
  readonly version: string;
  readonly home: string;
  readonly since: string;
  readonly policies: Policies;
  readonly sha256: Sha256;
  readonly keys: KeysView;
  readonly report: (error: unknown) => void;
  readonly socketOf: (session: string) => string;
  /** Journals the session and opens its door. Throws `session_exists`. */
  readonly openSession: (wanted: SessionWanted) => Promise<StoredSession>;
  /** Whose work and money it is from now on; null: the owner's, or no project's. Throws `not_found`. */
  readonly changeSession: (name: string, change: SessionChange) => Promise<StoredSession>;
  readonly shutDown: () => void;
  readonly tcp: TcpParts;
}

const approveSchema = z.strictObject({ resolved_digest: digestSchema, nonce: z.string().max(64) });
const approveEnvelopeSchema = z.strictObject({ terms_digest: digestSchema, nonce: z.string().max(64) });
const denySchema = z.strictObject({ reason: z.string().min(1).max(500) });
/** Columns of a drawing: a terminal of 80, indented. */
const drawingColumns = 76;

/** Characters that hold any program, escaped: a byte takes six at the most. */
const wholeSource = 6 * limits.program_bytes;

const accountName = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'a-z, 0-9, - _ . beginning with a letter or digit, at most 64');
const whySchema = z.strictObject({ reason: z.string().min(1).max(500).exactOptional() });
const sessionSchema = z.strictObject({ name: z.string().regex(sessionNamePattern, 'lowercase letters, digits and -, at most 32'), read: z.array(z.string().startsWith('/').max(4096)).max(16).exactOptional(), user: accountName.exactOptional(), project: accountName.exactOptional() });
const changeSchema = z.strictObject({ user: accountName.nullable().exactOptional(), project: accountName.nullable().exactOptional() });

export function controlApp(parts: ControlParts): App {
  const { corridor, store } = parts;
  const app = newApp(parts.report, { tellsPaths: true });
  const reads = new Reads(parts, null);
  app.get('/v1/status', async (call) => call.json(await status(parts)));
  app.get('/v1/keys', (call) => call.json(parts.keys));
  app.get('/v1/sessions', async (call) => call.json({ sessions: (await store.view.sessions()).map((session) => sessionView(session, parts)) }));
  app.post('/v1/sessions', async (call) => {
    const { read = [], ...wanted } = await jsonBody(call, sessionSchema);
    return call.json({ session: sessionView(await parts.openSession({ ...wanted, read }), parts) }, 201);
  });
  app.post('/v1/sessions/:name/change', async (call) => call.json({ session: sessionView(await parts.changeSession(call.req.param('name'), await jsonBody(call, changeSchema)), parts) }));
  app.get('/v1/pending', async (call) => {
    const waiting = await store.view.jobs({ phases: ['waiting'] });
    const pending: PendingView[] = [];
    for (const job of waiting.toReversed()) if (job.phase === 'waiting') pending.push({ job: reads.show(job), ...(await pendingPart(askedOf(job), parts)) });
    const envelopes: PendingEnvelopeView[] = [];
    for (const envelope of (await store.view.envelopes({ waitingAt: new Date(parts.clock.now()).toISOString() })).toReversed()) {
      const view = await reads.showEnvelope(envelope);
      if (envelope.phase === 'waiting' && view.status === 'waiting') envelopes.push({ envelope: view, ...(await pendingPart(askedOfEnvelope(envelope), parts)) });
    }
    return call.json({ pending, envelopes });
  });
  app.get('/v1/pending/:id', async (call) => {
    if (isId('env', call.req.param('id'))) {
      const envelope = await reads.envelope(envelopeIdOf(call));
      if (envelope.phase !== 'waiting') throw new DewarError({ code: 'not_waiting', message: `envelope ${envelope.id} does not wait for a person`, got: envelope.phase, fix: '`dewar pending` lists what does' });
      return call.json({ envelope_pending: { envelope: await reads.showEnvelope(envelope), ...(await pendingPart(askedOfEnvelope(envelope), parts, wholeSource)) } });
    }
    const job = await reads.job(jobIdOf(call));
    if (job.phase !== 'waiting') throw new DewarError({ code: 'not_waiting', message: `job ${job.id} does not wait for a person`, got: job.phase, fix: '`dewar pending` lists those that do' });
    return call.json({ pending: { job: reads.show(job), ...(await pendingPart(askedOf(job), parts, wholeSource)) } });
  });
  app.post('/v1/jobs/:id/approve', async (call) => call.json({ job: reads.show(await corridor.approve(jobIdOf(call), await jsonBody(call, approveSchema))) }));
  app.post('/v1/jobs/:id/deny', async (call) => call.json({ job: reads.show(await corridor.deny(jobIdOf(call), (await jsonBody(call, denySchema)).reason)) }));
  app.post('/v1/jobs/:id/cancel', async (call) => call.json({ job: reads.show(await corridor.cancel(jobIdOf(call), 'person')) }));
  app.post('/v1/envelopes/:id/approve', async (call) => call.json({ envelope: await reads.showEnvelope(await corridor.envelopes.approve(envelopeIdOf(call), await jsonBody(call, approveEnvelopeSchema))) }));
  app.post('/v1/envelopes/:id/deny', async (call) => call.json({ envelope: await reads.showEnvelope(await corridor.envelopes.deny(envelopeIdOf(call), (await jsonBody(call, denySchema)).reason)) }));
  app.post('/v1/envelopes/:id/close', async (call) => call.json({ envelope: await reads.showEnvelope(await corridor.envelopes.close(envelopeIdOf(call), 'person')) }));
  app.post('/v1/freeze', async (call) => {
    await corridor.freeze(true, (await jsonBody(call, whySchema)).reason ?? 'a person pulled the brake');
    return call.json({ frozen: true });
  });
  app.post('/v1/thaw', async (call) => {
    await corridor.freeze(false, (await jsonBody(call, whySchema)).reason ?? 'a person released the brake');
    return call.json({ frozen: await store.view.flag('frozen') });
  });
  app.get('/v1/queue', (call) => call.json({ queue: corridor.queue() }));
  app.get('/v1/journal', async (call) => {
    const { size, root, checkpoint } = await store.view.head();
    return call.json({ size, root, checkpoint });
  });
  app.get('/v1/journal/verify', async (call) => {
    const { size, root, checkpoint, problems } = await store.verify();
    return call.json({ ok: problems.length === 0, size, root, checkpoint, problems });
  });
  app.post('/v1/shutdown', (call) => {
    // Also when the caller did not wait for the answer.
    call.env.outgoing.once('close', parts.shutDown);
    return call.json({});
  });
  addTcp(app, parts.tcp);
  addBudgets(app, corridor.budgets);
  addPolicy(app, parts);
  addRoutes(app, readHandlers(reads));
  return app;
}

async function status(parts: ControlParts): Promise<StatusView> {
  const { view } = parts.store;
  const counts = await view.countByPhase();
  const count = (...names: string[]): number => names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  const jobs: Record<JobStatus, number> = {
    waiting: count('waiting'), queued: count('queued'), running: count('sending', 'running'),
    completed: count('completed'), failed: count('failed'), cancelled: count('cancelled'), denied: count('denied'),
  };
  const head = await view.head();
  return {
    version: parts.version, pid: process.pid, home: parts.home, since: parts.since, frozen: await view.flag('frozen'),
    sessions: (await view.sessions()).length, jobs, journal: { size: head.size, root: head.root }, policy: parts.policies.view.digest,
  };
}

function sessionView(session: StoredSession, parts: ControlParts): SessionView {
  return { ...session, socket: parts.socketOf(session.name) };
}

/** What a person is asked about: a job, or an envelope with all its money. */
interface Asked extends Pick<Resolved, 'device' | 'amount'> {
  readonly nonce: string;
  readonly code: Digest;
  readonly session: SessionRef;
  readonly decision: Decision;
}

function askedOf({ nonce, session, decision, resolved: { code, device, amount } }: Waiting): Asked {
  return { nonce, session, decision, code: code.digest, device, amount };
}

function askedOfEnvelope({ nonce, session, decision, terms: { code, device, max_amount } }: WaitingEnvelope): Asked {
  return { nonce, session, decision, code: code.digest, device, amount: max_amount };
}

/** One damaged program takes no other out of sight: what is wrong with it stands in its place. */
async function pendingPart({ nonce, code, session, decision, device, amount }: Asked, parts: ControlParts, most?: number): Promise<Omit<PendingView, 'job'>> {
  const { store, corridor } = parts;
  const input = await store.view.policyInput(decision.input);
  const anomalies = input === null ? [] : (JSON.parse(input) as Pick<PolicyInput, 'anomalies'>).anomalies;
  const common = { nonce, anomalies, budgets: await corridor.budgets.needed({ device, amount }, session) };
  try {
    const bytes = await parts.artifacts.get(code);
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    return { ...common, source: printable(bytes, most), source_error: null, drawing: parts.analyser.draw(text, drawingColumns) ?? null };
  } catch (error) {
    if (!(error instanceof DewarError)) throw error;
    return { ...common, source: '', source_error: error.message, drawing: null };
  }
}
