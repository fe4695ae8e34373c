// Candidates that only a running broker knows: asked for briefly, and none where it does not answer.
import { endStatuses, type EnvelopeStatus, type EnvelopeView, type JobStatus, type JobView } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { escape } from '../escape.ts';
import { deviceWord, moneyText } from '../job-text.ts';
import { libraryPolicies } from '../policy/library.ts';
import { allWaiting, idOf } from '../verbs/pending.ts';
import type { Candidate, Wanted } from './walk.ts';

export type Live = Extract<Wanted, { readonly kind: 'live' }>;
export type Asks = Pick<Context, 'jobs' | 'control' | 'session'>;

/** Milliseconds that the broker has: a person waits with a finger on the key. */
const patienceMs = 1000;
/** Newest jobs that are offered. */
const offered = 100;
/** Columns of a job's name; the agent chose it. */
const nameColumns = 40;
const aboutColumns = 60;

const waitingOnly: readonly JobStatus[] = ['waiting'];
/** Verbs that only work on some jobs. */
const states: ReadonlyMap<string, readonly JobStatus[]> = new Map([
  ['approve', waitingOnly], ['deny', waitingOnly], ['pending', waitingOnly],
  ['cancel', ['waiting', 'queued', 'running']], ['results', ['completed']], ['receipt', endStatuses],
]);
/** The same of envelopes. */
const envelopeStates: ReadonlyMap<string, readonly EnvelopeStatus[]> = new Map([['run', ['live']], ['close', ['waiting', 'live', 'spent']]]);

/** A name goes into the line as it is, so one that a shell, or we, could read as something else is not offered. */
const harmless = /^[A-Za-z0-9_][A-Za-z0-9_@+,./:=-]*$/;

export async function liveCandidates(wanted: Live, asks: Asks, signal: AbortSignal = AbortSignal.timeout(patienceMs)): Promise<readonly Candidate[]> {
  const found = await lookups[wanted.of](asks, signal, wanted).catch((): Candidate[] => []);
  return found.filter(({ value }) => harmless.test(value)).map(({ value, about }) => ({ value: `${wanted.prefix}${value}`, about }));
}

const lookups: Readonly<Record<Live['of'], (asks: Asks, signal: AbortSignal, wanted: Live) => Promise<Candidate[]>>> = {
  async job({ control, jobs }, signal, { verb, given }) {
    const wanted = states.get(verb);
    // What a person answers may be an envelope too.
    const all = wanted === waitingOnly ? await allWaiting(control, signal) : await jobs.jobs(offered, { signal });
    const fit = all.filter(({ status }) => wanted === undefined || wanted.some((one) => one === status)).slice(0, offered);
    // `last` is the newest that the verb looks at; `--yes` takes whole ids only.
    return [...(all[0] === fit[0] && !given.has('yes') ? lastOf(fit) : []), ...fit.map(asCandidate)];
  },
  async envelope({ jobs, session }, signal, { verb }) {
    const wanted = envelopeStates.get(verb);
    // A run is its session's, and so must be its envelope.
    const all = await (verb === 'run' ? session : jobs).envelopes(offered, { signal });
    const fit = all.filter(({ status }) => wanted === undefined || wanted.includes(status));
    return [...(all[0] === fit[0] ? lastOf(fit) : []), ...fit.map(asCandidate)];
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
  async budget({ control }, signal, { verb }) {
    return (await control.budgets({ signal })).budgets.filter(({ frozen }) => verb !== 'thaw' || frozen).map(({ id, limit, frozen }) => ({ value: id, about: `${moneyText(limit)}${frozen ? ', frozen' : ''}` }));
  },
  async library() {
    return (await libraryPolicies()).map(({ name, about }) => ({ value: name, about: escape(about, aboutColumns) }));
  },
};

function lastOf([newest]: readonly (JobView | EnvelopeView)[]): Candidate[] {
  return newest === undefined ? [] : [{ value: 'last', about: `${idOf(newest)} ${asCandidate(newest).about}` }];
}

function asCandidate(one: JobView | EnvelopeView): Candidate {
  const text = 'job_id' in one ? escape(one.spec.job_name, nameColumns) : `envelope ${escape(one.name, nameColumns)}`;
  return { value: idOf(one), about: `${one.status} ${text}` };
}
