// Parameters: the values that a job gives to its program's inputs, for one point or for many.
import { z } from 'zod';

/** What one OpenQASM `input` gets: a number for float, angle, int and uint, a truth value for bool. */
export type ParameterValue = number | boolean;

/** As sent: a value is the same at each point; lists give one value a point, and all have one length. */
export type Parameters = Readonly<Record<string, ParameterValue | readonly ParameterValue[]>>;

/** The values of one point. */
export type Point = Readonly<Record<string, ParameterValue>>;

/** Most points of one sweep. */
export const mostPoints = 1000;
const mostParameters = 64;

export const parameterName = /^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}_]{0,63}$/u;
export const parameterValueSchema: z.ZodType<ParameterValue> = z.union([z.number(), z.boolean()]);
export const pointSchema: z.ZodType<Point> = z.record(z.string().regex(parameterName), parameterValueSchema);

export const parametersSchema: z.ZodType<Parameters> = z
  .record(z.string().regex(parameterName), z.union([parameterValueSchema, z.array(parameterValueSchema).min(1).max(mostPoints)]))
  .refine((given) => Object.keys(given).length >= 1 && Object.keys(given).length <= mostParameters)
  .refine((given) => new Set(Object.values<ParameterValue | readonly ParameterValue[]>(given).filter(isList).map((list) => list.length)).size <= 1)
  .meta({ minProperties: 1, maxProperties: mostParameters });

const isList = (value: ParameterValue | readonly ParameterValue[]): value is readonly ParameterValue[] => Array.isArray(value);

/** A list of values, though of one, makes a sweep. */
export function isSweep(parameters: Parameters | undefined): boolean {
  return parameters !== undefined && Object.values(parameters).some(isList);
}

/** How many points; 1 without a list. */
export function pointCount(parameters: Parameters | undefined): number {
  return Object.values(parameters ?? {}).find(isList)?.length ?? 1;
}

/** Each point's values, in the order of the lists; one empty point where nothing is given. */
export function pointsOf(parameters: Parameters | undefined): readonly Point[] {
  const entries = Object.entries(parameters ?? {});
  return Array.from({ length: pointCount(parameters) }, (_, at) => Object.fromEntries(entries.map(([name, value]) => [name, isList(value) ? (value[at] ?? 0) : value])));
}

/** All that one input gets. */
export function valuesOf(value: ParameterValue | readonly ParameterValue[]): readonly ParameterValue[] {
  return isList(value) ? value : [value];
}
