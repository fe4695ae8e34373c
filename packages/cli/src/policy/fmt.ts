// `dewar policy fmt`: Rego files in OPA's own form, written only where they change, each whole or not at all.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { policyLimits, refuseIfAny, type Fault } from '@dewar/policy';
import { DewarError, shown } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { writeWhole } from '../durable-file.ts';
import { exits, type ExitCode } from '../exit.ts';
import { many } from '../job-text.ts';
import { faultLines } from './fault-text.ts';
import { asking } from './inspect.ts';
import { policyAt, type NamedPolicy } from './named.ts';

export async function format(context: Context, path: string | undefined, { check = false }: { readonly check?: boolean }): Promise<ExitCode> {
  const { output } = context;
  const named = await policyAt(context, path);
  const texts = textsOf(named);
  const formatted = await asking(context, 'formatting the policy', (opa) => opa.format(texts));
  if (formatted.faults !== undefined) {
    const { faults } = formatted;
    output.answer({ ok: false, folder: named.folder, changed: [], faults }, () => [...faultLines(faults, named.files, output.columns), 'nothing was written']);
    return exits.failure;
  }
  const changed = Object.entries(formatted.ok).filter(([name, text]) => text !== texts[name]);
  if (!check) for (const [name, text] of changed) await write(named, name, text);
  output.answer({ ok: !check || changed.length === 0, folder: named.folder, changed: changed.map(([name]) => name), faults: [] }, () => changed.map(([name]) => name));
  output.note(changed.length === 0 ? `${many(Object.keys(texts).length, 'file')}, all in form` : check ? 'they would change: dewar policy fmt' : `${many(changed.length, 'file')} written`);
  return check && changed.length > 0 ? exits.failure : exits.ok;
}

/** Throws `policy_invalid` for what is no text of bearable size. */
function textsOf({ files }: NamedPolicy): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  const faults: Fault[] = [];
  const wrong = (message: string, file: string): number => faults.push({ code: 'file_invalid', message, file, row: 0, col: 0 });
  for (const [name, bytes] of files) {
    if (!name.endsWith('.rego')) continue;
    try {
      texts[name] = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      wrong('not UTF-8 text', name);
    }
    if (bytes.length > policyLimits.fileBytes) wrong(`${bytes.length} bytes, at most ${policyLimits.fileBytes}`, name);
  }
  if (Object.keys(texts).length === 0 && faults.length === 0) wrong('there is no Rego file', '');
  refuseIfAny(faults);
  return texts;
}

/** Keeps the mode. What an editor saved since it was read is not overwritten. */
async function write({ folder, files }: NamedPolicy, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  const [bytes, { mode }] = await Promise.all([readFile(path), stat(path)]);
  if (!bytes.equals(files.get(name) ?? new Uint8Array())) throw new DewarError({ code: 'policy_invalid', message: 'the file was changed while it was formatted: it is left as it is', got: shown(path), fix: 'dewar policy fmt' });
  await writeWhole(path, text, { mode: mode & 0o777, exact: true });
}
