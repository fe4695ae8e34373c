// The policies under policies/, compiled once a test file, and what each says with no schema before it.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { policyInputSchema, type Digest, type PolicyInput } from '@dewar/protocol';
import { decide, loadPolicy, loadPolicyFolder, parsePolicyFiles, readPolicyFolder, type CompiledPolicy, type Policy, type PolicyAnswer, type ReadPolicy } from '../src/index.ts';

export interface Loaded {
  readonly read: ReadPolicy;
  readonly made: CompiledPolicy;
  readonly policy: Policy;
}

const library = new URL('../../../policies/', import.meta.url);
export const names = readdirSync(library, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).toSorted();
export const folderOf = (name: string) => fileURLToPath(new URL(`${name}/`, library));
const loads = new Map<string, Promise<Loaded>>();

/** Once a policy: compiling is the slow part. */
export function loaded(name: string): Promise<Loaded> {
  const found = loads.get(name) ?? (async () => {
    const files = await readPolicyFolder(folderOf(name));
    const made = await loadPolicyFolder(files);
    return { read: parsePolicyFiles(files), made, policy: loadPolicy(made.bundle, made.wasm) };
  })();
  loads.set(name, found);
  return found;
}

export const noDigest: Digest = `sha256:${'0'.repeat(64)}`;
export const mildness = { deny: 0, ask: 1, allow: 2 } as const;
/** The cast is the point: some of them are no inputs. */
const asInput = (value: unknown) => value as PolicyInput;
export const isValid = (input: unknown) => policyInputSchema.safeParse(input).success;

/** What the policy itself says, with no schema before it. */
export function answerOf(policy: Policy, input: unknown): PolicyAnswer {
  try {
    return policy.evaluate(asInput(input));
  } catch {
    return { allow: undefined, ask: undefined, reasons: undefined };
  }
}
export const effectOf = (policy: Policy, input: unknown) => decide(answerOf(policy, input), noDigest, noDigest, policy.declares).effect;

/** One case of each outcome. */
export const oneOfEach = (cases: ReadPolicy['cases']) => [...new Map(cases.map((each) => [`${each.base} ${each.effect} ${each.rules?.join(' ') ?? ''}`, each])).values()];
