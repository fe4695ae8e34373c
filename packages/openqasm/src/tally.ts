// Saturating counts of gates, measurements and resets, added and multiplied without unrolling.

/** Counts stop here; a program that reaches it has confidence `unknown`. */
export const most = Number.MAX_SAFE_INTEGER;

export const plus = (a: number, b: number): number => Math.min(most, a + b);
export const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : Math.min(most, a * b));

/** One line of the gate table. Interned by `GateNames`, so identity is equality. */
export interface GateKind {
  readonly base: string;
  readonly controls: number;
  readonly inverse: boolean;
  /** How many qubits one application acts on. */
  readonly qubits: number;
}

/** Distinct gate kinds that are told apart; later ones are counted together as `(other)`, so that every sum is short. */
const maxKinds = 64;

export class GateNames {
  private readonly kinds = new Map<string, GateKind>();
  private readonly others = new Map<number, GateKind>();

  /** Long names are told apart by their first 64 characters, so that a name costs no more than its own length. */
  of(name: string, qubits: number, controls = 0, inverse = false): GateKind {
    const base = name.slice(0, 64);
    const key = `${inverse ? 'inv@' : ''}${controls}@${qubits}@${base}`;
    const known = this.kinds.get(key);
    if (known !== undefined) return known;
    if (this.kinds.size >= maxKinds) return this.other(qubits);
    const kind = { base, controls, inverse, qubits };
    this.kinds.set(key, kind);
    return kind;
  }

  /** More than `maxKinds` kinds were asked for. */
  get overflowed(): boolean {
    return this.others.size > 0;
  }

  private other(qubits: number): GateKind {
    const width = Math.min(qubits, 3);
    const known = this.others.get(width) ?? { base: '(other)', controls: 0, inverse: false, qubits: width };
    this.others.set(width, known);
    return known;
  }
}

/** The name a gate kind is reported under: printable ASCII, at most 90 characters. */
export function kindName({ base, controls, inverse }: GateKind): string {
  const prefix = `${inverse ? 'inv@' : ''}${controls === 0 ? '' : controls === 1 ? 'ctrl@' : `ctrl(${controls})@`}`;
  return prefix + (base === '__proto__' ? '(proto)' : plain(base, 60));
}

/** Untrusted text as printable ASCII, other characters as \u{…}, cut to about `length` characters. */
export function plain(text: string, length: number): string {
  const escaped = text.slice(0, length + 1).replace(/[^\x20-\x7e]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return escaped.length > length ? `${escaped.slice(0, length - 3)}...` : escaped;
}

export class Tally {
  readonly gates = new Map<GateKind, number>();
  measurements = 0;
  resets = 0;
  /** Nanoseconds of waiting, added up as if nothing ran side by side. */
  wait = 0;

  get gateCount(): number {
    let sum = 0;
    for (const count of this.gates.values()) sum = plus(sum, count);
    return sum;
  }

  get operations(): number {
    return plus(this.gateCount, plus(this.measurements, this.resets));
  }

  /** Gates on at least `from` and at most `to` qubits. */
  gatesOn(from: number, to: number): number {
    let sum = 0;
    for (const [kind, count] of this.gates) if (kind.qubits >= from && kind.qubits <= to) sum = plus(sum, count);
    return sum;
  }

  addGate(kind: GateKind, count: number): void {
    this.gates.set(kind, plus(this.gates.get(kind) ?? 0, count));
  }

  add(other: Tally, count: number): void {
    if (count === 0) return;
    for (const [kind, each] of other.gates) this.addGate(kind, times(each, count));
    this.measurements = plus(this.measurements, times(other.measurements, count));
    this.resets = plus(this.resets, times(other.resets, count));
    this.wait = plus(this.wait, times(other.wait, count));
  }

  /** Becomes the larger of both, count by count. */
  raise(other: Tally): void {
    for (const [kind, each] of other.gates) this.gates.set(kind, Math.max(this.gates.get(kind) ?? 0, each));
    this.measurements = Math.max(this.measurements, other.measurements);
    this.resets = Math.max(this.resets, other.resets);
    this.wait = Math.max(this.wait, other.wait);
  }

  /** The same counts with every gate controlled by `controls` more qubits, or inverted. */
  modified(names: GateNames, controls: number, inverse: boolean): Tally {
    if (controls === 0 && !inverse) return this;
    const result = new Tally();
    for (const [kind, count] of this.gates) {
      result.addGate(names.of(kind.base, plus(kind.qubits, controls), plus(kind.controls, controls), kind.inverse !== inverse), count);
    }
    result.measurements = this.measurements;
    result.resets = this.resets;
    result.wait = this.wait;
    return result;
  }
}
