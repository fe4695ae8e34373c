// Strict JSON (RFC 8259 within RFC 7493): stub, replaced by its own commit.
import type { Json } from './json.ts';
export interface JsonLimits { readonly bytes: number; readonly depth: number }
export declare function parseJson(bytes: Uint8Array, limits?: JsonLimits): Json;
