// Finds what a program puts under a control, where phases count that are lost elsewhere, and refuses what no rewriting puts right.
import { DewarError, shown } from '@dewar/protocol';
import { indexFrom, type Token } from './scan.ts';

export interface Controlled {
  /** Names of gates, the program's own and others, that some control reaches. */
  readonly names: ReadonlySet<string>;
  /** The token at this place is a gate's name under a control: in the same statement, or inside a gate that is controlled. */
  readonly holds: (index: number) => boolean;
  /** Place of each `ctrl`, `negctrl` and `pow` to the place of the gate's name that it modifies. */
  readonly gates: ReadonlyMap<number, number>;
}

interface Body {
  readonly open: number;
  readonly close: number;
}

export function controlled(list: readonly Token[]): Controlled {
  const bodies = gateBodies(list);
  const names = new Set<string>();
  const places = new Set<number>();
  const reached: Body[] = [];
  const reach = (index: number): void => {
    const name = list[index]?.text ?? '';
    places.add(index);
    if (names.has(name)) return;
    names.add(name);
    reached.push(...(bodies.get(name) ?? []));
  };
  const gates = modifiedGates(list);
  for (const [modifier, gate] of gates) if (list[modifier]?.text !== 'pow') reach(gate);
  // The list grows while it is walked: a gate inside a controlled one is controlled as well.
  for (const { open, close } of reached) for (let index = open + 1; index < close; index += 1) reach(index);
  return { names, holds: (index) => places.has(index), gates };
}

/** For each modifier's place the place of the gate's name that it modifies: after the last `@` of its statement. */
function modifiedGates(list: readonly Token[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  let modifiers: number[] = [];
  let gate: number | null = null;
  list.forEach(({ text }, index) => {
    if (text === 'ctrl' || text === 'negctrl' || text === 'pow') modifiers.push(index);
    if (text === '@') gate = index + 1;
    if (text !== ';' && text !== '{' && text !== '}') return;
    if (gate !== null) for (const modifier of modifiers) found.set(modifier, gate);
    modifiers = [];
    gate = null;
  });
  return found;
}

/** The bodies of the program's own gates; more than one where a name is defined twice. */
function gateBodies(list: readonly Token[]): ReadonlyMap<string, Body[]> {
  const found = new Map<string, Body[]>();
  let ended = 0;
  list.forEach(({ text }, index) => {
    if (text !== 'gate' || index < ended) return;
    const open = indexFrom(list, index + 1, (token) => token.text === '{' || token.text === ';' || token.text === 'gate');
    if (list[open]?.text !== '{') return;
    let depth = 0;
    const close = indexFrom(list, open, (token) => {
      depth += token.text === '{' ? 1 : token.text === '}' ? -1 : 0;
      return depth === 0;
    });
    ended = close;
    const name = list[index + 1]?.text ?? '';
    const known = found.get(name);
    if (known === undefined) found.set(name, [{ open, close }]);
    else known.push({ open, close });
  });
  return found;
}

/**
 * Throws `program_invalid` for gates that qsharp-lang 1.32.5-dev runs wrongly and whose meaning cannot be written otherwise here:
 * `pow(k) @` of a gate with parameters (it loses or replaces the angle), and `u2` or `u3` under a control (their phase, which then
 * counts, is neither the specification's nor Qiskit's).
 */
export function refuseWrong(source: string, list: readonly Token[], { holds, gates }: Controlled): void {
  const own = new Set(list.flatMap(({ text }, index) => (text === 'gate' ? [list[index + 1]?.text ?? ''] : [])));
  list.forEach((token, index) => {
    const gate = token.text === 'pow' ? gates.get(index) : undefined;
    // A power that is called as a function stands behind the gate's name, among its arguments.
    if (gate !== undefined && index < gate && list[gate + 1]?.text === '(') {
      throw refused(lineOf(source, token), token.text, `pow of ${shown(list[gate]?.text ?? '')}, a gate with parameters`, 'pow of a gate without parameters', 'write the gate as often as it applies, or multiply its angle');
    }
    if ((token.text === 'u2' || token.text === 'u3') && !own.has(token.text) && list[index + 1]?.text === '(' && holds(index)) {
      throw refused(lineOf(source, token), token.text, `${token.text} under a control, where tools disagree on its phase`, 'U, p, rx, ry, rz or cu', `write U instead of ${token.text}, with p on the controls for the phase you mean, or cu`);
    }
  });
}

/** Throws `program_invalid`: a gate that scales its parameter is called with a variable, whose value would be reduced modulo 2π first. */
export function refuseLoss(lossy: { readonly name: string; readonly line: number } | null): void {
  if (lossy === null) return;
  throw refused(
    lossy.line, lossy.name, `the gate ${shown(lossy.name)} scales or controls its angle and is called with a value that is not constant`,
    'constant arguments for such a gate', 'write the calls out with constants, or use standard gates in the loop',
  );
}

function refused(line: number, name: string, what: string, allowed: string, fix: string): DewarError {
  return new DewarError({ code: 'program_invalid', message: `the simulator does not run this rightly: line ${line}: ${what}`, got: shown(name), allowed, fix });
}

const lineOf = (source: string, { start }: Token): number => source.slice(0, start).split('\n').length;
