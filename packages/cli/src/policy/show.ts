// `dewar policy show`: what is in force, since when and by whom, and loudly where the files as they are now are not.
import type { Json, PolicyView } from '@dewar/protocol';
import type { Context } from '../context.ts';
import { escape } from '../escape.ts';
import { many } from '../job-text.ts';
import { digestRow, row, type Line } from '../line.ts';
import { block, spaced } from './fault-text.ts';

/** Lines of data that are shown. */
const mostData = 40;

export async function show({ control, output, signal }: Context, { source = false }: { readonly source?: boolean }): Promise<void> {
  const policy = await control.policy({ signal });
  output.answer({ policy }, () => (source ? sourceLines(policy) : policyLines(policy, output.columns)));
}

export function policyLines({ digest, since, by, folder, modules, data, problem, blind }: PolicyView, columns: number): Line[] {
  const line = (label: string, text: string): Line[] => row(label, text, columns);
  return [
    ...(problem === null ? [] : [
      [{ text: 'THE FILES AS THEY ARE NOW ARE NOT IN FORCE', tone: 'bad' } as const],
      ...row('Problem', `${problem.message} (${problem.code})`, columns, 'bad'), ...(problem.got === undefined ? [] : row('', problem.got, columns)), ...(problem.fix === undefined ? [] : line('', `fix: ${problem.fix}`)),
      'In force instead:',
    ] satisfies Line[]),
    ...(blind === null ? [] : [...row('Unseen', `${blind.message}${blind.got === undefined ? '' : `: ${blind.got}`}`, columns, 'warn'), ...line('', `fix: ${blind.fix ?? ''}`)]),
    digestRow('Policy', digest),
    ...line('Since', since),
    ...line('By', by === null ? 'nobody: as Dewar ships it' : by),
    ...line('Folder', folder),
    ...Object.entries(modules).flatMap(([name, text], index) => line(index === 0 ? 'Files' : '', `${name}  ${many(linesOf(text).length, 'line')}`)),
    ...dataLines(data, columns),
  ];
}

function dataLines(data: { readonly [key: string]: Json }, columns: number): Line[] {
  if (Object.keys(data).length === 0) return row('Data', 'none', columns);
  return [{ text: 'Data', tone: 'faint' as const }].map((label): Line => [label]).concat(block(JSON.stringify(data, null, 2), columns, mostData));
}

/** Each file under its name. */
function sourceLines({ modules }: PolicyView): Line[] {
  return Object.entries(modules).flatMap(([name, text]) => [[{ text: `# ${escape(name)}`, tone: 'strong' as const }], ...linesOf(text).map((line) => escape(spaced(line)))]);
}

export function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}
