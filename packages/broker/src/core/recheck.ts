// The decision as of now: at the submit, and once more at the grant, where what was true must still be true.
import { decideOn } from '@dewar/policy/decide';
import { canonicalJson, DewarError, digestOf, type Decision, type Digest, type EnvelopeTerms, type JobSpec, type Json, type PolicyInput, type Reason, type Sha256 } from '@dewar/protocol';
import { anomaliesOf, burst } from './anomalies.ts';
import { assess, policyInput, type Assessment } from './assess.ts';
import { budgetsFor, dayOf, payerOf, reserveRefusal, standingsOf, without, type Own, type Standing } from './budget.ts';
import { whyOutside } from './envelope.ts';
import type { Queued, Resolved, Sending, SessionRef, Under } from './job.ts';
import { localTime } from './local-time.ts';
import type { CorridorParts } from './parts.ts';
import type { Transaction, View } from './ports.ts';

export interface Question {
  readonly spec: JobSpec;
  readonly assessed: Assessment;
  readonly session: SessionRef;
  /** What this very job has reserved, which is not in its own way. */
  readonly own: Own | null;
  /** One reading of the clock for the decision and what follows from it: a day that ended between two would be checked by its successor. */
  readonly now: number;
  /** Of the envelope that is asked for with it. */
  readonly terms?: EnvelopeTerms;
}

/** A decision with the very input it is on: what an auditor, or an edited policy, decides again. */
export interface Answer {
  readonly decision: Decision;
  /** RFC 8785 text; its digest is `decision.input`. */
  readonly input: string;
}

export async function decideNow(parts: CorridorParts, { spec, assessed, session, own, now, terms }: Question, view: View): Promise<Answer> {
  const { policy, sha256, owner, zone, backends } = parts;
  if (policy.digest !== assessed.resolved.policy || !(await isInForce(policy.digest, view))) throw policyChanged();
  const time = localTime(now, zone);
  const exchange = parts.exchangeOn(dayOf(time.at));
  const { device, amount, code } = assessed.resolved;
  const habits = device.kind === 'qpu' ? await view.habits(session.name, { code: code.digest, device: device.name, since: new Date(now - burst.minutes * 60_000).toISOString() }) : null;
  const input = policyInput(spec, assessed, {
    session: { name: session.name, containment: session.containment, user: session.user ?? owner, project: session.project ?? null },
    time, terms: terms ?? null, anomalies: habits === null ? [] : anomaliesOf(habits, amount, time.hour),
    standings: amount === null ? [] : without(await standingsFor(parts, assessed.resolved, session, view, dayOf(time.at)), own, exchange),
    exchange, backends, frozen: await view.flag('frozen'),
  });
  return { decision: decideOn(policy, input, sha256), input: textOf(input) };
}

/** The journal's word, which within a commit is ahead of the policy that is asked. */
async function isInForce(digest: Digest, view: View): Promise<boolean> {
  const record = await view.setting('policy');
  return record === null || (JSON.parse(record) as { readonly bundle: Digest }).bundle === digest;
}

/** Another policy came into force between the assessment and the decision: what was assessed names the old one. */
function policyChanged(): DewarError {
  return new DewarError({ code: 'policy_changed', message: 'another policy came into force meanwhile', fix: 'send it again' });
}

/** Tries again with what is in force then; a policy that changes faster than that is told. */
export async function underOnePolicy<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof DewarError) || error.code !== 'policy_changed' || tries === 3) throw error;
    }
  }
}

/** How the budgets stand on a UTC day that a job counts in; none for a free run. */
export async function standingsFor({ owner, exchangeOn }: Pick<CorridorParts, 'owner' | 'exchangeOn'>, { device, amount }: Pick<Resolved, 'device' | 'amount'>, session: SessionRef, view: View, day: string): Promise<readonly Standing[]> {
  if (amount === null) return [];
  return standingsOf(budgetsFor(await view.budgets(), payerOf(session, device.name, owner), amount.currency), day, exchangeOn(day), view);
}

function textOf(input: PolicyInput): string {
  try {
    return canonicalJson(input as unknown as Json);
  } catch {
    return '';
  }
}

/** An input that could not be hashed was denied, and is named by the digest of null: there is nothing to keep. */
export async function keepInput(tx: Transaction, { decision, input }: Answer, sha256: Sha256): Promise<void> {
  if (digestOf(new TextEncoder().encode(input), sha256) === decision.input) await tx.keepPolicyInput(decision.input, input);
}

type Cleared = Queued | Sending;

/** The job assessed anew, artifacts read again: another resolved job than was decided on, or than the person said yes to, is refused. */
export async function lookAgain(parts: CorridorParts, job: Cleared): Promise<Assessment | readonly [Reason]> {
  let assessed: Assessment;
  try {
    assessed = await assess(job.spec, job.resolved.data, parts, parts.store.view);
  } catch (error) {
    if (!(error instanceof DewarError) || error.code.startsWith('storage')) throw error;
    return [refusal(`grant.${error.code}`, error.message, error.fix ?? 'submit it again')];
  }
  // By its digest and by its fields: the run takes shots and time from the fields.
  const same = assessed.resolved_digest === job.resolved_digest && canonicalJson(assessed.resolved as unknown as Json) === canonicalJson(job.resolved as unknown as Json);
  if (!same) return [refusal('grant.resolved', `what would run is not what was decided on: ${difference(job.resolved, assessed.resolved)} changed`, 'submit it again')];
  if (job.approval && job.approval.resolved_digest !== assessed.resolved_digest) return [refusal('grant.approval', 'the yes was for another job', 'submit it again')];
  return assessed;
}

export type Verdict = Answer | { readonly refused: readonly Reason[] };

/** The policy once more, on what `lookAgain` found and on budgets and brake as `view` has them. */
export async function verdictNow(parts: CorridorParts, job: Cleared, looked: Assessment | readonly [Reason], view: View): Promise<Verdict> {
  if (!('resolved' in looked)) return { refused: looked };
  if (looked.resolved.policy !== parts.policy.digest || !(await isInForce(looked.resolved.policy, view))) return { refused: [refusal('grant.resolved', 'what would run is not what was decided on: policy changed', 'submit it again')] };
  const answer = await decideNow(parts, { spec: job.spec, assessed: looked, session: job.session, own: ownOf(job), now: parts.clock.now() }, view);
  const { decision } = answer;
  if (decision.effect === 'deny') return { refused: decision.reasons.filter((reason) => reason.effect === 'deny') };
  const unpaid = await noLongerPaid(parts, job, view);
  if (unpaid !== null) return { refused: [unpaid] };
  if (decision.effect === 'ask' && !job.approval) {
    const outside = job.under ? await noLonger({ job, under: job.under, looked, decision }, parts.clock.now(), view) : 'the policy now asks a person';
    if (outside !== null) return { refused: [refusal(job.under ? 'grant.envelope' : 'grant.unapproved', outside, 'submit it again')] };
  }
  return answer;
}

/** Why its budgets do not bear what it has reserved any more, whatever the policy reads of them: one was frozen, lowered, or lost its rate. */
async function noLongerPaid(parts: CorridorParts, job: Cleared, view: View): Promise<Reason | null> {
  const own = ownOf(job);
  if (own === null) return null;
  const exchange = parts.exchangeOn(dayOf(new Date(parts.clock.now()).toISOString()));
  return reserveRefusal(own.amount, without(await standingsFor(parts, job.resolved, job.session, view, own.day), own, exchange), exchange);
}

/** Why the envelope's yes is none any more, or null. What was used of it was counted when the job entered. */
async function noLonger({ job, under: { envelope: id, terms }, looked, decision }: { job: Cleared; under: Under; looked: Assessment; decision: Decision }, now: number, view: View): Promise<string | null> {
  const envelope = await view.envelope(id);
  if (!envelope || envelope.terms_digest !== terms || envelope.session.id !== job.session.id) return `envelope ${id} is not the one that a person said yes to`;
  const outside = whyOutside(envelope, { spec: job.spec, resolved: looked.resolved, quote: looked.quote, decision }, now);
  return outside === null ? null : `envelope ${id} no longer covers it: ${outside}`;
}

function ownOf(job: Cleared): Own | null {
  return job.reserved && { amount: job.reserved, day: dayOf(job.approval?.at ?? job.created) };
}

function refusal(rule: string, message: string, fix: string): Reason {
  return { rule, effect: 'deny', message, fix };
}

function difference(was: object, is: object): string {
  const before = was as { readonly [key: string]: Json };
  const after = is as { readonly [key: string]: Json };
  return Object.keys(before).filter((key) => canonicalJson(before[key] ?? null) !== canonicalJson(after[key] ?? null)).join(', ') || 'something';
}
