// What a place on the line takes, told by the word its help shows for it: `<job>` is a job in every verb, those still to come included.
import type { Argument, Command, Option } from 'commander';

export type Kind = 'job' | 'envelope' | 'backend' | 'session' | 'budget' | 'library' | 'file' | 'directory' | 'verb' | 'text';

const kinds: ReadonlyMap<string, Kind> = new Map([
  ['job', 'job'], ['envelope', 'envelope'], ['backend', 'backend'], ['session', 'session'], ['budget', 'budget'], ['verb', 'verb'],
  ['file', 'file'], ['circuit', 'file'], ['spec', 'file'], ['pem', 'file'], ['path', 'file'], ['new', 'file'], ['dir', 'directory'], ['folder', 'directory'],
]);

export function kindOfArgument(argument: Argument, command: Command): Kind {
  // `session create` asks for a new name; every other verb about sessions for one that is there.
  if (argument.name() === 'name' && command.parent?.name() === 'session' && command.name() !== 'create') return 'session';
  if (argument.name() === 'name' && command.parent?.name() === 'policy') return 'library';
  return kinds.get(argument.name()) ?? 'text';
}

/** `--backend <name>` goes by its own name first. */
export function kindOfOption(option: Option): Kind {
  const shown = /[<[]([^\].>]+)/.exec(option.flags)?.[1] ?? '';
  return kinds.get(option.attributeName()) ?? kinds.get(shown) ?? 'text';
}

export function isRepeatable(option: Option): boolean {
  return option.variadic || option.description.includes('may be repeated');
}
