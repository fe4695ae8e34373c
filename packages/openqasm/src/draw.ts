// Draws a short straight-line program as text: one line a qubit, time to the right.
import { DewarError } from '@dewar/protocol';
import { read } from './analyse.ts';
import type { Operand } from './qubits.ts';
import type { Drawn } from './reading.ts';

export interface DrawOptions {
  /** Terminal columns the drawing must fit. */
  readonly columns: number;
}

const maxQubits = 8;
const maxOperations = 40;
const maxLabel = 12;
/** Longer programs are not read only to find that they cannot be drawn. */
const maxCharacters = 65_536;

/** One thing drawn in one column: what each wire it meets shows, and the wires it spans. */
interface Mark {
  readonly cells: ReadonlyMap<number, string>;
  readonly from: number;
  readonly to: number;
  /** A vertical line joins the cells. */
  readonly joined: boolean;
}

/**
 * A drawing in Unicode box characters with `●` for controls (`○` for negative ones), `⊕` for X under control, `M` for measurement,
 * or undefined where the program is not straight-line, has more than 8 qubits or 40 operations, does not fit, or cannot be read.
 * Labels are cut to 12 characters of `A-Za-z0-9_.$()`; only standard gates go without a box.
 */
export function draw(source: string, { columns }: DrawOptions): string | undefined {
  if (source.length > maxCharacters) return undefined;
  const steps: Drawn[] = [];
  const found = attempt(source, steps);
  if (found === undefined) return undefined;
  const { facts, reading } = found;
  if (!reading.findings.straight || facts.qubits > maxQubits || facts.qubits === 0 || facts.operations > maxOperations) return undefined;
  const wires = reading.wires;
  const numbers = new Map<number, number>();
  const labels: string[] = [];
  for (const { name, register } of wires) {
    for (let at = 0; at < register.size; at += 1) {
      numbers.set(register.offset + at, labels.length);
      labels.push(clean(register.size === 1 ? name : `${name}${at}`));
    }
  }
  const layers = pack(steps.flatMap((step) => marks(step, numbers)), labels.length);
  const lines = render(labels, layers);
  return lines.every((line) => line.length <= columns) ? lines.join('\n') : undefined;
}

function attempt(source: string, steps: Drawn[]): ReturnType<typeof read> | undefined {
  try {
    return read(source, (step) => { if (steps.length <= 4 * maxOperations) steps.push(step); });
  } catch (error) {
    if (error instanceof DewarError) return undefined;
    throw error;
  }
}

/** Untrusted text as a label; what may not stand there shows as a dot, so that no name looks like another by leaving something out. */
function clean(text: string): string {
  return text.replace(/[^A-Za-z0-9_.$()]/gu, '.').slice(0, maxLabel);
}

function marks(step: Drawn, numbers: ReadonlyMap<number, number>): Mark[] {
  if (step.kind === 'barrier') {
    const met = step.operands.length === 0 ? [...numbers.values()] : step.operands.flatMap((operand) => wiresOf(operand, numbers));
    return [mark(new Map(met.map((wire) => [wire, '░'])), false)];
  }
  const operands = step.operands.map((operand) => wiresOf(operand, numbers));
  return Array.from({ length: step.count }, (_, at) => one(step, operands.map((wires) => wires[wires.length === 1 ? 0 : at] ?? 0)));
}

function wiresOf({ spans }: Operand, numbers: ReadonlyMap<number, number>): number[] {
  return (spans ?? []).flatMap(({ register, start, step, count }) => Array.from({ length: count }, (_, at) => numbers.get(register.offset + start + at * step) ?? 0));
}

/** Standard gates that are another gate under control, with how many controls. */
const controlled: Readonly<Record<string, readonly [number, string]>> = {
  cx: [1, 'x'], CX: [1, 'x'], cnot: [1, 'x'], cy: [1, 'y'], cz: [1, 'z'], ch: [1, 'h'], cp: [1, 'p'], cphase: [1, 'p'], cu1: [1, 'p'],
  crx: [1, 'rx'], cry: [1, 'ry'], crz: [1, 'rz'], csx: [1, 'sx'], ccx: [2, 'x'], ccz: [2, 'z'], cswap: [1, 'swap'], c3x: [3, 'x'],
};

function one(step: Drawn, wires: readonly number[]): Mark {
  const cells = new Map<number, string>();
  if (step.kind === 'measure') return mark(new Map(wires.map((wire) => [wire, 'M'])), false);
  if (step.kind === 'reset') return mark(new Map(wires.map((wire) => [wire, '0'])), false);
  const [more, base] = (step.own ? undefined : Object.hasOwn(controlled, step.label) ? controlled[step.label] : undefined) ?? [0, step.label];
  const controls = step.controls + more;
  const targets = wires.slice(controls);
  wires.slice(0, controls).forEach((wire, at) => cells.set(wire, step.negative[at] === true ? '○' : '●'));
  const plainX = base === 'x' && controls > 0 && !step.own;
  const name = step.inverse ? `${base}_inv` : base;
  const text = plainX ? '⊕' : !step.own && base === 'z' && controls > 0 ? '●' : !step.own && base === 'swap' ? '×' : box(name, step.parameters, step.own);
  targets.forEach((wire, at) => cells.set(wire, targets.length > 1 && text.length > 1 ? `${text}${subscripts[at] ?? ''}` : text));
  return mark(cells, true);
}

const subscripts = ['₀', '₁', '₂', '₃', '₄', '₅', '₆', '₇'];

/** One-letter standard names stand bare in capitals; everything else is boxed. Parameters that would not survive whole show as (..). */
function box(name: string, parameters: string, own: boolean): string {
  const shown = parameters === '' || /^[A-Za-z0-9_.()]{1,8}$/.test(parameters) ? parameters : '(..)';
  const label = `${clean(name).slice(0, maxLabel - shown.length)}${shown}`;
  return !own && /^[hxyzst]$/.test(label) ? label.toUpperCase() : `[${label}]`;
}

function mark(cells: ReadonlyMap<number, string>, joined: boolean): Mark {
  const wires = [...cells.keys()];
  return { cells, from: Math.min(...wires), to: Math.max(...wires), joined };
}

/** Puts each mark in the first column after all marks that it meets or crosses. */
function pack(all: readonly Mark[], height: number): Mark[][] {
  const free: number[] = Array.from({ length: height }, () => 0);
  const layers: Mark[][] = [];
  for (const each of all) {
    if (each.cells.size === 0) continue;
    let layer = 0;
    for (let wire = each.from; wire <= each.to; wire += 1) layer = Math.max(layer, free[wire] ?? 0);
    for (let wire = each.from; wire <= each.to; wire += 1) free[wire] = layer + 1;
    (layers[layer] ??= []).push(each);
  }
  return layers;
}

function render(labels: readonly string[], layers: readonly (readonly Mark[])[]): string[] {
  const margin = labels.reduce((width, label) => Math.max(width, label.length), 0) + 2;
  const wires = labels.map((label) => `${label}: `.padEnd(margin) + '─');
  const gaps = labels.map(() => ' '.repeat(margin + 1));
  for (const layer of layers) {
    const width = layer.reduce((most, { cells }) => [...cells.values()].reduce((longest, text) => Math.max(longest, text.length), most), 1);
    for (let wire = 0; wire < labels.length; wire += 1) {
      const meeting = layer.find(({ from, to }) => from <= wire && wire <= to);
      const crossed = meeting?.joined === true ? '┼' : '─';
      wires[wire] += `${centred(meeting?.cells.get(wire) ?? crossed, width, '─')}─`;
      const below = meeting?.joined === true && wire < meeting.to;
      gaps[wire] += `${centred(below ? '│' : ' ', width, ' ')} `;
    }
  }
  return labels.flatMap((_, wire) => [wires[wire] ?? '', ...(wire < labels.length - 1 ? [gaps[wire] ?? ''] : [])]).map((line) => line.trimEnd());
}

function centred(text: string, width: number, pad: string): string {
  const left = Math.floor((width - text.length) / 2);
  return pad.repeat(left) + text + pad.repeat(width - text.length - left);
}
