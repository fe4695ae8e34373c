// The state of one reading of one program: cursor, names in scope, the block being counted.
import type { Cursor } from './cursor.ts';
import { quoted, type Findings } from './findings.ts';
import { Levels, Measured, type Allowance, type Operand, type Register } from './qubits.ts';
import { Tally, plus, type GateNames } from './tally.ts';

/** A classical value: its range where it is a known integer, and whether it is only known when the program runs. */
export interface Value {
  readonly range?: readonly [low: number, high: number];
  readonly runtime: boolean;
}

export const point = (value: number): Value => (Number.isSafeInteger(value) ? { range: [value, value], runtime: false } : { runtime: false });
export const opaque: Value = { runtime: false };
export const atRunTime: Value = { runtime: true };

/** What a name in scope stands for. `fixed` names may not be assigned to; `length` is how many elements a loop over it visits. */
export type Named =
  | { readonly kind: 'qubits'; readonly operand: Operand }
  | { readonly kind: 'value'; readonly value: Value; readonly fixed: boolean; readonly length?: number };

export interface GateDefinition {
  readonly parameters: number;
  readonly qubits: number;
  readonly tally: Tally;
  /** Depth of each qubit after it, and of the whole. */
  readonly profile: readonly number[];
}

/** Inputs that a job gives values to: the range of their whole numbers, or null where they are none. */
export type Bound = ReadonlyMap<string, readonly [low: number, high: number] | null>;

/** One block being counted. */
export class Frame {
  readonly tally = new Tally();
  readonly levels: Levels;
  midCircuit = false;
  /** A measurement of qubits that are the same on every pass. */
  sameMeasured = false;

  constructor(allowance: Allowance) {
    this.levels = new Levels(allowance);
  }
}

/** One thing a drawing shows. */
export interface Drawn {
  readonly kind: 'gate' | 'measure' | 'reset' | 'barrier';
  readonly label: string;
  /** The program defines this gate in a way of its own. */
  readonly own: boolean;
  readonly parameters: string;
  readonly controls: number;
  readonly negative: readonly boolean[];
  readonly inverse: boolean;
  readonly operands: readonly Operand[];
  readonly count: number;
}

export class Reading {
  readonly cursor: Cursor;
  readonly findings: Findings;
  readonly names: GateNames;
  readonly allowance: Allowance;
  measured: Measured;
  readonly gates = new Map<string, GateDefinition>();
  /** Standard gates met so far. */
  readonly standard = new Map<string, GateDefinition>();
  /** Definitions that spell out a standard gate as exporters do. */
  readonly usual = new Set<string>();
  readonly subroutines = new Map<string, Frame>();
  /** Names being defined, or defined twice over; a call of one cannot be counted. */
  readonly defining = new Set<string>();
  readonly externs = new Set<string>();
  readonly opaques = new Set<string>();
  /** Standard gate names used so far; redefining one later is doubtful. */
  readonly usedStandard = new Set<string>();
  readonly physical = new Map<number, Register>();
  /** Declared and physical registers of the program, in the order they were met. */
  readonly wires: { readonly name: string; readonly register: Register }[] = [];
  readonly bound: Bound;
  drawn: ((step: Drawn) => void) | undefined;
  frame: Frame;
  readonly main: Frame;
  /** Declared qubits of the whole program, physical ones left out. */
  declared = 0;
  private offset = 0;
  /** What each name means, innermost last, so that a look-up costs the same at any depth. */
  private readonly meanings = new Map<string, { readonly depth: number; readonly named: Named }[]>();
  private readonly scopes: string[][] = [[]];

  constructor(cursor: Cursor, findings: Findings, names: GateNames, allowance: Allowance, bound: Bound) {
    this.cursor = cursor;
    this.findings = findings;
    this.names = names;
    this.allowance = allowance;
    this.bound = bound;
    this.measured = new Measured(allowance);
    this.frame = this.main = new Frame(allowance);
  }

  get global(): boolean {
    return this.scopes.length === 1;
  }

  register(size: number): Register {
    const register = { size, offset: this.offset };
    this.offset = plus(this.offset, size);
    return register;
  }

  physicalRegister(qubit: number): Register {
    const known = this.physical.get(qubit);
    if (known !== undefined) return known;
    const register = this.register(1);
    this.physical.set(qubit, register);
    this.wires.push({ name: `$${qubit}`, register });
    return register;
  }

  lookup(name: string): Named | undefined {
    return this.meanings.get(name)?.at(-1)?.named;
  }

  declare(name: string, named: Named, at: number): void {
    const depth = this.scopes.length;
    const stack = this.meanings.get(name) ?? [];
    if (stack.at(-1)?.depth === depth) {
      this.findings.unknown(at, `${quoted(name)} is declared twice`);
      stack.pop();
    } else this.scopes.at(-1)?.push(name);
    if (name.normalize('NFKC') !== name) this.findings.unknown(at, `${quoted(name)} looks like another name`);
    stack.push({ depth, named });
    this.meanings.set(name, stack);
  }

  inScope<T>(read: () => T): T {
    this.scopes.push([]);
    const result = read();
    for (const name of this.scopes.pop() ?? []) this.meanings.get(name)?.pop();
    return result;
  }

  /** Reads a subroutine's body as if nothing had been measured; calls add what was. */
  unmeasured<T>(read: () => T): T {
    const outer = this.measured;
    this.measured = new Measured(this.allowance);
    const result = read();
    this.measured = outer;
    return result;
  }

  /** Counts what `read` reads into a frame of its own. */
  inFrame(read: () => void): Frame {
    const outer = this.frame;
    const frame = new Frame(this.allowance);
    this.frame = frame;
    read();
    this.frame = outer;
    return frame;
  }
}
