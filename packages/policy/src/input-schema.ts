// The policy input's JSON Schema as OPA's type checker reads it, and what in it may be null.
import { z } from 'zod';
import { policyInputSchema, type Json, type JsonObject } from '@dewar/protocol';

/** Types only: bounds and patterns say nothing about types, a list of types is written as a choice, and nothing else is a field. */
export function inputSchema(): Json {
  return typesOf(z.toJSONSchema(policyInputSchema) as Json);
}

function typesOf(schema: Json | undefined): Json {
  if (!isObject(schema)) return {};
  const { type, anyOf, oneOf, properties, additionalProperties, items } = schema;
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) return { anyOf: choices.map(typesOf) };
  if (Array.isArray(type)) return { anyOf: type.map((one: Json) => typesOf({ ...schema, type: one })) };
  return {
    ...(type !== undefined && { type }),
    ...(isObject(properties) && { properties: Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, typesOf(inner)])) }),
    ...(type === 'object' && { additionalProperties: isObject(additionalProperties) ? typesOf(additionalProperties) : false }),
    ...(items !== undefined && { items: typesOf(items) }),
  };
}

/** Dotted paths of the fields that may be null, `*` for any element: `input.quote.currency`, `input.budgets.*.limit`. */
export function nullablePaths(schema: Json, path = 'input'): readonly string[] {
  if (!isObject(schema)) return [];
  const { anyOf, properties, additionalProperties, items } = schema;
  if (Array.isArray(anyOf)) return [...(anyOf.some((one: Json) => isObject(one) && one['type'] === 'null') ? [path] : []), ...anyOf.flatMap((one: Json) => nullablePaths(one, path))];
  return [
    ...(isObject(properties) ? Object.entries(properties).flatMap(([name, inner]) => nullablePaths(inner, `${path}.${name}`)) : []),
    ...(isObject(additionalProperties) ? nullablePaths(additionalProperties, `${path}.*`) : []),
    ...(items !== undefined ? nullablePaths(items, `${path}.*`) : []),
  ];
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
