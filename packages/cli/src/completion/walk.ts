// What a half-typed line asks for next, found by walking commander's own tree: a new verb or option needs no second list.
import type { Argument, Command, Option } from 'commander';
import { isRepeatable, kindOfArgument, kindOfOption, type Kind } from './kinds.ts';

export interface Candidate {
  readonly value: string;
  /** What it is, for shells that show it; may be empty. */
  readonly about: string;
}

export type Wanted =
  | { readonly kind: 'these'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'directories' }
  /** Something that only the broker knows, or a folder of ours. */
  | { readonly kind: 'live'; readonly of: 'job' | 'envelope' | 'backend' | 'session' | 'budget' | 'library'; readonly verb: string; readonly given: ReadonlySet<string>; readonly prefix: string };

interface Place {
  readonly command: Command;
  /** The one whose verb it is; commander does not tell it of `help`. */
  readonly above: Command;
  /** Attribute names of the options that were given. */
  readonly given: ReadonlySet<string>;
  readonly operands: number;
  /** The option whose value comes next. */
  readonly open: Option | undefined;
  /** After `--` nothing is an option. */
  readonly plain: boolean;
}

/** @param words between the command's name and the word under the cursor, which is `current` */
export function wantedAt(program: Command, words: readonly string[], current: string): Wanted {
  const place = walk(program, words);
  if (place.open !== undefined) return valueOf(place, place.open, '');
  if (place.plain || !current.startsWith('-')) return operandAt(place);
  const [, name = ''] = /^(--[^=]+)=/.exec(current) ?? [];
  if (name === '') return these(optionsLeft(place));
  const option = optionNamed(place.command, name);
  return option?.required === true || option?.optional === true ? valueOf(place, option, `${name}=`) : these([]);
}

function walk(program: Command, words: readonly string[]): Place {
  let place: Place = { command: program, above: program, given: new Set(), operands: 0, open: undefined, plain: false };
  for (const word of words) place = after(place, word);
  return place;
}

function after(place: Place, word: string): Place {
  if (place.open !== undefined) return { ...place, open: undefined };
  if (!place.plain && word === '--') return { ...place, plain: true };
  if (!place.plain && word.startsWith('-') && word !== '-') return afterOption(place, word);
  const verb = place.operands === 0 ? verbsOf(place.command).find((each) => each.name() === word || each.aliases().includes(word)) : undefined;
  return verb === undefined ? { ...place, operands: place.operands + 1 } : { ...place, command: verb, above: place.command };
}

function afterOption(place: Place, word: string): Place {
  const [name = ''] = word.startsWith('--') ? word.split('=') : [word.slice(0, 2)];
  const option = optionNamed(place.command, name);
  if (option === undefined) return place;
  const given = new Set([...place.given, option.attributeName()]);
  return { ...place, given, open: option.required && name === word ? option : undefined };
}

/** Those that help shows, so that hidden ones stay hidden. */
function verbsOf(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function optionsOf(command: Command): Option[] {
  const help = Object.assign(command.createHelp(), { showGlobalOptions: true });
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
}

function optionNamed(command: Command, name: string): Option | undefined {
  return optionsOf(command).find(({ long, short }) => long === name || short === name);
}

function optionsLeft({ command, given }: Place): Candidate[] {
  return optionsOf(command)
    .filter((option) => !given.has(option.attributeName()) || isRepeatable(option))
    .map((option) => ({ value: option.long ?? option.short ?? '', about: option.description }));
}

function operandAt(place: Place): Wanted {
  const { command, operands } = place;
  const verbs = verbsOf(command);
  if (operands === 0 && verbs.length > 0) return these(verbs.map(asCandidate));
  const argument = argumentAt(command.registeredArguments, operands);
  // With every argument given, options are all that can follow.
  if (argument === undefined) return these(place.plain ? [] : optionsLeft(place));
  if (argument.argChoices !== undefined) return these(argument.argChoices.map(bare));
  return ofKind(kindOfArgument(argument, command), place, '');
}

function argumentAt(all: readonly Argument[], index: number): Argument | undefined {
  const last = all.at(-1);
  return all[index] ?? (last?.variadic === true ? last : undefined);
}

function valueOf(place: Place, option: Option, prefix: string): Wanted {
  if (option.argChoices !== undefined) return these(option.argChoices.map((choice) => bare(`${prefix}${choice}`)));
  return ofKind(kindOfOption(option), place, prefix);
}

function ofKind(kind: Kind, { command, above, given }: Place, prefix: string): Wanted {
  if (kind === 'text') return these([]);
  if (kind === 'file') return { kind: 'files' };
  if (kind === 'directory') return { kind: 'directories' };
  // `help [verb]` is about its neighbours.
  if (kind === 'verb') return these(verbsOf(above).filter((verb) => verb.name() !== command.name()).map(asCandidate));
  return { kind: 'live', of: kind, verb: command.name(), given, prefix };
}

const these = (candidates: readonly Candidate[]): Wanted => ({ kind: 'these', candidates });
const bare = (value: string): Candidate => ({ value, about: '' });
const asCandidate = (command: Command): Candidate => ({ value: command.name(), about: command.description() });
