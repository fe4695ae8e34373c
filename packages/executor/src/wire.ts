// The messages between the parent and its child: one JSON text a line; what the child says is checked, for it is not trusted.
import { z } from 'zod';
import { mostPoints, pointSchema, type Point } from '@dewar/protocol';
import { calibrationSchema, type Calibration } from './calibration.ts';

/** Most qubits of a state vector here: 2^24 amplitudes are 256 MiB. */
export const maxQubits = 24;

/** Most different bit strings in one result, those of all points together. */
export const maxKeys = 2 ** 20;

/** What the child needs to know of a run. */
export interface Program {
  readonly source: string;
  /** What is bound to its inputs: one, or one for each point of a sweep. Point k is sampled with seed + k. */
  readonly points: readonly Point[];
  /** Of each point. */
  readonly shots: number;
  readonly seed: number;
  readonly noise: Calibration | null;
  readonly qubits: number;
  readonly measurements: number;
  /** Classical control: goes shot by shot at once. */
  readonly dynamic: boolean;
}

export type RunMethod = 'state-vector' | 'shot-by-shot' | 'noisy-trajectories';
export type ParentMessage = { readonly type: 'start'; readonly token: string } | { readonly type: 'program'; readonly program: Program };

const count = z.int().nonnegative();
const programSchema: z.ZodType<Program> = z.strictObject({
  source: z.string(), points: z.array(pointSchema).min(1).max(mostPoints), shots: z.int().min(1), seed: count, noise: calibrationSchema.nullable(), qubits: count, measurements: count, dynamic: z.boolean(),
});
export const parentMessage: z.ZodType<ParentMessage> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), token: z.string().min(1).max(1024) }),
  z.strictObject({ type: z.literal('program'), program: programSchema }),
]);

/** Why a child may say that its run failed. */
const childCodes = ['program_format', 'program_invalid', 'run_failed', 'run_too_large', 'run_output_limit', 'run_memory_limit', 'device_refused'] as const;
const text = (max: number) => z.string().min(1).max(max);

export const childMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('redeem'), token: text(1024) }),
  z.strictObject({ type: z.literal('progress'), done: count, total: count }),
  z.strictObject({
    type: z.literal('error'),
    error: z.strictObject({
      code: z.enum(childCodes), message: text(1000), path: text(1000).exactOptional(), got: text(1000).exactOptional(), allowed: text(1000).exactOptional(), fix: text(1000).exactOptional(),
    }),
  }),
  z.strictObject({
    type: z.literal('results'),
    registers: z.array(z.strictObject({ name: z.string().regex(/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}_]{0,255}$/u), size: z.int().min(1).max(1_000_000) })).min(1).max(10_000),
    points: z.array(z.strictObject({
      method: z.enum(['state-vector', 'shot-by-shot', 'noisy-trajectories']),
      // Lists, for an object would put the key "10" before "00"; a million of them are checked by one loop, in answer.ts.
      keys: z.array(z.unknown()).min(1).max(maxKeys),
      counts: z.array(z.unknown()).min(1).max(maxKeys),
    })).min(1).max(mostPoints),
  }),
]);
export type ChildMessage = z.infer<typeof childMessage>;

/** Bytes of all lines of one child together. */
export const childBytes = 67_108_864;
/** Messages of one child; an honest one, which tells its progress more and more rarely, sends about a thousand in a day. */
export const childMessages = 5_000;
