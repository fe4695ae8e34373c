// Turns what a policy answered into one decision: the strictest verdict wins, and anything unclear is a denial.
import { z } from 'zod';
import { jsonDigest, plainText, policyInputSchema, type Decision, type Digest, type Effect, type Json, type PolicyInput, type Reason, type Sha256 } from '@dewar/protocol';

/** The three results as the engine gave them; `undefined` where a rule had no value. Nothing is assumed about their types. */
export interface PolicyAnswer {
  readonly allow: unknown;
  readonly ask: unknown;
  readonly reasons: unknown;
}

/** Which results a policy has rules for, known from its compilation. What it has none for is never looked for in its answer. */
export interface Declared {
  readonly allow: boolean;
  readonly ask: boolean;
  readonly reasons: boolean;
}

/** A compiled policy. `evaluate` has no memory and no IO; it may throw anything, which `decideOn` takes for a denial. */
export interface Policy {
  readonly digest: Digest;
  /** All three, the strictest reading, if left out. */
  readonly declares?: Declared;
  evaluate(input: PolicyInput): PolicyAnswer;
}

/** Characters kept of a message or a fix. */
const longest = 400;

const reasonSchema: z.ZodType<Reason> = z.strictObject({
  rule: z.string().max(64).regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/),
  effect: z.enum(['allow', 'ask', 'deny']),
  message: z.string().min(1),
  fix: z.string().min(1).nullable(),
});
const verdictSchema = z.boolean();
const reasonsSchema = z.array(reasonSchema).max(100);
/** What is not declared has no value: one that has a value all the same is malformed. */
const noSchema = z.undefined();

const everything: Declared = { allow: true, ask: true, reasons: true };

const strictness: Readonly<Record<Effect, number>> = { deny: 0, ask: 1, allow: 2 };

/**
 * Checks the input against its closed schema, evaluates the policy and decides. Never throws: an input that the schema refuses
 * is denied by `policy.input` (a value without a canonical form has the digest of `null`), an evaluation that throws by `policy.error`.
 */
export function decideOn(policy: Policy, input: PolicyInput, sha256: Sha256): Decision {
  const parsed = check(input, sha256);
  if ('refused' in parsed) {
    const reason = denial('policy.input', `the policy input is not valid at ${parsed.refused}`, 'this is a fault of the broker, not of the job: report it');
    return { effect: 'deny', reasons: [reason], policy: policy.digest, input: parsed.digest };
  }
  try {
    return decide(policy.evaluate(parsed.input), policy.digest, parsed.digest, policy.declares);
  } catch {
    // What was thrown may be any value and may quote the input: it is not shown.
    const reason = denial('policy.error', 'the policy failed while it was evaluated', 'correct the policy: it must use only functions that its WebAssembly engine has');
    return { effect: 'deny', reasons: [reason], policy: policy.digest, input: parsed.digest };
  }
}

/**
 * The decision of an answer: deny before ask before allow. A reason can make a verdict stricter, never milder; no verdict is a denial.
 * A verdict without a rule is false. A policy that declares no reasons gets the broker's own, `policy.allow` or `policy.ask`; one that does must give a reason for each verdict.
 */
export function decide(answer: PolicyAnswer, policy: Digest, input: Digest, declares: Declared = everything): Decision {
  const { effect, reasons } = verdict(answer, declares);
  return { effect, reasons, policy, input };
}

type Read = { readonly allow: boolean; readonly ask: boolean; readonly reasons: readonly Reason[] } | { readonly malformed: string };

function read(answer: PolicyAnswer, declares: Declared): Read {
  const allow = (declares.allow ? verdictSchema : noSchema).safeParse(answer.allow);
  if (!allow.success) return { malformed: 'allow' };
  const ask = (declares.ask ? verdictSchema : noSchema).safeParse(answer.ask);
  if (!ask.success) return { malformed: 'ask' };
  const reasons = (declares.reasons ? reasonsSchema : noSchema).safeParse(answer.reasons);
  if (!reasons.success) return { malformed: ['reasons', ...(reasons.error.issues[0]?.path.map(String) ?? [])].join('.') };
  return { allow: allow.data ?? false, ask: ask.data ?? false, reasons: reasons.data ?? [] };
}

function verdict(answer: PolicyAnswer, declares: Declared): Pick<Decision, 'effect' | 'reasons'> {
  const given = read(answer, declares);
  if ('malformed' in given) {
    return { effect: 'deny', reasons: [denial('policy.undefined', `the policy's ${plain(given.malformed)} is missing or malformed`, 'correct the policy: allow and ask are booleans, reasons a set of {rule, effect, message, fix}')] };
  }
  const { allow, ask } = given;
  const reasons = given.reasons.map(plainReason);
  const says = (effect: Effect) => reasons.some((reason) => reason.effect === effect);
  if (says('deny')) return { effect: 'deny', reasons: ordered('deny', reasons) };
  if (!allow && !ask) {
    const reason = denial('policy.default', 'no rule of the policy allows this job', 'ask the person what their policy allows; they see it with: dewar policy show --source');
    return { effect: 'deny', reasons: ordered('deny', [reason, ...reasons]) };
  }
  const effect = ask || says('ask') ? 'ask' : 'allow';
  if (!declares.reasons) return { effect, reasons: [{ rule: `policy.${effect}`, effect, message: effect === 'ask' ? 'the policy asks a person' : 'the policy allows this job', fix: null }] };
  if (!says(effect)) {
    const reason = denial('policy.undefined', `the policy says ${effect} and gives no reason`, 'correct the policy: each verdict has a reason of its own effect');
    return { effect: 'deny', reasons: ordered('deny', [reason, ...reasons]) };
  }
  return { effect, reasons: ordered(effect, reasons) };
}

/** Strictest first, then by rule and text, so that one answer has one order. A reason to allow is left out beside a stricter effect: it would read as a promise. */
function ordered(effect: Effect, reasons: readonly Reason[]): Reason[] {
  return reasons
    .filter((reason) => effect === 'allow' || reason.effect !== 'allow')
    .sort((a, b) => strictness[a.effect] - strictness[b.effect] || compare(a.rule, b.rule) || compare(a.message, b.message) || compare(a.fix ?? '', b.fix ?? ''));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function denial(rule: string, message: string, fix: string): Reason {
  return { rule, effect: 'deny', message, fix };
}

function plainReason(reason: Reason): Reason {
  return { ...reason, message: plain(reason.message), fix: reason.fix === null ? null : plain(reason.fix) };
}

/** A reason may quote a program. */
function plain(text: string): string {
  return plainText(text, { max: longest });
}

type Checked = { readonly input: PolicyInput; readonly digest: Digest } | { readonly refused: string; readonly digest: Digest };

/** What is evaluated and hashed is the schema's copy, which nobody else holds. */
function check(input: unknown, sha256: Sha256): Checked {
  const parsed = parse(input);
  if (parsed.success) {
    const digest = tryDigest(parsed.data, sha256);
    return digest === null ? { refused: 'a string that is not Unicode', digest: jsonDigest(null, sha256) } : { input: parsed.data, digest };
  }
  return { refused: parsed.path, digest: tryDigest(input, sha256) ?? jsonDigest(null, sha256) };
}

function parse(input: unknown): { readonly success: true; readonly data: PolicyInput } | { readonly success: false; readonly path: string } {
  try {
    const parsed = policyInputSchema.safeParse(input);
    return parsed.success ? parsed : { success: false, path: plain(parsed.error.issues[0]?.path.map(String).join('.') || 'the top') };
  } catch {
    return { success: false, path: 'the top' };
  }
}

function tryDigest(value: unknown, sha256: Sha256): Digest | null {
  try {
    return jsonDigest(value as Json, sha256);
  } catch {
    return null;
  }
}
