// Policy folders in memory, and what stands in for them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after } from 'node:test';
import type { Json, PolicyInput } from '@dewar/protocol';
import { buildPolicy, parsePolicyFiles, PolicyRefused, withOpa, type CompiledPolicy, type Fault, type Opa, type PolicyFiles } from '../src/index.ts';

export const policies = new URL('../../../policies/default/', import.meta.url);
export const { bases } = JSON.parse(readFileSync(new URL('cases.json', policies), 'utf8')) as { readonly bases: { readonly simulator: PolicyInput; readonly qpu: PolicyInput } };

export const minimal = 'package quantum.workflow\n\ndefault allow := false\n\nallow if input.device.kind == "simulator"\n';

/** Files from texts, bytes, or values to be written as JSON. */
export function filesOf(contents: Readonly<Record<string, string | Uint8Array | Json>>): PolicyFiles {
  return new Map(Object.entries(contents).map(([name, content]) => [name, content instanceof Uint8Array ? content : new TextEncoder().encode(typeof content === 'string' ? content : JSON.stringify(content))]));
}

/** One worker for all tests of a file, started by the first that asks and ended after the last. */
let shared: { readonly opa: Promise<Opa>; readonly end: () => Promise<unknown> } | undefined;

export async function sharedOpa(): Promise<Opa> {
  if (shared === undefined) {
    const opa = Promise.withResolvers<Opa>();
    const over = Promise.withResolvers<void>();
    const ended = withOpa((one) => { opa.resolve(one); return over.promise; });
    shared = { opa: opa.promise, end: () => { over.resolve(); return ended; } };
  }
  return await shared.opa;
}
after(() => shared?.end());

export async function load(contents: Parameters<typeof filesOf>[0]): Promise<CompiledPolicy> {
  return await buildPolicy(await sharedOpa(), parsePolicyFiles(filesOf(contents)));
}

/** The faults for which a folder is refused. */
export async function refusal(contents: Parameters<typeof filesOf>[0], code = 'policy_invalid'): Promise<readonly Fault[]> {
  try {
    await load(contents);
  } catch (error) {
    assert.ok(error instanceof PolicyRefused, String(error));
    assert.equal(error.code, code, error.got);
    return error.faults;
  }
  assert.fail('the policy was loaded');
}

export const places = (faults: readonly Fault[]): string[] => faults.map(({ code, file, row, col }) => `${code} ${file}:${row}:${col}`);
