// `dewar policy list`: the policies that come with Dewar.
import type { Context } from '../context.ts';
import { table } from '../line.ts';
import { libraryPolicies } from './library.ts';

export async function list({ output }: Context): Promise<void> {
  const policies = await libraryPolicies();
  output.answer({ policies }, () => table(['policy', 'is for'], policies.map(({ name, about }) => [name, about]), output.tableColumns));
  output.note('to begin with one: dewar policy use NAME');
}
