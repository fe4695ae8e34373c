// OPA itself, as the WebAssembly beside this package: read, unpacked, and refused unless its digest is the pinned one.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

const folder = new URL('../opa/', import.meta.url);
const mostBytes = 64 * 1024 * 1024;

/** Digests by file name, as `opa.wasm.sha256` holds them; `opa.wasm` is the one of the WebAssembly before compression. */
export function pinned(): ReadonlyMap<string, string> {
  return new Map(readFileSync(new URL('opa.wasm.sha256', folder), 'utf8').trimEnd().split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
}

export interface OpaAsset {
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** Go's own glue, a script that sets `globalThis.Go`. */
  readonly glue: string;
}

/** Throws when a file is missing or is not the one that was pinned. */
export function readAsset(read: (name: string) => Uint8Array = (name) => readFileSync(new URL(name, folder)), digests: ReadonlyMap<string, string> = pinned()): OpaAsset {
  const wasm = Uint8Array.from(brotliDecompressSync(read('opa.wasm.br'), { maxOutputLength: mostBytes }));
  const glue = read('wasm_exec.js');
  for (const [name, bytes] of [['opa.wasm', wasm], ['wasm_exec.js', glue]] as const) {
    if (createHash('sha256').update(bytes).digest('hex') !== digests.get(name)) throw new Error(`${name} of packages/policy/opa is not the one that was built: its digest differs`);
  }
  return { wasm, glue: new TextDecoder('utf-8', { fatal: true }).decode(glue) };
}
