// Runs a Rego policy that was compiled to WebAssembly, in this process.
import * as exported from '@open-policy-agent/opa-wasm';
import { digestOf, type PolicyInput } from '@dewar/protocol';
import { bundleDigest, invalidBundle, policyLimits, sha256, type PolicyBundle } from './bundle.ts';
import type { Policy, PolicyAnswer } from './decide.ts';
import { webAssembly, type WasmModule } from './web-assembly.ts';

// The package's types leave out its default export, which alone holds loadPolicySync.
const { loadPolicySync } = (exported as unknown as { readonly default: typeof exported }).default;

/** Our own module beside the policy's, with one rule over its results: the input is read once for all three. */
export const answerEntrypoint = 'dewar/answer';

/** Pages of 64 KiB that one engine may have: 128 MiB. An evaluation that wants more throws, which is a denial. */
const mostPages = 2048;

/**
 * A policy from its bundle and its compiled bytes. Its digest is that of the bundle, and covers the whole policy: rules, data, what it declares, and the bytes.
 * Throws `policy_invalid` when the bytes are not those that the bundle names, or no such policy. `evaluate` throws what the engine throws, also for a function that the engine lacks.
 */
export function loadPolicy(bundle: PolicyBundle, wasm: Uint8Array): Policy {
  if (wasm.length > policyLimits.wasmBytes) throw invalidBundle(`${wasm.length} bytes of WebAssembly`);
  // A copy: nobody can change the bytes between the hash and the compilation.
  const bytes = Uint8Array.from(wasm);
  if (digestOf(bytes, sha256) !== bundle.wasm) throw invalidBundle('WebAssembly that the bundle does not name');
  const data = JSON.stringify(bundle.data);
  let module: WasmModule;
  try {
    module = new webAssembly.Module(bytes);
  } catch (cause) {
    throw invalidBundle('bytes that are no WebAssembly', cause);
  }
  let engine: Engine | undefined = start(module, data);
  return {
    digest: bundleDigest(bundle),
    declares: { ...bundle.declares },
    evaluate(input: PolicyInput): PolicyAnswer {
      try {
        engine ??= start(module, data);
        return resultsOf(engine.evaluate(buffer(JSON.stringify(input)), answerEntrypoint));
      } catch (error) {
        // An exception leaves the instance's stack as it was: the next evaluation gets a new instance.
        engine = undefined;
        throw error;
      }
    },
  };
}

type Engine = ReturnType<typeof exported.loadPolicySync>;

function start(module: WasmModule, data: string): Engine {
  let engine: Engine;
  try {
    engine = loadPolicySync(module, { initial: 5, maximum: mostPages });
    engine.setData(buffer(data));
  } catch (cause) {
    throw invalidBundle('bytes that are no compiled policy', cause);
  }
  const entrypoints: unknown = engine.entrypoints;
  if (typeof entrypoints !== 'object' || entrypoints === null || !Object.hasOwn(entrypoints, answerEntrypoint)) throw invalidBundle(`no entrypoint ${answerEntrypoint}`);
  return engine;
}

/** The copy is as long as its buffer, which the engine reads whole. */
function buffer(json: string): ArrayBuffer {
  return new TextEncoder().encode(json).slice().buffer;
}

/** OPA answers with a result set: one `{ result }` when the rule has a value, none when it is undefined. Ours is an object with the results that have one. */
function resultsOf(set: unknown): PolicyAnswer {
  const nothing = { allow: undefined, ask: undefined, reasons: undefined };
  if (!Array.isArray(set) || set.length !== 1) return nothing;
  const [entry]: unknown[] = set;
  if (typeof entry !== 'object' || entry === null || !('result' in entry) || typeof entry.result !== 'object' || entry.result === null) return nothing;
  const results = entry.result as Readonly<Record<string, unknown>>;
  return { allow: results['allow'], ask: results['ask'], reasons: results['reasons'] };
}
