// Asks OPA about a policy's files: what is wrong, what it compiles to, and whether it is right about its own cases and tests.
import { bundleDigest, caseFailures, checkPolicy, compilePolicy, parsePolicyFiles, PolicyRefused, testPolicy, withOpa, type CaseFailure, type Fault, type Opa, type PolicyBundle, type PolicyFiles, type RegoTest } from '@dewar/policy';
import type { Digest } from '@dewar/protocol';
import type { Context } from '../context.ts';

export interface Inspected {
  /** What stops it; where there are any, the rest is not known. */
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
  readonly compiled?: { readonly bundle: PolicyBundle; readonly wasm: Uint8Array; readonly digest: Digest };
  /** Left out where they were not asked for or could not be run. */
  readonly tried?: Tried;
}

export interface Tried {
  readonly cases: number;
  readonly failedCases: readonly CaseFailure[];
  readonly tests: number;
  readonly skipped: number;
  readonly failedTests: readonly RegoTest[];
}

export const failures = ({ failedCases, failedTests }: Tried): number => failedCases.length + failedTests.length;

/** Throws `policy_tool_failed`, and `Interrupted` on Ctrl-C. */
export async function inspect(context: Context, files: PolicyFiles, { tests }: { readonly tests: boolean }): Promise<Inspected> {
  try {
    const read = parsePolicyFiles(files);
    return await asking(context, tests ? 'checking and testing the policy' : 'checking the policy', async (opa) => {
      const { faults, warnings } = await checkPolicy(opa, read);
      if (faults.length > 0) return { faults, warnings };
      const { bundle, wasm } = await compilePolicy(opa, read);
      const done = { faults: [], warnings, compiled: { bundle, wasm, digest: bundleDigest(bundle) } };
      if (!tests) return done;
      const { decisions, tests: ran } = await testPolicy(opa, read, { bundle, wasm });
      const failedTests = ran.filter(({ passed, skipped }) => !passed && skipped !== true);
      return { ...done, tried: { cases: read.cases.length, failedCases: caseFailures(read.cases, decisions), tests: ran.length, skipped: ran.filter(({ skipped }) => skipped === true).length, failedTests } };
    });
  } catch (error) {
    if (error instanceof PolicyRefused) return { faults: error.faults, warnings: [] };
    throw error;
  }
}

/** OPA starts for a second or two: a terminal is told why nothing happens, and Ctrl-C ends it. */
export async function asking<T>({ output, signal }: Context, what: string, use: (opa: Opa) => Promise<T>): Promise<T> {
  output.status(`${what} · OPA starts`);
  try {
    return await withOpa((opa) => Promise.race([use(opa), aborted(signal)]));
  } finally {
    output.status('');
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
