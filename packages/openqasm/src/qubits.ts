// Which qubits an operand means, how deep each already is, and which were measured.
import { plus, times } from './tally.ts';

export interface Register {
  readonly size: number;
  /** Number of its first qubit among all qubits of the program. */
  readonly offset: number;
}

export interface Span {
  readonly register: Register;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** `size` qubits; `spans` says which, in order, and is absent where that is not known before the program runs. */
export interface Operand {
  readonly size: number;
  readonly spans?: readonly Span[];
}

/** Spans an operand may have before it counts as "any qubits": aliases of aliases double them. */
const maxSpans = 64;

export const whole = (register: Register): Operand => ({ size: register.size, spans: [{ register, start: 0, step: 1, count: register.size }] });

export function join(operands: readonly Operand[]): Operand {
  const size = operands.reduce((sum, operand) => plus(sum, operand.size), 0);
  const spans: Span[] = [];
  for (const operand of operands) {
    if (operand.spans === undefined || spans.length + operand.spans.length > maxSpans) return { size };
    spans.push(...operand.spans);
  }
  return { size, spans };
}

/** Elements `start, start + step, …` of an operand; any of its qubits where the choice crosses spans. */
export function choose(operand: Operand, start: number, step: number, count: number): Operand {
  if (operand.spans === undefined || count === 0) return { size: count };
  if (count === 1) {
    let at = start;
    for (const span of operand.spans) {
      if (at < span.count) return { size: 1, spans: [{ ...span, start: span.start + at * span.step, step: 1, count: 1 }] };
      at -= span.count;
    }
    return { size: 1 };
  }
  const [only] = operand.spans;
  if (only === undefined || operand.spans.length > 1) return { size: count };
  return { size: count, spans: [{ register: only.register, start: only.start + start * only.step, step: only.step * step, count }] };
}

/** Program-wide number of element `at` of an operand with known spans; a single qubit stands for all. */
function qubitAt(operand: Operand, at: number): number {
  let left = operand.size === 1 ? 0 : at;
  for (const { register, start, step, count } of operand.spans ?? []) {
    if (left < count) return register.offset + start + left * step;
    left -= count;
  }
  return 0;
}

/** How much per-qubit work a program may cause before depth and measured qubits are bounded coarsely. */
export class Allowance {
  private left = 2_000_000;

  /** Takes `steps` of it; false when they are not left. */
  take(steps: number): boolean {
    if (steps > this.left) return false;
    this.left -= steps;
    return true;
  }
}

/** The depth of every qubit. Methods answer false where the depth became a bound. */
export class Levels {
  private floor = 0;
  private top = 0;
  private readonly levels = new Map<number, number>();
  private readonly allowance: Allowance;

  constructor(allowance: Allowance) {
    this.allowance = allowance;
  }

  get depth(): number {
    return this.top;
  }

  /** Everything waits for everything, then takes `depth` more. */
  sync(depth: number): void {
    this.floor = this.top = plus(this.top, depth);
    this.levels.clear();
  }

  /**
   * A broadcast gate; `profile` holds, for each operand, the depth after it when all operands start at 0.
   * A `single` gate waits for all its operands; one made of several may not, so that its depth is exact only where they start level.
   */
  apply(operands: readonly Operand[], profile: readonly number[], count: number, single: boolean): boolean {
    const depth = profile.reduce((a, b) => Math.max(a, b), 0);
    const known = operands.every((operand) => operand.spans !== undefined);
    if (!known || !this.allowance.take(times(count, operands.length + spansOf(operands)))) {
      this.sync(times(depth, disjoint(operands, count) ? 1 : count));
      return false;
    }
    let exact = true;
    for (let at = 0; at < count; at += 1) exact = this.applyOne(operands.map((operand) => qubitAt(operand, at)), profile, depth) && exact;
    return exact || single;
  }

  barrier(operands: readonly Operand[]): boolean {
    const count = operands.reduce((sum, operand) => plus(sum, operand.size), 0);
    if (operands.some((operand) => operand.spans === undefined) || !this.allowance.take(times(count, 2 + spansOf(operands)))) {
      this.sync(0);
      return false;
    }
    let level = this.floor;
    const qubits = operands.flatMap((operand) => Array.from({ length: operand.size }, (_, at) => qubitAt(operand, at)));
    for (const qubit of qubits) level = Math.max(level, this.level(qubit));
    for (const qubit of qubits) this.levels.set(qubit, level);
    return true;
  }

  level(qubit: number): number {
    return this.levels.get(qubit) ?? this.floor;
  }

  private applyOne(qubits: readonly number[], profile: readonly number[], depth: number): boolean {
    let start = 0;
    let even = true;
    for (const [at, qubit] of qubits.entries()) {
      const level = this.level(qubit);
      even &&= at === 0 || level === start;
      start = Math.max(start, level);
    }
    for (const [at, qubit] of qubits.entries()) this.levels.set(qubit, plus(start, profile[at] ?? depth));
    this.top = Math.max(this.top, plus(start, depth));
    return even;
  }
}

/** Qubits that were measured; a superset where it is not sure. */
export class Measured {
  any = false;
  private everything = false;
  private readonly qubits = new Set<number>();
  private readonly allowance: Allowance;

  constructor(allowance: Allowance) {
    this.allowance = allowance;
  }

  mark(operand: Operand): void {
    this.any = true;
    if (this.everything) return;
    if (operand.spans === undefined || !this.allowance.take(times(operand.size, operand.spans.length))) this.markAll();
    else for (let at = 0; at < operand.size; at += 1) this.qubits.add(qubitAt(operand, at));
  }

  markAll(): void {
    this.any = true;
    this.everything = true;
    this.qubits.clear();
  }

  /** One of the operand's qubits was, or may have been, measured. */
  touches(operand: Operand): boolean {
    if (!this.any) return false;
    if (this.everything || operand.spans === undefined || !this.allowance.take(times(operand.size, operand.spans.length))) return true;
    for (let at = 0; at < operand.size; at += 1) if (this.qubits.has(qubitAt(operand, at))) return true;
    return false;
  }
}

/** No qubit takes part in more than one application of the broadcast gate, as far as one look can tell. */
function disjoint(operands: readonly Operand[], count: number): boolean {
  const registers = new Set(operands.map(({ spans }) => spans?.[0]?.register));
  return registers.size === operands.length && operands.every(({ size, spans }) => size === count && spans?.length === 1);
}

function spansOf(operands: readonly Operand[]): number {
  return operands.reduce((sum, operand) => sum + (operand.spans?.length ?? 0), 0);
}
