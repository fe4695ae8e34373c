// The decision as of now: at the submit, and once more at the grant, where what was true must still be true.
import { canonicalJson, DewarError, type Decision, type JobSpec, type Json, type Money, type Reason } from '@dewar/protocol';
import { assess, policyInput, type Assessment } from './assess.ts';
import { dayOf } from './budget.ts';
import { decideOn } from './decide.ts';
import { whyOutside } from './envelope.ts';
import type { Queued, Sending, SessionRef, Under } from './job.ts';
import type { CorridorParts } from './parts.ts';
import type { View } from './ports.ts';

export interface Question {
  readonly spec: JobSpec;
  readonly assessed: Assessment;
  readonly session: SessionRef;
  /** What this very job has reserved today, which is not in its own way. */
  readonly own: Money | null;
}

export async function decideNow(parts: CorridorParts, { spec, assessed, session, own }: Question, view: View): Promise<Decision> {
  const { policy, sha256, budget, clock } = parts;
  const totals = await view.dayTotals(dayOf(new Date(clock.now()).toISOString()), budget.currency);
  const input = policyInput(spec, assessed, {
    session, limits: budget, totals: { ...totals, reserved: totals.reserved - (own?.micros ?? 0) },
    budgetFrozen: await view.flag('budget_frozen'), frozen: await view.flag('frozen'),
  });
  return decideOn(policy, input, sha256);
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

export type Verdict = { readonly decision: Decision } | { readonly refused: readonly Reason[] };

/** The policy once more, on what `lookAgain` found and on budgets and brake as `view` has them. */
export async function verdictNow(parts: CorridorParts, job: Cleared, looked: Assessment | readonly [Reason], view: View): Promise<Verdict> {
  if (!('resolved' in looked)) return { refused: looked };
  const decision = await decideNow(parts, { spec: job.spec, assessed: looked, session: job.session, own: ownToday(job, parts) }, view);
  if (decision.effect === 'deny') return { refused: decision.reasons.filter((reason) => reason.effect === 'deny') };
  if (decision.effect === 'ask' && !job.approval) {
    const outside = job.under ? await noLonger({ job, under: job.under, looked, decision }, parts.clock.now(), view) : 'the policy now asks a person';
    if (outside !== null) return { refused: [refusal(job.under ? 'grant.envelope' : 'grant.unapproved', outside, 'submit it again')] };
  }
  return { decision };
}

/** Why the envelope's yes is none any more, or null. What was used of it was counted when the job entered. */
async function noLonger({ job, under: { envelope: id, terms }, looked, decision }: { job: Cleared; under: Under; looked: Assessment; decision: Decision }, now: number, view: View): Promise<string | null> {
  const envelope = await view.envelope(id);
  if (!envelope || envelope.terms_digest !== terms || envelope.session.id !== job.session.id) return `envelope ${id} is not the one that a person said yes to`;
  const outside = whyOutside(envelope, { spec: job.spec, resolved: looked.resolved, quote: looked.quote, decision }, now);
  return outside === null ? null : `envelope ${id} no longer covers it: ${outside}`;
}

/** A reservation of yesterday is in no sum of today. */
function ownToday(job: Cleared, { clock }: CorridorParts): Money | null {
  const reservedOn = dayOf(job.approval?.at ?? job.created);
  return reservedOn === dayOf(new Date(clock.now()).toISOString()) ? job.reserved : null;
}

function refusal(rule: string, message: string, fix: string): Reason {
  return { rule, effect: 'deny', message, fix };
}

function difference(was: object, is: object): string {
  const before = was as { readonly [key: string]: Json };
  const after = is as { readonly [key: string]: Json };
  return Object.keys(before).filter((key) => canonicalJson(before[key] ?? null) !== canonicalJson(after[key] ?? null)).join(', ') || 'something';
}
