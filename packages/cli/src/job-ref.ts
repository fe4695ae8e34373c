// Job ids as people type them: whole, an unambiguous beginning, or `last`.
import { DewarError, isId, shown, type JobId, type JobView } from '@dewar/protocol';
import { usage } from './exit.ts';

/** Most jobs that a beginning is looked for in. */
const searched = 200;

/** @param list gives jobs, newest first; @param none said where `last` finds none. Throws `not_found`, or `usage_invalid` when several jobs begin so. */
export async function resolveJob(ref: string, list: (limit: number) => Promise<readonly JobView[]>, none = 'there is no job yet'): Promise<JobId> {
  if (isId('job', ref)) return ref;
  if (ref === 'last') {
    const [newest] = await list(1);
    if (newest !== undefined) return newest.job_id;
    throw new DewarError({ code: 'not_found', message: none, got: 'last', fix: 'dewar run examples/circuits/bell.qasm --backend simulator' });
  }
  if (isId('env', ref)) throw usage('that is an envelope', { got: ref, fix: `dewar envelope show ${ref}` });
  if (!/^(job_)?[0-9a-z]{1,20}$/.test(ref)) throw usage('not a job id', { got: shown(ref), allowed: 'an id such as job_01k9…, its beginning, or last', fix: 'dewar jobs' });
  const start = ref.startsWith('job_') ? ref : `job_${ref}`;
  const found = (await list(searched)).map((job) => job.job_id).filter((id) => id.startsWith(start));
  const [only] = found;
  if (only === undefined) throw new DewarError({ code: 'not_found', message: 'no job begins so', got: shown(ref), fix: 'dewar jobs' });
  if (found.length > 1) throw usage('several jobs begin so', { got: shown(ref), allowed: found.slice(0, 4).join(', '), fix: 'type more of the id' });
  return only;
}
