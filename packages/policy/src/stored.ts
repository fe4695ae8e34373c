// A compiled policy as two files side by side, `NAME.bundle.json` and `NAME.wasm`, so that loading it needs no OPA.
import { readFile } from 'node:fs/promises';
import { invalidBundle, parseBundle, type PolicyBundle } from './bundle.ts';
import type { Policy } from './decide.ts';
import { loadPolicy } from './engine.ts';

const suffix = '.bundle.json';

/** `NAME.wasm` for `NAME.bundle.json`. */
function wasmFileOf(bundleFile: string): string {
  if (!bundleFile.endsWith(suffix)) throw invalidBundle(`a file that is not named *${suffix}`);
  return `${bundleFile.slice(0, -suffix.length)}.wasm`;
}

/** Throws `policy_invalid` unless both are there and belong together. */
export async function readStoredPolicy(bundleFile: string): Promise<{ readonly policy: Policy; readonly bundle: PolicyBundle; readonly wasm: Uint8Array }> {
  let files: readonly [Uint8Array, Uint8Array];
  try {
    files = await Promise.all([readFile(bundleFile), readFile(wasmFileOf(bundleFile))]);
  } catch (cause) {
    throw invalidBundle('a policy whose files cannot be read', cause);
  }
  const bundle = parseBundle(files[0]);
  return { policy: loadPolicy(bundle, files[1]), bundle, wasm: files[1] };
}
