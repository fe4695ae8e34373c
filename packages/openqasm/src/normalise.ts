// Rewrites a program into one that a compiler without hardware qubits, pragmas and built-in gates takes, meaning unchanged.
import { shown, type DewarError } from '@dewar/protocol';
import { apply, type Edit } from './edits.ts';
import { qelib1, stdgates } from './standard.ts';
import { invalid, physicalQubits, tokenise, type Token, type Tokens } from './tokens.ts';

export interface Normalised {
  readonly text: string;
  /** The physical qubit that element `i` of the added register stands for, ascending; empty when none is named. */
  readonly physical: readonly number[];
}

/**
 * Physical qubits become elements of one register declared on the version line, a missing standard include is added there,
 * gates of the longer `qelib1.inc` are defined after it, pragmas and annotations are blanked, and `delay[…]` becomes `barrier`, which on an ideal machine is the same. Line numbers stay.
 * Throws `program_format` or `program_invalid`; the latter also for `cal`, `defcal` and pragmas that apply gates or noise.
 */
export function normalise(source: string): Normalised {
  const tokens = tokenise(source);
  const physical = physicalQubits(tokens);
  const register = freeName(tokens);
  const index = new Map(physical.map((qubit, at) => [qubit, at]));
  const edits: Edit[] = [];
  if (source.startsWith('\uFEFF')) edits.push({ start: 0, end: 1, text: '' });
  edits.push({ start: tokens.after, end: tokens.after, text: header(tokens, physical.length, register) });
  const longer = definitionsAfter(tokens);
  tokens.list.forEach((token, at) => {
    if (at === longer.place) edits.push({ start: token.end, end: token.end, text: longer.text });
    if (token.kind === 'pragma') checkPragma(tokens, token);
    if (token.kind === 'pragma' || token.kind === 'annotation') edits.push({ start: token.start, end: token.end, text: '' });
    if (token.kind === 'physical') edits.push({ start: token.start, end: token.end, text: `${register}[${index.get(Number(token.text.slice(1))) ?? 0}]` });
    if (tokens.language === 'qasm3' && token.kind === 'word') {
      if (token.text === 'cal' || token.text === 'defcal' || token.text === 'defcalgrammar') throw pulseBlock(tokens, token);
      if (token.text === 'delay') edits.push(...delayEdits(tokens.list, at));
    }
  });
  return { text: apply(source, edits), physical };
}

function header(tokens: Tokens, count: number, register: string): string {
  const include = missingInclude(tokens);
  const declaration = count === 0 ? '' : tokens.language === 'qasm3' ? ` qubit[${count}] ${register};` : ` qreg ${register}[${count}];`;
  const gates = include === 'qelib1.inc' ? longerGates(tokens) : '';
  return `${include === undefined ? '' : ` include "${include}";`}${gates}${declaration}`;
}

/** Gates that Qiskit's `qelib1.inc` has and the paper's (arXiv:1707.03429) lacks, in terms of those that both have; equal up to a global phase. */
const longerQelib: Readonly<Record<string, string>> = {
  p: '(l) a { u1(l) a; }', u: '(t,f,l) a { u3(t,f,l) a; }', sx: ' a { sdg a; h a; sdg a; }', swap: ' a,b { cx a,b; cx b,a; cx a,b; }',
  cswap: ' a,b,c { cx c,b; ccx a,b,c; cx c,b; }', cp: '(l) a,b { u1(l/2) a; cx a,b; u1(-l/2) b; cx a,b; u1(l/2) b; }',
  crx: '(l) a,b { h b; rz(l/2) b; cx a,b; rz(-l/2) b; cx a,b; h b; }', cry: '(l) a,b { ry(l/2) b; cx a,b; ry(-l/2) b; cx a,b; }',
  cu: '(t,f,l,g) a,b { u1(g) a; u1((l+f)/2) a; u1((l-f)/2) b; cx a,b; u3(-t/2,0,-(f+l)/2) b; cx a,b; u3(t/2,f,0) b; }',
};

/** Definitions of those that the program uses and does not declare. */
function longerGates({ list }: Tokens): string {
  const used = new Set<string>();
  const declared = new Set<string>();
  for (const [at, { kind, text }] of list.entries()) {
    if (kind !== 'word' || !Object.hasOwn(longerQelib, text)) continue;
    (declaring.has(list[at - 1]?.text ?? '') ? declared : used).add(text);
  }
  return [...used].filter((name) => !declared.has(name)).map((name) => ` gate ${name}${longerQelib[name] ?? ''}`).join('');
}

/** Where OpenQASM 2 includes `qelib1.inc` itself: the place of that statement's end and what to add there. */
function definitionsAfter(tokens: Tokens): { readonly place: number; readonly text: string } {
  const at = tokens.list.findIndex((token, place) => token.kind === 'string' && token.text === 'qelib1.inc' && tokens.list[place - 1]?.text === 'include');
  return { place: tokens.language === 'qasm2' && at !== -1 ? at + 1 : -1, text: longerGates(tokens) };
}

/** The include to add: a standard gate is used, none is included, and no name of the program's own would clash with it. */
function missingInclude({ list, language }: Tokens): string | undefined {
  const file = language === 'qasm3' ? 'stdgates.inc' : 'qelib1.inc';
  const gates = language === 'qasm3' ? stdgates : qelib1;
  let used = false;
  for (const [at, token] of list.entries()) {
    const previous = list[at - 1];
    if (token.kind === 'word' && token.text === 'include') {
      const path = list[at + 1];
      if (path?.kind === 'string' && (path.text === 'stdgates.inc' || path.text === 'qelib1.inc')) return undefined;
    }
    if (token.kind !== 'word' || !gates.has(token.text)) continue;
    if (previous !== undefined && (declaring.has(previous.text) || previous.text === ']')) return undefined;
    used = true;
  }
  return used ? file : undefined;
}

/** A name right after one of these, or after a type's `]`, is a declaration. */
export const declaring: ReadonlySet<string> = new Set([
  'gate', 'opaque', 'def', 'extern', 'let', 'qreg', 'creg', 'qubit', 'bit', 'int', 'uint', 'float', 'angle', 'bool', 'complex', 'duration', 'stretch',
]);

function freeName(tokens: Tokens): string {
  const taken = new Set(tokens.list.filter((token) => token.kind === 'word').map((token) => token.text));
  let name = 'physical';
  for (let count = 0; taken.has(name); count += 1) name = `physical_${count}`;
  return name;
}

function delayEdits(list: readonly Token[], at: number): readonly Edit[] {
  const token = list[at];
  const open = list[at + 1];
  const close = open?.text === '[' ? list[open.partner] : undefined;
  return token === undefined || close === undefined ? [] : [{ start: token.start, end: close.end, text: 'barrier' }];
}

function checkPragma(tokens: Tokens, token: Token): void {
  if (!/^braket[ \t]+(unitary|noise)\b/.test(token.text)) return;
  throw invalid(tokens.source, token.start, 'a pragma that applies a gate or noise', 'write the operation as gates', shown(token.text));
}

function pulseBlock(tokens: Tokens, token: Token): DewarError {
  return invalid(tokens.source, token.start, 'no simulator here runs pulse blocks', `remove ${token.text}, or run on a device that takes pulse programs`, shown(token.text));
}
