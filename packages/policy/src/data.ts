// The data beside a policy: strict JSON, with its own schema where there is one.
import { z } from 'zod';
import { DewarError, parseJson, type Json, type JsonObject } from '@dewar/protocol';
import { policyLimits } from './bundle.ts';
import { fault, type Fault } from './faults.ts';
import { isObject } from './input-schema.ts';

/** Top keys that rules, ours and the policy's, have for themselves. */
const taken: ReadonlySet<string> = new Set(['quantum', 'dewar']);

/** What a schema may say. `format` and the conditional keywords are left out: a keyword that is not enforced would read as one that is. */
const keywords: ReadonlySet<string> = new Set([
  '$schema', '$comment', '$defs', '$ref', 'title', 'description', 'type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', 'properties', 'required', 'additionalProperties', 'propertyNames',
  'minProperties', 'maxProperties', 'items', 'minItems', 'maxItems', 'uniqueItems', 'minLength', 'maxLength', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf',
]);
const namesInside: ReadonlySet<string> = new Set(['properties', '$defs']);
const plain: ReadonlySet<string> = new Set(['enum', 'const', 'required', 'type']);

export function readJson(file: string, bytes: Uint8Array, most: number): { readonly json: Json } | { readonly fault: Fault } {
  try {
    return { json: parseJson(bytes, { bytes: most, depth: 32, values: policyLimits.dataValues }) };
  } catch (error) {
    if (!(error instanceof DewarError)) throw error;
    return { fault: fault(error.code, error.path ? `${error.message} (${error.path})` : error.message, file) };
  }
}

/** The data of a policy folder: `data.json` and `data.schema.json`, either of which may be missing. */
export function readData(data: Uint8Array | undefined, schema: Uint8Array | undefined): { readonly data: JsonObject; readonly faults: readonly Fault[] } {
  if (data === undefined) return { data: {}, faults: schema === undefined ? [] : [fault('data_invalid', 'there is a schema and no data.json', 'data.schema.json')] };
  const read = readJson('data.json', data, policyLimits.dataBytes);
  if ('fault' in read) return { data: {}, faults: [read.fault] };
  const { json } = read;
  if (!isObject(json)) return { data: {}, faults: [fault('data_invalid', 'data.json is not an object', 'data.json')] };
  const faults = Object.keys(json).filter((key) => taken.has(key)).map((key) => fault('data_invalid', `the key ${key} is taken: rules live there`, 'data.json'));
  return { data: json, faults: [...faults, ...(schema === undefined ? [] : checkData(json, schema))] };
}

function checkData(data: JsonObject, bytes: Uint8Array): Fault[] {
  const read = readJson('data.schema.json', bytes, policyLimits.fileBytes);
  if ('fault' in read) return [read.fault];
  const unknown = unknownKeywords(read.json);
  if (unknown.length > 0) return unknown.map((word) => fault('data_invalid', `the keyword ${word} is not one that Dewar enforces`, 'data.schema.json'));
  let schema: z.ZodType;
  try {
    schema = z.fromJSONSchema(read.json as Parameters<typeof z.fromJSONSchema>[0]);
  } catch (error) {
    return [fault('data_invalid', error instanceof Error ? error.message : 'no JSON Schema', 'data.schema.json')];
  }
  const parsed = schema.safeParse(plainCopy(data));
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => fault('data_invalid', `${path.map(String).join('.') || 'the top'}: ${message}`, 'data.json'));
}

/** With the prototypes that zod's own checks of objects expect. */
function plainCopy(data: JsonObject): unknown {
  return JSON.parse(JSON.stringify(data));
}

/** What says which values a schema is about. The library enforces nothing of one that has none of them, nor what stands beside the last three (zod 4's fromJSONSchema). */
const about = ['type', 'anyOf', 'oneOf', 'allOf', '$ref', 'enum', 'const'];
const alone = ['$ref', 'enum', 'const'];
/** They only say something. */
const says: ReadonlySet<string> = new Set(['$schema', '$comment', '$defs', 'title', 'description']);

/** A keyword that would be accepted and not enforced; null where there is none. */
function voidIn(schema: JsonObject): string | null {
  const enforcing = Object.keys(schema).filter((word) => keywords.has(word) && !says.has(word));
  const found = about.filter((word) => Object.hasOwn(schema, word));
  if (enforcing.length > 0 && found.length === 0) return `${enforcing[0] ?? ''} without a type beside it`;
  const one = alone.find((word) => Object.hasOwn(schema, word));
  const beside = one === undefined ? undefined : enforcing.find((word) => word !== one && word !== 'type');
  return beside === undefined ? null : `${beside} beside ${one ?? ''}`;
}

function unknownKeywords(schema: Json): string[] {
  if (typeof schema === 'boolean') return [];
  if (!isObject(schema)) return ['that is no schema'];
  const unenforced = voidIn(schema);
  if (unenforced !== null) return [unenforced];
  return Object.entries(schema).flatMap(([word, value]) => {
    if (!keywords.has(word)) return [word];
    if (plain.has(word) || typeof value !== 'object' || value === null) return [];
    if (namesInside.has(word)) return isObject(value) ? Object.values(value).flatMap(unknownKeywords) : [word];
    return Array.isArray(value) ? (value as readonly Json[]).flatMap(unknownKeywords) : unknownKeywords(value);
  });
}
