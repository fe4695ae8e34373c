// The closed input a policy sees: every field always present, nothing else, so that a rule can only allow what it names.
import { z } from 'zod';
import { budgetPeriods, budgetScopes, type BudgetPeriod, type BudgetScope } from './budget.ts';
import { digestPattern } from './digest.ts';
import { lanes, type Lane } from './spec.ts';
import type { JobFacts, ProgramFacts } from './facts.ts';

/** A field that does not apply is null, never absent. Money is in millionths, except `max_cost`, which is the spec's own number. */
export interface PolicyInput {
  readonly version: 2;
  /** The backend as the spec names it (an alias stays an alias). */
  readonly backend: string;
  /** All shots of the job: those of a point times the points. */
  readonly shots: number;
  readonly shots_per_point: number;
  /** More than 1 for a sweep only. */
  readonly points: number;
  readonly max_cost: number | null;
  readonly max_cost_micros: number | null;
  readonly time_limit_s: number;
  /** How urgent the spec says it is. */
  readonly lane: Lane;
  readonly image: string | null;
  readonly packages: readonly string[];
  /** Digests of every artifact the job reads, code first; `stored` says the broker holds and has just verified each. */
  readonly artifacts: readonly { readonly digest: string; readonly stored: boolean }[];
  readonly program_digest: string;
  readonly device: {
    readonly name: string;
    readonly kind: 'simulator' | 'qpu';
    /** A practice device: costs practice money, touches no hardware. */
    readonly practice: boolean;
    readonly max_qubits: number;
    /** The configuration says that it stands in the house. */
    readonly on_premises: boolean;
    /** Why the device cannot run this job, and what it could; null when it can. */
    readonly limit: string | null;
  };
  /** Other QPUs in the house that could run this job, by name. */
  readonly on_premises_qpus: readonly string[];
  readonly facts: JobFacts;
  readonly quote: {
    readonly kind: 'free' | 'priced';
    readonly amount_micros: number;
    readonly currency: string | null;
    /** Days since the date of the price; null for a free run. */
    readonly age_days: number | null;
  };
  readonly session: {
    readonly name: string;
    readonly containment: 'sandboxed' | 'uncontained';
    /** Whose work it is: set by a person, never by the agent. */
    readonly user: string;
    readonly project: string | null;
  };
  /** When it is decided, in the broker's time zone. */
  readonly time: {
    /** RFC 3339, UTC. */
    readonly at: string;
    /** IANA name. */
    readonly zone: string;
    /** ISO 8601: 1 is Monday, 7 Sunday. */
    readonly weekday: number;
    readonly hour: number;
    readonly minute: number;
  };
  /** What is asked for beside this job, when an envelope is: the job is the largest inside. Null for a job. */
  readonly envelope: {
    readonly max_jobs: number;
    readonly max_shots: number;
    /** In the quote's currency; null where the jobs are free. */
    readonly max_amount_micros: number | null;
    readonly seconds: number;
  } | null;
  /** What is unlike this session's jobs so far; of jobs for QPUs only. */
  readonly anomalies: readonly Anomaly[];
  /** Every budget that the job counts in; none for a free run. */
  readonly budgets: readonly {
    readonly id: string;
    readonly scope: BudgetScope;
    readonly name: string | null;
    readonly per: BudgetPeriod;
    readonly currency: string;
    readonly limit_micros: number;
    /** The limit less what is reserved and settled; may be negative after an overrun, null where no rate converts what was spent. */
    readonly remaining_micros: number | null;
    /** The quote in the budget's currency; null where no rate converts it. */
    readonly needs_micros: number | null;
    readonly frozen: boolean;
  }[];
  /** The person has pulled the brake: `dewar freeze`. */
  readonly frozen: boolean;
}

/** `first_time`: no job with this code has completed on a QPU. `new_backend`: none of this session has on this device. `ten_times`: ten times the session's usual price there. `burst`: 30 submits in ten minutes. `night`: from 22 to 6 o'clock. */
export const anomalies = ['first_time', 'new_backend', 'ten_times', 'burst', 'night'] as const;
export type Anomaly = (typeof anomalies)[number];

const count = z.int().nonnegative();
const digest = z.string().regex(digestPattern);
const names = z.array(z.string());

const programFacts = {
  analyser: z.string(),
  language: z.enum(['qasm2', 'qasm3']),
  qubits: count, clbits: count, physical_qubits: z.array(count), gates: z.record(z.string(), count), operations: count,
  one_qubit_gates: count, two_qubit_gates: count, multi_qubit_gates: count, measurements: count, resets: count, depth: count,
  mid_circuit_measurement: z.boolean(), dynamic: z.boolean(), unbounded_loop: z.boolean(), pulse: z.boolean(),
  pragmas: names, includes: names, externs: names,
  inputs: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  confidence: z.enum(['exact', 'upper-bound', 'unknown']),
  notes: z.array(z.strictObject({ line: count, text: z.string() })),
} as const;
export const programFactsSchema: z.ZodType<ProgramFacts> = z.strictObject(programFacts);
export const jobFactsSchema: z.ZodType<JobFacts> = z.strictObject({ ...programFacts, simulated_before: z.boolean(), simulatable: z.boolean(), simulator_limit: z.string().nullable() });

export const policyInputSchema: z.ZodType<PolicyInput> = z.strictObject({
  version: z.literal(2),
  backend: z.string().min(1), shots: z.int().min(1), shots_per_point: z.int().min(1), points: z.int().min(1), max_cost: z.number().nonnegative().nullable(), max_cost_micros: count.nullable(),
  time_limit_s: z.int().min(1), lane: z.enum(lanes), image: z.string().nullable(), packages: names,
  artifacts: z.array(z.strictObject({ digest, stored: z.boolean() })).min(1),
  program_digest: digest,
  device: z.strictObject({ name: z.string().min(1), kind: z.enum(['simulator', 'qpu']), practice: z.boolean(), max_qubits: count, on_premises: z.boolean(), limit: z.string().nullable() }),
  on_premises_qpus: names,
  facts: jobFactsSchema,
  quote: z.strictObject({ kind: z.enum(['free', 'priced']), amount_micros: count, currency: z.string().nullable(), age_days: count.nullable() }),
  session: z.strictObject({ name: z.string().min(1), containment: z.enum(['sandboxed', 'uncontained']), user: z.string().min(1), project: z.string().min(1).nullable() }),
  time: z.strictObject({ at: z.string().min(1), zone: z.string().min(1), weekday: z.int().min(1).max(7), hour: z.int().min(0).max(23), minute: z.int().min(0).max(59) }),
  envelope: z.strictObject({ max_jobs: z.int().min(1), max_shots: z.int().min(1), max_amount_micros: count.nullable(), seconds: z.int().min(1) }).nullable(),
  anomalies: z.array(z.enum(anomalies)),
  budgets: z.array(z.strictObject({
    id: z.string().min(1), scope: z.enum(budgetScopes), name: z.string().min(1).nullable(), per: z.enum(budgetPeriods), currency: z.string().regex(/^[A-Z]{3}$/),
    limit_micros: count, remaining_micros: z.int().nullable(), needs_micros: count.nullable(), frozen: z.boolean(),
  })),
  frozen: z.boolean(),
});
