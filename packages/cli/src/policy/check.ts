// `dewar policy check`: whether OPA and Dewar's own lint take a policy, and where they do not.
import type { Context } from '../context.ts';
import { exits, type ExitCode } from '../exit.ts';
import { many } from '../job-text.ts';
import { digestRow, type Line } from '../line.ts';
import { faultLines } from './fault-text.ts';
import { inspect, type Inspected } from './inspect.ts';
import { policyAt, type NamedPolicy } from './named.ts';

export async function check(context: Context, path: string | undefined): Promise<ExitCode> {
  const named = await policyAt(context, path);
  const found = await inspect(context, named.files, { tests: false });
  const { columns } = context.output;
  context.output.answer(documentOf(named, found), () => [
    ...complaints(named, found, columns),
    ...(found.compiled === undefined ? [[{ text: `not a policy that can be loaded: ${many(found.faults.length, 'fault')}`, tone: 'bad' } as const] satisfies Line] : [[{ text: 'sound', tone: 'good' } as const, `  ${named.title}`], digestRow('Digest', found.compiled.digest)]),
  ]);
  if (found.compiled !== undefined) context.output.note(`its cases and tests: dewar policy test${path === undefined ? '' : ` ${path}`}`);
  return found.compiled === undefined ? exits.failure : exits.ok;
}

/** Faults and warnings, with their source. */
export function complaints({ files }: NamedPolicy, { faults, warnings }: Inspected, columns: number): Line[] {
  return [...faultLines(faults, files, columns), ...faultLines(warnings, files, columns, 'warning')];
}

export function documentOf({ folder }: NamedPolicy, { faults, warnings, compiled }: Inspected) {
  return { ok: compiled !== undefined, folder, digest: compiled?.digest ?? null, faults, warnings };
}
