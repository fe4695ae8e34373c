// Another policy on what was decided before: which decisions would come out otherwise. A page at a time, and no input is kept.
import { policyInputSchema, type Decision, type Effect, type JobId, type Json, type PastDecision, type PastDecisionsAnswer, type Reason } from '@dewar/protocol';

/** Most that a broker gives at once. */
const pageSize = 500;

export interface ChangedDecision {
  readonly job_id: JobId;
  readonly at: string;
  readonly before: Effect;
  readonly after: Effect;
  /** Rules that gave a reason then and not now, and the other way round. */
  readonly gone: readonly string[];
  readonly added: readonly string[];
  /** The new decision's first. */
  readonly reason: Reason | null;
}

/** Every decision that was seen is counted once: `same`, `effects`, `reasons`, or one of `undecided`. */
export interface Compared {
  readonly seen: number;
  readonly same: number;
  readonly effects: readonly { readonly before: Effect; readonly after: Effect; readonly count: number }[];
  /** Same effect, by other rules. */
  readonly reasons: number;
  /** Why some cannot be decided again: the input was not kept, is not of this release, or is not the one that was decided on. */
  readonly undecided: { readonly not_kept: number; readonly other_release: number; readonly other_input: number };
  /** The first of each kind, those with another effect before the others. */
  readonly changed: readonly ChangedDecision[];
  /** Not all that was asked for was seen. */
  readonly interrupted: boolean;
}

export interface AgainParts {
  /** A page of past decisions, newest first. */
  readonly page: (limit: number, before: JobId | null) => Promise<PastDecisionsAnswer>;
  /** What the other policy says, in the order of the inputs. */
  readonly decide: (inputs: readonly Json[]) => Promise<readonly Decision[]>;
  /** Pages that may be with it at once. */
  readonly atOnce: number;
  readonly most: number;
  /** Changed decisions that are told of one by one. */
  readonly keep: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (seen: number) => void;
}

/** Ends early, with what was seen, when the signal aborts; throws what `page` and `decide` throw. */
export async function decideAgain({ page, decide, atOnce, most, keep, signal, onProgress }: AgainParts): Promise<Compared> {
  const tally = new Tally(keep);
  const count = async (deciding: readonly Deciding[]): Promise<void> => {
    for (const { past, now } of deciding) {
      signal.throwIfAborted();
      tally.addAll(past, await unlessStopped(now, signal));
      onProgress?.(tally.seen);
    }
  };
  const deciding: Deciding[] = [];
  let left = most;
  let ahead = asked(page(Math.min(pageSize, left), null));
  try {
    for (;;) {
      const { decisions, next } = await unlessStopped(ahead, signal);
      const past = decisions.slice(0, left);
      left -= past.length;
      const more = left > 0 && next !== null && past.length > 0;
      // The next page comes while this one and those before it are decided.
      if (more) ahead = asked(page(Math.min(pageSize, left), next));
      deciding.push({ past, now: asked(decide(past.flatMap(({ input }) => (input === null ? [] : [input])))) });
      await count(deciding.splice(0, more ? deciding.length - atOnce : deciding.length));
      if (!more) return tally.result(false);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    return tally.result(true);
  }
}

interface Deciding {
  readonly past: readonly PastDecision[];
  readonly now: Promise<readonly Decision[]>;
}

/** Not a race with one promise that lasts: that would hold every page until the end. */
function unlessStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('stopped'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop)).catch(() => undefined);
  });
}

/** It is awaited later: until then its failure is nobody's. */
function asked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

class Tally {
  readonly #keep: number;
  readonly #effects = new Map<string, { readonly before: Effect; readonly after: Effect; count: number }>();
  readonly #changed: Readonly<Record<'effects' | 'reasons', ChangedDecision[]>> = { effects: [], reasons: [] };
  readonly #undecided = { not_kept: 0, other_release: 0, other_input: 0 };
  #same = 0;
  #reasons = 0;
  seen = 0;

  constructor(keep: number) {
    this.#keep = keep;
  }

  /** @param now of those whose input was kept */
  addAll(past: readonly PastDecision[], now: readonly Decision[]): void {
    let at = 0;
    for (const one of past) this.#add(one, one.input === null ? null : (now[at++] ?? null));
  }

  #add(past: PastDecision, now: Decision | null): void {
    this.seen += 1;
    const not = now === null ? 'not_kept' : undecidable(past, now);
    if (now === null || not !== undefined) {
      this.#undecided[not ?? 'not_kept'] += 1;
      return;
    }
    const { job_id, at, decision: { effect: before, reasons } } = past;
    const [was, is] = [rulesOf(reasons), rulesOf(now.reasons)];
    const gone = was.filter((rule) => !is.includes(rule));
    const added = is.filter((rule) => !was.includes(rule));
    const kind = before !== now.effect ? 'effects' : gone.length + added.length > 0 ? 'reasons' : undefined;
    if (kind === undefined) {
      this.#same += 1;
      return;
    }
    if (kind === 'reasons') this.#reasons += 1;
    else this.#count(before, now.effect);
    if (this.#changed[kind].length < this.#keep) this.#changed[kind].push({ job_id, at, before, after: now.effect, gone, added, reason: now.reasons[0] ?? null });
  }

  #count(before: Effect, after: Effect): void {
    const pair = this.#effects.get(`${before} ${after}`) ?? { before, after, count: 0 };
    pair.count += 1;
    this.#effects.set(`${before} ${after}`, pair);
  }

  result(interrupted: boolean): Compared {
    return {
      seen: this.seen, same: this.#same, effects: [...this.#effects.values()].toSorted((a, b) => b.count - a.count || (`${a.before} ${a.after}` < `${b.before} ${b.after}` ? -1 : 1)),
      reasons: this.#reasons, undecided: { ...this.#undecided }, changed: [...this.#changed.effects, ...this.#changed.reasons].slice(0, this.#keep), interrupted,
    };
  }
}

/** What the schema refuses would be denied, which says nothing of the policy. Looked at only where it may be so, since every decision costs it already. */
function undecidable({ input, decision }: PastDecision, now: Decision): 'other_release' | 'other_input' | undefined {
  if (now.reasons[0]?.rule === 'policy.input' && !fitsInput(input)) return 'other_release';
  return now.input === decision.input ? undefined : 'other_input';
}

/** Whether it is a policy input as this release knows it. */
export function fitsInput(input: Json): boolean {
  return policyInputSchema.safeParse(input).success;
}

/** Reasons that the broker adds where a job names an envelope: no policy gives them. */
export function isEnvelopes({ rule }: Reason): boolean {
  return rule.startsWith('envelope.covers') || rule.startsWith('envelope.outside');
}

function rulesOf(reasons: readonly Reason[]): string[] {
  return [...new Set(reasons.filter((reason) => !isEnvelopes(reason)).map(({ rule }) => rule))];
}
