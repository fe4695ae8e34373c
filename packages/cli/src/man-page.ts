// The manual page dewar(1) in man(7) roff, written from the command tree; every text is escaped, so that none becomes a request.
import type { Command, Option } from 'commander';
import { environment, firstExample } from './about.ts';
import { exitMeanings } from './exit.ts';

/** When the words of this file last changed. */
const written = '2026-11-27';

const files: readonly (readonly [string, string])[] = [
  ['~/.local/state/dewar', "the broker's state: journal, artifacts, keys, log"],
  ['~/.config/dewar', 'configuration: backends.json, prices.json, rates.json, queue.json, a policy of your own in policy/, and trust.json with the pinned keys'],
  ['$XDG_RUNTIME_DIR/dewar', 'sockets: control.sock for the person, s/NAME/api.sock for each session'],
];

/** Text for roff: nothing in it is an escape, a request, a quote or a sign that a printer would change. */
export function roff(text: string): string {
  const signs: Readonly<Record<string, string>> = { '\\': '\\e', '-': '\\-', "'": '\\(aq', '`': '\\(ga', '^': '\\(ha', '~': '\\(ti', '"': '\\(dq' };
  const line = text.replace(/\s+/g, ' ').trim().replace(/[\\\-'`^~"]/g, (sign) => signs[sign] ?? sign)
    .replace(/[^ -~]/gu, (sign) => `\\[u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`);
  return line.startsWith('.') ? `\\&${line}` : line;
}

const bold = (text: string): string => `\\fB${roff(text)}\\fR`;
const slanted = (text: string): string => `\\fI${roff(text)}\\fR`;
const entry = (term: string, ...lines: readonly string[]): string[] => ['.TP', term, ...lines];

export function manPage(program: Command): string {
  const verbs = leavesOf(program);
  const groups = Map.groupBy(verbs, ({ command }) => topOf(command).helpGroup());
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['NAME', ['dewar \\- a broker between AI agents and quantum computers']],
    ['SYNOPSIS', [`${bold('dewar')} [${slanted('options')}] ${slanted('verb')} [${slanted('arguments')}]`]],
    ['DESCRIPTION', [roff(program.description()), '.PP', `${slanted('job')} is a job id, an unambiguous beginning of one, or ${bold('last')}: the newest job of those the verb is for.`]],
    ['OPTIONS', program.createHelp().visibleOptions(program).flatMap(optionEntry)],
    ['VERBS', [...groups].flatMap(([heading, some]) => [`.SS ${roff(heading.replace(/:$/, ''))}`, ...some.flatMap(verbEntry)])],
    ['EXIT STATUS', exitMeanings.flatMap(([code, meaning]) => entry(bold(String(code)), roff(meaning)))],
    ['ENVIRONMENT', environment.flatMap(([name, meaning]) => entry(bold(name), roff(meaning)))],
    ['FILES', [`With ${bold('DEWAR_HOME')}, all of these are in that folder, as state, config and run.`, ...files.flatMap(([path, meaning]) => entry(slanted(path), roff(meaning)))]],
    ['EXAMPLES', ['.nf', ...[firstExample, ...verbs.flatMap(({ command }) => examplesOf(command))].map((command) => `$ ${roff(command)}`), '.fi']],
  ];
  return [`.TH DEWAR 1 ${written} "dewar ${roff(program.version() ?? '')}" "Dewar"`, ...sections.flatMap(([title, lines]) => [`.SH ${title}`, ...lines.flatMap(broken)]), ''].join('\n');
}

/** Long lines of text in pieces; requests and what must stay on one line as they are. A piece never begins a request. */
function broken(line: string): string[] {
  if (line.length <= 80 || /^[.$]/.test(line)) return [line];
  const [first = '', ...rest] = line.split(' ');
  const pieces = [first];
  for (const word of rest) {
    const last = pieces.at(-1) ?? '';
    if (last.length + word.length < 78) pieces[pieces.length - 1] = `${last} ${word}`;
    else pieces.push(word.startsWith('.') ? `\\&${word}` : word);
  }
  return pieces;
}

interface Leaf {
  readonly words: string;
  readonly command: Command;
}

/** Every verb that can be typed, `session create` and the like in full; hidden ones and `help` left out. */
function leavesOf(command: Command, before = ''): Leaf[] {
  const shown = new Set(command.createHelp().visibleCommands(command));
  return command.commands.filter((child) => shown.has(child)).flatMap((child) => {
    const words = `${before}${child.name()}`;
    const below = leavesOf(child, `${words} `);
    return below.length > 0 ? below : [{ words, command: child }];
  });
}

function topOf(command: Command): Command {
  return command.parent?.parent ? topOf(command.parent) : command;
}

function verbEntry({ words, command }: Leaf): string[] {
  const help = command.createHelp();
  const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
  const operands = command.registeredArguments.map((argument) => {
    const name = slanted(argument.name()) + (argument.variadic ? ' ...' : '');
    return argument.required ? name : `[${name}]`;
  });
  const term = [bold(`dewar ${words}`), ...options.filter(({ mandatory }) => mandatory).map(flags), ...(options.some(({ mandatory }) => !mandatory) ? [`[${slanted('options')}]`] : []), ...operands].join(' ');
  const taken = [
    ...help.visibleArguments(command).flatMap((argument) => entry(slanted(argument.name()), roff(help.argumentDescription(argument)))),
    ...options.flatMap(optionEntry),
  ];
  return entry(term, roff(command.description()), ...(taken.length === 0 ? [] : ['.RS', ...taken, '.RE']));
}

function optionEntry(option: Option): string[] {
  const about = roff(option.description);
  return entry(flags(option), option.argChoices === undefined ? about : `${about} (${option.argChoices.map(bold).join(', ')})`);
}

function flags(option: Option): string {
  const [value] = /[<[].*$/.exec(option.flags) ?? [];
  const names = [option.short, option.long].filter((name) => name !== undefined).map(bold).join(', ');
  return value === undefined ? names : `${names} ${slanted(value.replace(/^<|>$/g, ''))}`;
}

/** What the verb's own help ends with. */
function examplesOf(command: Command): string[] {
  const usual = command.configureOutput();
  let text = '';
  command.configureOutput({ ...usual, writeOut: (more) => { text += more; } }).outputHelp();
  command.configureOutput(usual);
  return [...text.matchAll(/^ {2}\$ (.+)$/gm)].map((found) => found[1] ?? '');
}
