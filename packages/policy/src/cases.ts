// The cases beside a policy: inputs with the decision that each must have.
import { z } from 'zod';
import { policyInputSchema, type Decision, type Effect, type Json, type JsonObject, type PolicyInput } from '@dewar/protocol';
import { fault, type Fault } from './faults.ts';

/** One case: the named base with fields set (`"quote.amount_micros"`, `"artifacts.0.stored"`), and what must come out. `rules` are those of the reasons, in order. */
export interface PolicyCase {
  readonly name: string;
  readonly base: string;
  readonly set: Readonly<Record<string, Json>>;
  readonly effect: Effect;
  readonly rules?: readonly string[];
}

export interface PolicyCases {
  /** The data that the cases are written for; left out, it is the policy's own. With it, a limit can be changed in data.json and the cases still say what the rules do. */
  readonly data?: JsonObject;
  readonly bases: Readonly<Record<string, Json>>;
  readonly cases: readonly PolicyCase[];
}

/** A case that came out otherwise. */
export interface CaseFailure {
  readonly name: string;
  readonly wanted: string;
  readonly got: string;
}

const json = z.custom<Json>(() => true);
const schema = z.strictObject({
  data: z.custom<JsonObject>((value) => typeof value === 'object' && value !== null && !Array.isArray(value)).optional(),
  bases: z.record(z.string(), json),
  cases: z.array(z.strictObject({ name: z.string().min(1).max(200), base: z.string(), set: z.record(z.string(), json).default({}), effect: z.enum(['allow', 'ask', 'deny']), rules: z.array(z.string()).optional() })).max(5000),
});

export interface ReadyCase extends PolicyCase {
  readonly input: PolicyInput;
}

export type Bases = PolicyCases['bases'];

/** The cases with their inputs; faults where the file or an input is not valid. */
export function readCases(value: Json): { readonly bases: Bases; readonly data?: JsonObject; readonly ready: readonly ReadyCase[]; readonly faults: readonly Fault[] } {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return { bases: {}, ready: [], faults: parsed.error.issues.slice(0, 10).map(({ path, message }) => fault('cases_invalid', `${path.map(String).join('.') || 'the top'}: ${message}`, 'cases.json')) };
  const ready: ReadyCase[] = [];
  const faults: Fault[] = [];
  for (const { rules, ...each } of parsed.data.cases) {
    const made = caseInput(parsed.data.bases, each);
    if (typeof made === 'string') faults.push(fault('cases_invalid', `case ${JSON.stringify(each.name)}: ${made}`, 'cases.json'));
    else ready.push({ ...each, ...(rules !== undefined && { rules }), input: made });
  }
  return { bases: parsed.data.bases, ...(parsed.data.data !== undefined && { data: parsed.data.data }), ready, faults };
}

function caseInput(bases: Readonly<Record<string, Json>>, { base, set }: Pick<PolicyCase, 'base' | 'set'>): PolicyInput | string {
  if (!Object.hasOwn(bases, base)) return `there is no base ${JSON.stringify(base)}`;
  let input: Json = bases[base] ?? null;
  for (const [path, value] of Object.entries(set)) {
    const changed = withValue(input, path.split('.'), value);
    if (changed === undefined) return `its base has no ${path}`;
    input = changed;
  }
  const parsed = policyInputSchema.safeParse(JSON.parse(JSON.stringify(input)));
  return parsed.success ? parsed.data : `its input is not valid at ${parsed.error.issues[0]?.path.map(String).join('.') || 'the top'}`;
}

/** A copy with one field set; undefined where the path leads through something that is not there. */
function withValue(value: Json, [key, ...rest]: readonly string[], change: Json): Json | undefined {
  if (key === undefined) return change;
  if (typeof value !== 'object' || value === null) return undefined;
  if (rest.length > 0 && !Object.hasOwn(value, key)) return undefined;
  const inner = rest.length > 0 ? withValue((value as Readonly<Record<string, Json>>)[key] ?? null, rest, change) : change;
  if (inner === undefined) return undefined;
  if (!Array.isArray(value)) return { ...(value as Readonly<Record<string, Json>>), [key]: inner };
  return /^\d+$/.test(key) && Number(key) <= value.length ? value.toSpliced(Number(key), 1, inner) : undefined;
}

/** The cases that came out otherwise, in their order. */
export function caseFailures(cases: readonly ReadyCase[], decisions: readonly Decision[]): CaseFailure[] {
  return cases.flatMap(({ name, effect, rules }, index) => {
    const decision = decisions[index];
    const wanted = [effect, ...(rules ?? [])].join(' ');
    const got = decision === undefined ? 'nothing' : [decision.effect, ...(rules === undefined ? [] : decision.reasons.map(({ rule }) => rule))].join(' ');
    return got === wanted ? [] : [{ name, wanted, got }];
  });
}
