// What a session's socket offers: upload, submit, and its own jobs. Nothing here approves, lists others, or reads policy.
import { DewarError, isDigest, limits, shown, type SubmitAnswer } from '@dewar/protocol';
import type { Artifacts, StoredSession } from '../core/ports.ts';
import type { Corridor } from '../core/corridor.ts';
import { envelopeIdOf, jobIdOf, newApp, readBody, type App, type Call } from './door.ts';
import { openApiText } from './openapi.ts';
import { readHandlers, Reads, type Readable, type ReadOperation } from './reads.ts';
import { addRoutes, routes, type Handlers, type Operation } from './routes.ts';

export interface SessionParts extends Readable {
  readonly version: string;
  /** The text of docs/agents.md. */
  readonly help: string;
  readonly report: (error: unknown) => void;
}

/** @param current the session as it is now: a person may give it another user or project while its door is open */
export function sessionApp(parts: SessionParts, current: () => StoredSession): App {
  const app = newApp(parts.report, { tellsPaths: false });
  const { name } = current();
  const reads = new Reads(parts, name);
  const own: Handlers<Exclude<Operation, ReadOperation>> = {
    hello: (call) => call.json({ version: parts.version, session: name, docs: 'docs/api.md', help: routes.help.path, openapi: routes.openapi.path }),
    help: (call) => call.body(parts.help, 200, { 'content-type': 'text/markdown; charset=utf-8' }),
    openapi: (call) => call.body(openApiText(parts.version), 200, { 'content-type': 'application/json' }),
    putArtifact: async (call) => putArtifact(call, parts.artifacts, null),
    putArtifactAs: async (call) => putArtifact(call, parts.artifacts, call.req.param('digest') ?? ''),
    submitJob: async (call) => {
      const answer = await submit(call, parts.corridor, current(), reads);
      return call.json(answer, answer.dry_run ? 200 : 201);
    },
    submit: async (call) => {
      const answer = await submit(call, parts.corridor, current(), reads);
      return answer.dry_run ? call.json({ status: answer.decision.effect, job_id: null, decision: answer.decision }) : call.json({ status: answer.job.status, job_id: answer.job.job_id }, 201);
    },
    requestEnvelope: async (call) => {
      const envelope = await parts.corridor.envelopes.request(await readBody(call, limits.spec_bytes, 'application/json'), current());
      return call.json({ envelope: await reads.showEnvelope(envelope) }, 201);
    },
    closeEnvelope: async (call) => {
      const { id } = await reads.envelope(envelopeIdOf(call));
      return call.json({ envelope: await reads.showEnvelope(await parts.corridor.envelopes.close(id, 'session')) });
    },
    cancelJob: async (call) => {
      const { id } = await reads.job(jobIdOf(call));
      return call.json({ job: reads.show(await parts.corridor.cancel(id, 'session')) });
    },
  };
  addRoutes(app, { ...own, ...readHandlers(reads) } satisfies Handlers);
  return app;
}

async function submit(call: Call, corridor: Corridor, session: StoredSession, reads: Reads): Promise<SubmitAnswer> {
  const submitted = await corridor.submit(await readBody(call, limits.spec_bytes, 'application/json'), session);
  if ('job' in submitted) return { dry_run: false, job: reads.show(submitted.job) };
  const { dryRun, decision } = submitted;
  return { dry_run: true, decision, facts: dryRun.facts, quote: dryRun.quote, device: dryRun.device.view, spec_digest: dryRun.spec_digest, program_digest: dryRun.program_digest };
}

async function putArtifact(call: Call, artifacts: Artifacts, claimed: string | null): Promise<Response> {
  if (claimed !== null && !isDigest(claimed)) throw new DewarError({ code: 'artifact_digest_mismatch', message: 'not a digest', got: shown(claimed), allowed: 'sha256: and 64 lowercase hexadecimal digits' });
  const bytes = await readBody(call, limits.artifact_bytes, 'application/octet-stream');
  const digest = await artifacts.put(bytes);
  if (claimed !== null && claimed !== digest) throw new DewarError({ code: 'artifact_digest_mismatch', message: 'the bytes are not those of the digest', got: digest, allowed: claimed, fix: 'send the bytes that the digest was made from' });
  return call.json({ digest, size: bytes.length }, 201);
}

