// The person's side of the policy on the control socket: what is in force, what it decided, and why.
import { DewarError, isId, shown, type JobId } from '@dewar/protocol';
import { explain, type ExplainParts } from '../core/explain.ts';
import { jobIdOf, type App, type Call } from './door.ts';

/** Decisions in one answer. */
const mostDecisions = 500;

export function addPolicy(app: App, parts: ExplainParts): void {
  const { policies, store } = parts;
  app.get('/v1/policy', (call) => call.json({ policy: policies.view }));
  app.post('/v1/policy/reload', async (call) => call.json({ policy: await policies.reload() }));
  app.get('/v1/policy/decisions', async (call) => {
    const limit = limitOf(call);
    const decisions = await store.view.pastDecisions(limit, beforeOf(call));
    return call.json({ decisions, next: decisions.length < limit ? null : (decisions.at(-1)?.job_id ?? null) });
  });
  app.get('/v1/jobs/:id/explain', async (call) => call.json(await explain(parts, jobIdOf(call))));
}

function limitOf(call: Call): number {
  const text = call.req.query('limit') ?? String(mostDecisions);
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (limit >= 1 && limit <= mostDecisions) return limit;
  throw new DewarError({ code: 'request_invalid', message: 'limit is not valid', path: 'limit', got: shown(text), allowed: `a whole number from 1 to ${mostDecisions}` });
}

function beforeOf(call: Call): JobId | null {
  const text = call.req.query('before');
  if (text === undefined) return null;
  if (isId('job', text)) return text;
  throw new DewarError({ code: 'request_invalid', message: 'before is not valid', path: 'before', got: shown(text), allowed: 'a job id' });
}
