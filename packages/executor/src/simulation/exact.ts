// Writes a program around two faults of qsharp-lang 1.32.5-dev, so that gates do what OpenQASM and Qiskit say they do.
//
// Base-profile QIR leaves out global phases, also those under a control, where they are not global: cp, cu, cu3 and
// `ctrl @` of a gate with a phase come out wrong (its own simulation has them right), and so does csx. And a gate's parameter is
// taken modulo 2π, but crx, cry, crz, cu, cu3 and rx, ry, rz under a control repeat after 4π: a negative angle comes out with a
// wrong sign on the control.
import { controlled } from './controls.ts';
import { applyEdits, indexFrom, maxDepth, tokens, unusedName, type Edit, type Token } from './scan.ts';

export interface Exact {
  readonly text: string;
  /** False: the program puts a control on a gate whose phase QIR would lose, so only the engine's own simulation is right. */
  readonly compilable: boolean;
}

/** Under `ctrl @` these come out right: compared with whole matrices for one to three controls. */
const safeUnderControl: ReadonlySet<string> = new Set(['x', 'y', 'z', 'h', 's', 'sdg', 't', 'tdg', 'sx', 'id', 'rx', 'ry', 'rz', 'cx', 'cy', 'cz', 'CX', 'swap', 'ccx']);

/** Gates that are replaced, with the body of the replacement; `half` is half of the first angle, taken by the caller before any reduction. */
const replaced: Readonly<Record<string, { readonly parameters: string; readonly body: string }>> = {
  crz: { parameters: 'half', body: 'u1(half) b; cx a, b; u1(-half) b; cx a, b;' },
  crx: { parameters: 'half', body: 'h b; u1(half) b; cx a, b; u1(-half) b; cx a, b; h b;' },
  cry: { parameters: 'half', body: 'sdg b; h b; u1(half) b; cx a, b; u1(-half) b; cx a, b; h b; s b;' },
  // Halves of phi and lambda are taken one by one: the half of a reduced sum and of a reduced difference could disagree.
  cu: { parameters: 'half, phi, lambda, gamma', body: 'u1(gamma) a; u1(lambda/2 + phi/2) a; u1(lambda/2 - phi/2) b; cx a, b; U(-half, 0.0, -(phi/2 + lambda/2)) b; cx a, b; U(half, phi, 0.0) b;' },
  cu3: { parameters: 'half, phi, lambda', body: 'u1(lambda/2 + phi/2) a; u1(lambda/2 - phi/2) b; cx a, b; U(-half, 0.0, -(phi/2 + lambda/2)) b; cx a, b; U(half, phi, 0.0) b;' },
};

/** The same for rotations under a control: twice the half, whose sign then does not matter. */
const doubled: Readonly<Record<string, string>> = { rx: 'rx(half) a; rx(half) a;', ry: 'ry(half) a; ry(half) a;', rz: 'rz(half) a; rz(half) a;' };

/** Gates that have a right twin. */
const renamed: Readonly<Record<string, string>> = { cp: 'cu1' };

/** Lines keep their numbers. A gate that the program defines itself is left alone. */
export function exactGates(source: string): Exact {
  const list = tokens(source);
  const own = new Set(list.flatMap((token, index) => (token.text === 'gate' || token.text === 'def' ? [list[index + 1]?.text ?? ''] : [])));
  const prefix = unusedName(source, 'dewar_');
  const under = controlled(list);
  const used = new Set<string>();
  const edits: Edit[] = [];
  let door = 0;
  list.forEach((token, index) => {
    if (token.text === 'OPENQASM' || token.text === 'include') door = list[indexFrom(list, index, ({ text }) => text === ';')]?.end ?? door;
    if (own.has(token.text)) return;
    if (token.text === 'csx' && list[index + 1]?.text !== '(') {
      used.add('csx');
      edits.push({ at: token.start, until: token.end, text: `${prefix}csx` });
    }
    if (list[index + 1]?.text !== '(') return;
    const twin = Object.hasOwn(renamed, token.text) ? renamed[token.text] : undefined;
    if (twin !== undefined && !own.has(twin)) edits.push({ at: token.start, until: token.end, text: twin });
    if (!Object.hasOwn(replaced, token.text) && !(Object.hasOwn(doubled, token.text) && under.holds(index))) return;
    const end = firstArgumentEnd(list, index + 1);
    if (end === null) return;
    used.add(token.text);
    const open = list[index + 1]?.end ?? 0;
    edits.push({ at: token.start, until: token.end, text: prefix + token.text }, { at: open, until: open, text: '(' }, { at: end, until: end, text: ')/2' });
  });
  const definitions = [...used].map((name) => ` gate ${prefix}${name}${definition(name)}`).join('');
  edits.push({ at: door, until: door, text: definitions });
  return { text: applyEdits(source, edits), compilable: list.every((_, index) => isSafe(list, index, own)) };
}

function definition(name: string): string {
  if (name === 'csx') return ' a, b { h b; cu1(pi/2) a, b; h b; }';
  if (Object.hasOwn(doubled, name)) return `(half) a { ${doubled[name]} }`;
  return `(${replaced[name]?.parameters}) a, b { ${replaced[name]?.body} }`;
}

/** Where the first argument ends: at its comma or the closing parenthesis. */
function firstArgumentEnd(list: readonly Token[], open: number): number | null {
  let depth = 0;
  for (let at = open; at < list.length; at += 1) {
    const { text, start } = list[at] as Token;
    if (text === '(' || text === '[') depth += 1;
    if (text === ')' || text === ']') depth -= 1;
    if (text === ';' || depth > maxDepth) return null;
    if (depth === 0 || (depth === 1 && text === ',')) return start;
  }
  return null;
}

function isSafe(list: readonly Token[], index: number, own: ReadonlySet<string>): boolean {
  const word = list[index]?.text;
  if (word !== 'ctrl' && word !== 'negctrl') return true;
  const statement = list.slice(index, indexFrom(list, index, ({ text }) => text === ';'));
  const last = statement.findLastIndex(({ text }) => text === '@');
  const gate = statement[last + 1]?.text ?? '';
  return safeUnderControl.has(gate) && !own.has(gate);
}
