// Candidates that only a running broker knows: asked for briefly, and none where it does not answer.
import { endStatuses, type EnvelopeView, type JobStatus, type JobView } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { escape } from '../escape.ts';
import { deviceWord } from '../job-text.ts';
import { waitingJobs } from '../verbs/pending.ts';
import type { Candidate, Wanted } from './walk.ts';

export type Live = Extract<Wanted, { readonly kind: 'live' }>;
export type Asks = Pick<Context, 'jobs' | 'control' | 'session'>;

/** Milliseconds that the broker has: a person waits with a finger on the key. */
const patienceMs = 1000;
/** Newest jobs that are offered. */
const offered = 100;
/** Columns of a job's name; the agent chose it. */
const nameColumns = 40;

/** Verbs that only work on some jobs. */
const states: ReadonlyMap<string, readonly JobStatus[]> = new Map([
  ['approve', ['waiting']], ['deny', ['waiting']], ['pending', ['waiting']],
  ['cancel', ['waiting', 'queued', 'running']], ['results', ['completed']], ['receipt', endStatuses],
]);

/** A name goes into the line as it is, so one that a shell, or we, could read as something else is not offered. */
const harmless = /^[A-Za-z0-9_][A-Za-z0-9_@+,./:=-]*$/;

export async function liveCandidates(wanted: Live, asks: Asks, signal: AbortSignal = AbortSignal.timeout(patienceMs)): Promise<readonly Candidate[]> {
  const found = await lookups[wanted.of](asks, signal, wanted).catch((): Candidate[] => []);
  return found.filter(({ value }) => harmless.test(value)).map(({ value, about }) => ({ value: `${wanted.prefix}${value}`, about }));
}

const lookups: Readonly<Record<Live['of'], (asks: Asks, signal: AbortSignal, wanted: Live) => Promise<Candidate[]>>> = {
  async job({ control, jobs }, signal, { verb, given }) {
    const wanted = states.get(verb);
    const waitingOnly = wanted?.length === 1 && wanted[0] === 'waiting';
    const all = waitingOnly ? await waitingJobs(control, signal) : await jobs.jobs(offered, { signal });
    const fit = all.filter(({ status }) => wanted === undefined || wanted.includes(status));
    const [newest] = all;
    // `last` is the newest job that the verb looks at; `--yes` takes whole ids only.
    const last = newest !== undefined && fit.includes(newest) && !given.has('yes') ? [{ value: 'last', about: `${newest.job_id} ${aboutJob(newest)}` }] : [];
    // What a person answers may be an envelope too.
    const envelopes = waitingOnly ? (await control.envelopes(offered, { signal })).filter(({ status }) => status === 'waiting') : [];
    return [...last, ...fit.slice(0, offered).map((job) => ({ value: job.job_id, about: aboutJob(job) })), ...envelopes.map(asCandidate)];
  },
  async envelope({ jobs }, signal, { verb }) {
    const all = await jobs.envelopes(offered, { signal });
    const open = all.filter(({ status }) => status === 'waiting' || status === 'live' || status === 'spent');
    const fit = verb === 'show' ? all : open;
    const [newest] = all;
    // `run --envelope` takes a whole id.
    const last = newest !== undefined && fit.includes(newest) && verb !== 'run' ? [{ value: 'last', about: asCandidate(newest).about }] : [];
    return [...last, ...fit.map(asCandidate)];
  },
  async backend({ session }, signal) {
    return (await session.backends({ signal })).flatMap((backend) => [
      { value: backend.name, about: `${deviceWord(backend)}, ${backend.price}` },
      ...backend.aliases.map((alias) => ({ value: alias, about: `${deviceWord(backend)} ${backend.name}` })),
    ]);
  },
  async session({ control }, signal) {
    return (await control.sessions({ signal })).map(({ name, containment }) => ({ value: name, about: containment }));
  },
};

function aboutJob(job: JobView): string {
  return `${job.status} ${escape(job.spec.job_name, nameColumns)}`;
}

function asCandidate({ envelope_id: value, status, name }: EnvelopeView): Candidate {
  return { value, about: `${status} envelope ${escape(name, nameColumns)}` };
}
