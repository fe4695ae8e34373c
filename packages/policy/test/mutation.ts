// Takes each condition out of a policy in turn, and says which could go unnoticed by its cases and by misshapen inputs.
import assert from 'node:assert/strict';
import { digestOf, type PolicyInput } from '@dewar/protocol';
import { answerEntrypoint, answerModule, compilePolicy, loadPolicy, opaVersion, parsePolicyFiles, readPolicyFolder, sha256, taken, withOpa, type Policy, type ReadPolicy } from '../src/index.ts';
import { misshapen, type Plain } from './misshapen.ts';

interface Mutant {
  readonly name: string;
  readonly text: string;
}

/** A condition: a line of a body that binds nothing, ends no block and is no part of a value. */
const condition = /^\t+(?!["}\]]|.*(?::=|\bevery\b|\bsome\b|[[({,]$))\S/;

/**
 * Each rule with a body once more for each condition, without it, and alive only where `data.dewar_mutant` is its number. A body without one of its
 * conditions holds wherever the whole one does and gives the same value, so the rule and this copy together are the rule without the condition. Needs the layout of `opa fmt`.
 */
export function mutants(file: string, text: string, first: number): Mutant[] {
  const lines = text.split('\n');
  const found: Mutant[] = [];
  for (let start = 0; start < lines.length; start += 1) {
    if (!/^\S.*\bif \{$/.test(lines[start] ?? '')) continue;
    const end = lines.findIndex((line, index) => index > start && line.startsWith('}'));
    assert.equal(lines[end], '}', `${file}:${end + 1}: a rule with else cannot be taken apart`);
    for (let index = start + 1; index < end; index += 1) {
      const line = lines[index] ?? '';
      if (!condition.test(line)) continue;
      const body = lines.slice(start + 1, end).toSpliced(index - start - 1, 1, line.replace(/\S.*/, 'true'));
      found.push({ name: `${file}:${index + 1}: ${line.trim()}`, text: [lines[start], `\tdata.dewar_mutant == ${first + found.length}`, ...body, '}'].join('\n') });
    }
  }
  return found;
}

/** The policy with each mutant, all from one compilation: which one lives is data. */
async function compileMutants({ modules, data }: ReadPolicy): Promise<{ readonly original: Policy; readonly names: readonly string[]; readonly load: (number: number) => Policy }> {
  const names: string[] = [];
  const mutated: Record<string, string> = {};
  for (const [file, text] of Object.entries(modules)) {
    const made = mutants(file, text, names.length);
    names.push(...made.map(({ name }) => name));
    mutated[file] = [text, ...made.map((each) => each.text)].join('\n\n');
  }
  return await withOpa(async (opa) => {
    const { bundle, wasm } = await compilePolicy(opa, { modules, data });
    const all = taken(await opa.compile({ ...mutated, 'dewar/answer.rego': answerModule(bundle.declares) }, [answerEntrypoint]));
    const digest = digestOf(all, sha256);
    const load = (number: number) => loadPolicy({ version: 1, opa: opaVersion, modules, data: { ...data, dewar_mutant: number }, declares: bundle.declares, wasm: digest }, all);
    return { original: loadPolicy(bundle, wasm), names, load };
  }, { milliseconds: 300_000 });
}

/** The conditions of the policy in `folder` that can be taken out without any input of its cases, or any misshapen one, being answered otherwise. */
export async function unnoticedMutants(folder: string): Promise<{ readonly conditions: number; readonly unnoticed: readonly string[] }> {
  const read = parsePolicyFiles(await readPolicyFolder(folder));
  const { original, names, load } = await compileMutants(read);
  const inputs: unknown[] = [...read.cases.map(({ input }) => input), ...Object.values(read.bases).flatMap((base) => [...misshapen(base as Plain)].map(({ input }) => input))];
  const expected = inputs.map((input) => answerOf(original, input));
  assert.deepEqual(inputs.map((input) => answerOf(load(-1), input)).slice(0, 20), expected.slice(0, 20), 'with no mutant alive it is the policy');
  const unnoticed = names.filter((_, number) => {
    const mutant = load(number);
    return inputs.every((input, index) => answerOf(mutant, input) === expected[index]);
  });
  return { conditions: names.length, unnoticed };
}

function answerOf(policy: Policy, input: unknown): string {
  try {
    return JSON.stringify(policy.evaluate(input as PolicyInput));
  } catch {
    return 'threw';
  }
}
