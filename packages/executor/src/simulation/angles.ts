// Keeps angles whole through qsharp-lang, which takes a gate's parameter modulo 2π and knows no real numbers where an angle stands.
//
// In its `gate f(t) a { ry(t/2) a; }`, f(-0.9) turns by π - 0.45: the half is taken after the reduction. So a gate that halves or
// scales a parameter is written once more for each set of constant arguments, with these in place of its parameters.
// The same goes for every gate under a control, where the sign that a reduced angle may bring counts.
// Left as it is, and told: a call whose arguments name variables, such as a loop's. Qiskit writes none of these.
import { controlled } from './controls.ts';
import { applyEdits, indexFrom, maxDepth, tokens, unusedName, type Edit, type Token } from './scan.ts';

interface Definition {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly qubits: readonly Token[];
  readonly body: readonly Token[];
  readonly start: number;
  readonly end: number;
}

interface Call {
  readonly name: string;
  readonly arguments: readonly (readonly Token[])[];
  /** Index after the closing parenthesis. */
  readonly next: number;
}

/** Copies of gates that one program may need; beyond it, calls stay as they are. */
const maxCopies = 2_000;
const maxArgument = 300;
const constant = /^(?:\.?\d[\w.]*(?:[eE][+-]\d[\d_]*)?|pi|tau|euler|[πτℇ]|sin|cos|tan|arcsin|arccos|arctan|asin|acos|atan|exp|ln|log|sqrt|[-+*/()])$/u;
/** Standard gates that take an angle. */
const angled = new Set('p u1 u2 u3 u U rx ry rz phase gphase cp cu1 cu3 cu crx cry crz cphase rxx ryy rzz rzx r'.split(' '));
/** Standard gates whose own meaning halves an angle. */
const halving = new Set(['crx', 'cry', 'crz', 'cu', 'cu3']);

export interface Angles {
  readonly text: string;
  /** A gate whose angle the compiler may reduce before it is scaled, for it is called with a variable; `null` when there is none. */
  readonly lossy: { readonly name: string; readonly line: number } | null;
}

/** Lines keep their numbers. Never throws: what it cannot read it leaves to the compiler. */
export function exactAngles(source: string): Angles {
  return copies(realNumbers(source));
}

/** Integers become reals: all of them in a gate's arguments in OpenQASM 2, which has only reals there; in OpenQASM 3 those that are a whole argument. */
function realNumbers(source: string): string {
  const list = tokens(source);
  const old = list[0]?.text === 'OPENQASM' && (list[1]?.text.startsWith('2') ?? false);
  const own = new Set(list.flatMap(({ text }, index) => (text === 'gate' ? [list[index + 1]?.text ?? ''] : [])));
  // By place: a call inside a call's arguments is met twice.
  const edits = new Map<number, Edit>();
  list.forEach((token, index) => {
    if (!angled.has(token.text) && !own.has(token.text)) return;
    for (const argument of callAt(list, index)?.arguments ?? []) {
      const numbers = argument.filter(({ text }) => /^\d+$/.test(text));
      const whole = numbers.length === 1 && argument.every(({ text }) => /^(\d+|[-+])$/.test(text));
      if (old || whole) for (const { end } of numbers) edits.set(end, { at: end, until: end, text: '.0' });
    }
  });
  return applyEdits(source, [...edits.values()]);
}

function copies(source: string): Angles {
  const list = tokens(source);
  const { names: underControl } = controlled(list);
  const definitions = readDefinitions(list);
  const scaling = new Map<string, Definition>();
  for (const definition of definitions) {
    if (underControl.has(definition.name) || definition.body.some(({ text }) => text === '/' || text === '*' || text === 'ctrl' || text === 'negctrl' || scaling.has(text) || halving.has(text))) scaling.set(definition.name, definition);
  }
  if (scaling.size === 0) return { text: source, lossy: null };
  const prefix = unusedName(source, 'dewar_copy_');
  const made = new Map<string, { readonly name: string; readonly after: number; text: string }>();
  // Gates that something other than a copy still calls; the others go, for the compiler refuses a body such as 0.5*t.
  const kept = new Set<string>();
  const keep = (name: string): void => {
    if (kept.has(name)) return;
    kept.add(name);
    for (const { text } of scaling.get(name)?.body ?? []) if (scaling.has(text)) keep(text);
  };
  let lossy: Angles['lossy'] = null;
  const lose = ({ text, start }: Token): void => {
    lossy ??= { name: text, line: source.slice(0, start).split('\n').length };
  };
  const copy = (call: Call, given: ReadonlyMap<string, string>): string | null => {
    const definition = scaling.get(call.name);
    const texts = call.arguments.map((argument) => render(argument, given));
    if (definition === undefined || texts.length !== definition.parameters.length) return null;
    if (texts.some((text) => text.length > maxArgument || tokens(text).some((token) => !constant.test(token.text)))) return null;
    const key = [call.name, ...texts].join('\0');
    const known = made.get(key);
    if (known !== undefined) return known.name;
    if (made.size >= maxCopies) return null;
    const entry = { name: `${prefix}${made.size}`, after: definition.end, text: '' };
    made.set(key, entry);
    const body = render(definition.body, new Map(definition.parameters.map((parameter, index) => [parameter, texts[index] ?? ''])));
    entry.text = ` gate ${entry.name} ${render(definition.qubits, new Map())} { ${body} }`;
    return entry.name;
  };
  const render = (part: readonly Token[], given: ReadonlyMap<string, string>): string => {
    let text = '';
    for (let index = 0; index < part.length; ) {
      const token = part[index] as Token;
      const call = scaling.has(token.text) ? callAt(part, index) : null;
      const name = call === null ? null : copy(call, given);
      if (name === null && scaling.has(token.text)) keep(token.text);
      if (name === null && call !== null) lose(token);
      const value = given.get(token.text);
      const gap = index > 0 && part[index - 1]?.end === token.start ? '' : ' ';
      text += gap + (name ?? (value === undefined ? token.text : `(${value})`));
      index = name === null || call === null ? index + 1 : call.next;
    }
    return text.trim();
  };
  const edits: Edit[] = [];
  let passed = 0;
  for (let index = 0; index < list.length; ) {
    const token = list[index] as Token;
    while (definitions[passed] !== undefined && (definitions[passed]?.end ?? 0) <= token.start) passed += 1;
    const outside = token.start < (definitions[passed]?.start ?? Infinity);
    const call = outside && scaling.has(token.text) ? callAt(list, index) : null;
    const name = call === null ? null : copy(call, new Map());
    if (call === null || name === null) {
      if (outside && scaling.has(token.text)) keep(token.text);
      if (call !== null) lose(token);
      index += 1;
      continue;
    }
    const until = list[call.next - 1]?.end ?? token.end;
    edits.push({ at: token.start, until, text: name + breaks(source.slice(token.start, until)) });
    index = call.next;
  }
  for (const { name, start, end } of definitions) {
    const texts = [...made.values()].filter(({ after }) => after === end).map(({ text }) => text).join('');
    const dropped = scaling.has(name) && !kept.has(name);
    if (dropped || texts !== '') edits.push({ at: dropped ? start : end, until: end, text: texts + (dropped ? breaks(source.slice(start, end)) : '') });
  }
  return { text: applyEdits(source, edits), lossy };
}

function breaks(text: string): string {
  return text.replaceAll(/[^\n]+/g, '');
}

/** Gates with parameters that the program defines, in its order. */
function readDefinitions(list: readonly Token[]): Definition[] {
  const found: Definition[] = [];
  let ended = 0;
  list.forEach((token, index) => {
    if (token.text !== 'gate' || index < ended) return;
    const header = callAt(list, index + 1);
    if (header === null) return;
    const open = indexFrom(list, header.next, ({ text }) => text === '{' || text === ';' || text === 'gate');
    if (list[open]?.text !== '{') return;
    let depth = 0;
    const close = indexFrom(list, open, ({ text }) => {
      depth += text === '{' ? 1 : text === '}' ? -1 : 0;
      return depth === 0;
    });
    ended = close;
    if (close === list.length) return;
    found.push({
      name: header.name, parameters: header.arguments.map((parameter) => parameter[0]?.text ?? ''), qubits: list.slice(header.next, open),
      body: list.slice(open + 1, close), start: token.start, end: list[close]?.end ?? 0,
    });
  });
  return found;
}

/** `name(a, b)` from here on, with at least one argument. */
function callAt(list: readonly Token[], index: number): Call | null {
  if (list[index + 1]?.text !== '(') return null;
  const found: Token[][] = [[]];
  let depth = 1;
  for (let at = index + 2; at < list.length; at += 1) {
    const token = list[at] as Token;
    if (token.text === ';' || token.text === '{' || depth > maxDepth) return null;
    if (token.text === '(' || token.text === '[') depth += 1;
    if (token.text === ')' || token.text === ']') depth -= 1;
    if (depth === 0) return found[0]?.length === 0 ? null : { name: list[index]?.text ?? '', arguments: found, next: at + 1 };
    if (depth === 1 && token.text === ',') found.push([]);
    else found.at(-1)?.push(token);
  }
  return null;
}
