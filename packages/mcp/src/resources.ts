// Whole results as a resource, as long as they are of a size that a client can take in.
import type { SessionClient } from '@dewar/client';
import { DewarError, plainJson, shown } from '@dewar/protocol';
import type { ReadResourceResult, ResourceTemplateType } from '@modelcontextprotocol/server';

/** Characters of the JSON text. */
export const mostResource = 1_048_576;
const results = /^dewar:\/\/jobs\/(job_[0-9abcdefghjkmnpqrstvwxyz]{20})\/results$/;

export const resourceTemplates: ResourceTemplateType[] = [
  { uriTemplate: 'dewar://jobs/{job_id}/results', name: 'results', title: 'Whole results of a job', description: 'All counts of a completed job, with registers, seed and engine, as JSON.', mimeType: 'application/json' },
];

/** Throws a DewarError: `not_found` for any other address, or the broker's own. */
export async function readResource(uri: string, client: SessionClient, signal: AbortSignal): Promise<ReadResourceResult> {
  const id = results.exec(uri)?.[1];
  if (id === undefined) throw new DewarError({ code: 'not_found', message: 'there is no such resource', path: '/uri', got: shown(uri), allowed: 'dewar://jobs/JOB/results', fix: 'use the address that job_results gives' });
  const text = plainJson(await client.results(id, { signal }));
  if (text.length <= mostResource) return { contents: [{ uri, mimeType: 'application/json', text }] };
  return { contents: [{ uri, mimeType: 'text/plain', text: `Not shown: ${text.length} characters, more than ${mostResource}. Read them with \`dewar results ${id} --format json\`, or GET /v1/jobs/${id}/results at the session's socket.` }] };
}
