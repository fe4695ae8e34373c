// The closed input a policy sees: every field always present, nothing else, so that a rule can only allow what it names.
import { z } from 'zod';
import { digestPattern } from './digest.ts';
import type { JobFacts, ProgramFacts } from './facts.ts';

/** A field that does not apply is null, never absent. Money is in millionths, except `max_cost`, which is the spec's own number. */
export interface PolicyInput {
  readonly version: 1;
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
    /** Why the device cannot run this job, and what it could; null when it can. */
    readonly limit: string | null;
  };
  readonly facts: JobFacts;
  readonly quote: {
    readonly kind: 'free' | 'priced';
    readonly amount_micros: number;
    readonly currency: string | null;
  };
  readonly session: { readonly name: string; readonly containment: 'sandboxed' | 'uncontained' };
  readonly budget: {
    readonly currency: string;
    readonly job_limit_micros: number;
    readonly day_limit_micros: number;
    /** Day limit less what is reserved and settled today; may be negative after an overrun. */
    readonly day_remaining_micros: number;
    readonly frozen: boolean;
  };
  /** The person has pulled the brake: `dewar freeze`. */
  readonly frozen: boolean;
}

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
  version: z.literal(1),
  backend: z.string().min(1), shots: z.int().min(1), shots_per_point: z.int().min(1), points: z.int().min(1), max_cost: z.number().nonnegative().nullable(), max_cost_micros: count.nullable(),
  time_limit_s: z.int().min(1), image: z.string().nullable(), packages: names,
  artifacts: z.array(z.strictObject({ digest, stored: z.boolean() })).min(1),
  program_digest: digest,
  device: z.strictObject({ name: z.string().min(1), kind: z.enum(['simulator', 'qpu']), practice: z.boolean(), max_qubits: count, limit: z.string().nullable() }),
  facts: jobFactsSchema,
  quote: z.strictObject({ kind: z.enum(['free', 'priced']), amount_micros: count, currency: z.string().nullable() }),
  session: z.strictObject({ name: z.string().min(1), containment: z.enum(['sandboxed', 'uncontained']) }),
  budget: z.strictObject({
    currency: z.string().regex(/^[A-Z]{3}$/), job_limit_micros: count, day_limit_micros: count, day_remaining_micros: z.int(), frozen: z.boolean(),
  }),
  frozen: z.boolean(),
});
