// Runs a Rego policy that was compiled to WebAssembly, in this process.
import { createHash } from 'node:crypto';
import * as exported from '@open-policy-agent/opa-wasm';
import { DewarError, digestOf, shown, type PolicyInput } from '@dewar/protocol';
import type { Policy, PolicyAnswer } from '../core/decide.ts';

// The package's types leave out its default export, which alone holds loadPolicySync.
const { loadPolicySync } = (exported as unknown as { readonly default: typeof exported }).default;

const results = ['allow', 'ask', 'reasons'] as const;

/**
 * A policy from its compiled bytes, with the entrypoints `quantum/workflow/{allow,ask,reasons}`.
 * Its digest is SHA-256 of these bytes, and covers the whole policy: rules, limits and named devices are in the Rego itself and no data is loaded beside it.
 * Throws `policy_invalid` when the bytes are no such policy. `evaluate` throws what the engine throws, also for a function that the engine lacks.
 */
export async function loadOpaPolicy(wasm: Uint8Array): Promise<Policy> {
  // A copy: nobody can change the bytes between the hash and the compilation.
  const bytes = Uint8Array.from(wasm);
  const digest = digestOf(bytes, (data) => createHash('sha256').update(data).digest());
  let engine = start(bytes);
  return {
    digest,
    evaluate(input: PolicyInput): PolicyAnswer {
      try {
        // Written out once for the three evaluations. The copy is as long as its buffer, which the engine reads whole.
        const json = new TextEncoder().encode(JSON.stringify(input)).slice().buffer;
        const [allow, ask, reasons] = results.map((name) => valueOf(engine.evaluate(json, `quantum/workflow/${name}`)));
        return { allow, ask, reasons };
      } catch (error) {
        // An exception leaves the instance's stack as it was: the next evaluation gets a new instance.
        engine = start(bytes);
        throw error;
      }
    },
  };
}

type Engine = ReturnType<typeof exported.loadPolicySync>;

function start(bytes: Uint8Array): Engine {
  let engine: Engine;
  try {
    engine = loadPolicySync(bytes);
  } catch (cause) {
    throw invalid('bytes that are no compiled OPA policy', cause);
  }
  const entrypoints: unknown = engine.entrypoints;
  for (const name of results) {
    const path = `quantum/workflow/${name}`;
    if (typeof entrypoints !== 'object' || entrypoints === null || !Object.hasOwn(entrypoints, path)) throw invalid(`no entrypoint ${path}`);
  }
  return engine;
}

/** OPA answers with a result set: one `{ result }` when the rule has a value, none when it is undefined. */
function valueOf(set: unknown): unknown {
  if (!Array.isArray(set) || set.length !== 1) return undefined;
  const [entry]: unknown[] = set;
  return typeof entry === 'object' && entry !== null && 'result' in entry ? entry.result : undefined;
}

function invalid(got: string, cause?: unknown): DewarError {
  return new DewarError(
    { code: 'policy_invalid', message: 'the policy cannot be loaded', got: shown(got), allowed: 'package quantum.workflow, compiled with the entrypoints allow, ask and reasons', fix: 'compile it with scripts/build-policy.mjs' },
    { cause },
  );
}
