// RFC 8785 (JSON Canonicalization Scheme): one text for one value.
import type { Json } from './json.ts';

/** Throws TypeError on what JSON cannot hold (NaN, Infinity, lone surrogates, undefined, instances of classes): parsed values never have these. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('RFC 8785 §3.2.2.3: no NaN or Infinity');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') return text(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`;
  if (!isPlain(value)) throw new TypeError('RFC 8785 §3.1: JSON data only');
  // §3.2.3: property names by UTF-16 code units, which is what sort() compares.
  const entries = Object.keys(value).sort().map((key) => `${text(key)}:${canonicalJson(value[key] as Json)}`);
  return `{${entries.join(',')}}`;
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new TypeError('RFC 8785 §3.2.2.2: no lone surrogates');
  return JSON.stringify(value);
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** A Date, Map or Uint8Array would come out as an object without members, and many values would share one digest. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
