// Random programs against an interpreter that unrolls everything.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ProgramFacts } from '@dewar/protocol';
import { analyse } from '../src/index.ts';

// A small language with an interpreter of its own: it unrolls everything, so that its counts are the truth.
const width = 4;
interface Gate { readonly kind: 'gate'; readonly name: string; readonly qubits: readonly number[] }
interface Broadcast { readonly kind: 'all'; readonly name: string }
interface Measure { readonly kind: 'measure'; readonly qubit: number }
interface Loop { readonly kind: 'loop'; readonly first: number; readonly step: number; readonly last: number; readonly body: readonly Node[] }
interface Branch { readonly kind: 'if'; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
interface Call { readonly kind: 'call'; readonly gate: number; readonly qubits: readonly number[]; readonly controls: number; readonly power: number; readonly inverse: boolean }
type Node = Gate | Broadcast | Measure | Loop | Branch | Call;
interface Definition { readonly body: readonly (Gate | Call)[] }
interface Program { readonly definitions: readonly Definition[]; readonly body: readonly Node[] }

const qubits = (count: number): fc.Arbitrary<number[]> => fc.shuffledSubarray([0, 1, 2, 3], { minLength: count, maxLength: count });
const gate: fc.Arbitrary<Gate> = fc.oneof(
  fc.record({ kind: fc.constant('gate' as const), name: fc.constantFrom('h', 'x', 't'), qubits: qubits(1) }),
  fc.record({ kind: fc.constant('gate' as const), name: fc.constantFrom('cx', 'swap'), qubits: qubits(2) }),
  fc.record({ kind: fc.constant('gate' as const), name: fc.constantFrom('ccx'), qubits: qubits(3) }),
);
const call = (below: number): fc.Arbitrary<Gate | Call> => (below === 0 ? gate : fc.record({
  kind: fc.constant('call' as const), gate: fc.nat({ max: below - 1 }), qubits: qubits(3), controls: fc.constantFrom(0, 0, 1), power: fc.constantFrom(1, 1, 2, 3), inverse: fc.constantFrom(false, false, true),
}));
/** Definition 0 may only use gates, definition n those below it; inside, three qubits 0, 1, 2 are in scope. */
const inner = (below: number): fc.Arbitrary<Gate | Call> => fc.oneof(gate.filter(({ qubits: used }) => used.every((qubit) => qubit < 3)),
  call(below).filter((node) => node.kind === 'gate' ? node.qubits.every((qubit) => qubit < 3) : node.controls === 0 && node.qubits.every((qubit) => qubit < 3)));
const definitions = fc.tuple(...[0, 1, 2].map((below) => fc.record({ body: fc.array(inner(below), { maxLength: 3 }) })));
const node = fc.letrec<{ node: Node; body: Node[] }>((tie) => ({
  body: fc.array(tie('node'), { maxLength: 4 }),
  node: fc.oneof({ maxDepth: 3, withCrossShrink: true }, gate, call(3),
    fc.record({ kind: fc.constant('all' as const), name: fc.constantFrom('h', 'x') }), fc.record({ kind: fc.constant('measure' as const), qubit: fc.nat({ max: 3 }) }),
    fc.record({ kind: fc.constant('loop' as const), first: fc.integer({ min: -2, max: 3 }), step: fc.constantFrom(1, 1, 2, -1), last: fc.integer({ min: -2, max: 4 }), body: tie('body') }),
    fc.record({ kind: fc.constant('if' as const), body: tie('body'), otherwise: tie('body') })),
}));
const straight: fc.Arbitrary<Node> = fc.oneof(gate, call(3).filter((each) => each.kind === 'gate' || (each.power === 1 && each.controls === 0)),
  fc.record({ kind: fc.constant('all' as const), name: fc.constantFrom('h', 'x') }), fc.record({ kind: fc.constant('measure' as const), qubit: fc.nat({ max: 3 }) }));
const program = (body: fc.Arbitrary<Node[]>): fc.Arbitrary<Program> => fc.record({ definitions, body });
const anyProgram = program(node.body);
const straightProgram = program(fc.array(straight, { maxLength: 12 }));

function written({ definitions: defined, body }: Program): string {
  const lines = ['OPENQASM 3.0;', 'include "stdgates.inc";', ...defined.map((each, at) => `gate g${at} a0, a1, a2 { ${each.body.map((one) => text(one, 'a')).join(' ')} }`), `qubit[${width}] q;`, 'bit c;', ...body.map((one) => text(one, 'q'))];
  return `${lines.join('\n')}\n`;
}

function text(one: Node, wire: 'a' | 'q'): string {
  const name = (qubit: number): string => (wire === 'a' ? `a${qubit}` : `q[${qubit}]`);
  switch (one.kind) {
    case 'gate': return `${one.name} ${one.qubits.map(name).join(', ')};`;
    case 'all': return `${one.name} q;`;
    case 'measure': return `c = measure ${name(one.qubit)};`;
    case 'call': {
      const free = [0, 1, 2, 3].filter((qubit) => !one.qubits.includes(qubit));
      const operands = [...free.slice(0, one.controls), ...one.qubits];
      return `${one.power === 1 ? '' : `pow(${one.power}) @ `}${one.controls === 0 ? '' : 'ctrl @ '}${one.inverse ? 'inv @ ' : ''}g${one.gate} ${operands.map(name).join(', ')};`;
    }
    case 'loop': return `for int i in [${one.first}:${one.step}:${one.last}] { ${one.body.map((each) => text(each, wire)).join(' ')} }`;
    case 'if': return `if (c) { ${one.body.map((each) => text(each, wire)).join(' ')} } else { ${one.otherwise.map((each) => text(each, wire)).join(' ')} }`;
  }
}

class Truth {
  one = 0; two = 0; multi = 0; measurements = 0; midCircuit = false;
  readonly levels = [0, 0, 0, 0];
  readonly measured = new Set<number>();
  private readonly defined: readonly Definition[];
  private readonly choose: () => boolean;
  constructor(defined: readonly Definition[], choose: () => boolean) { this.defined = defined; this.choose = choose; }
  run(body: readonly Node[]): void { for (const each of body) this.step(each, [0, 1, 2, 3], [], false); }
  private touch(wires: readonly number[]): void {
    this.midCircuit ||= wires.some((wire) => this.measured.has(wire));
    const level = Math.max(...wires.map((wire) => this.levels[wire] ?? 0)) + 1;
    for (const wire of wires) this.levels[wire] = level;
  }
  private apply(wires: readonly number[]): void {
    this.touch(wires);
    if (wires.length === 1) this.one += 1;
    else if (wires.length === 2) this.two += 1;
    else this.multi += 1;
  }
  private step(one: Node, map: readonly number[], controls: readonly number[], inverse: boolean): void {
    const wire = (qubit: number): number => map[qubit] ?? 0;
    if (one.kind === 'gate') this.apply([...controls, ...one.qubits.map(wire)]);
    else if (one.kind === 'all') [0, 1, 2, 3].forEach((qubit) => this.apply([qubit]));
    else if (one.kind === 'measure') { this.touch([wire(one.qubit)]); this.measurements += 1; this.measured.add(wire(one.qubit)); }
    else if (one.kind === 'call') {
      const free = [0, 1, 2, 3].filter((qubit) => !one.qubits.includes(qubit)).slice(0, one.controls).map(wire);
      for (let pass = 0; pass < one.power; pass += 1) {
        const body = this.defined[one.gate]?.body ?? [];
        for (const each of one.inverse !== inverse ? body.toReversed() : body) this.step(each, one.qubits.map(wire), [...controls, ...free], one.inverse !== inverse);
      }
    } else if (one.kind === 'loop') {
      for (let i = one.first; one.step > 0 ? i <= one.last : i >= one.last; i += one.step) for (const each of one.body) this.step(each, map, controls, inverse);
    } else for (const each of this.choose() ? one.body : one.otherwise) this.step(each, map, controls, inverse);
  }
}

test('no way through a program exceeds an upper bound: counts, depth and mid-circuit measurement', () => {
  fc.assert(fc.property(anyProgram, fc.infiniteStream(fc.boolean()), (each, choices) => {
    const facts = analyse(written(each));
    const truth = new Truth(each.definitions, () => choices.next().value === true);
    truth.run(each.body);
    assert.notEqual(facts.confidence, 'unknown', JSON.stringify(facts.notes));
    assert.ok(facts.one_qubit_gates >= truth.one && facts.two_qubit_gates >= truth.two && facts.multi_qubit_gates >= truth.multi && facts.measurements >= truth.measurements);
    assert.ok(facts.depth >= Math.max(...truth.levels), `depth ${facts.depth} < ${Math.max(...truth.levels)}`);
    assert.ok(facts.mid_circuit_measurement || !truth.midCircuit);
  }), { numRuns: 2_000 });
});

test('exact is exact', () => {
  fc.assert(fc.property(straightProgram, (each) => {
    const facts = analyse(written(each));
    const truth = new Truth(each.definitions, () => true);
    truth.run(each.body);
    assert.deepEqual([facts.one_qubit_gates, facts.two_qubit_gates, facts.multi_qubit_gates, facts.measurements, facts.mid_circuit_measurement], [truth.one, truth.two, truth.multi, truth.measurements, truth.midCircuit]);
    if (facts.confidence === 'exact') assert.equal(facts.depth, Math.max(...truth.levels));
  }), { numRuns: 2_000 });
});

const counts = (facts: ProgramFacts): readonly number[] => [
  facts.qubits, facts.clbits, facts.operations, facts.one_qubit_gates, facts.two_qubit_gates, facts.multi_qubit_gates, facts.measurements, facts.resets, facts.depth,
];

test('appending a statement never lowers a count, and never raises the confidence', () => {
  const order = ['unknown', 'upper-bound', 'exact'];
  fc.assert(fc.property(anyProgram, fc.constantFrom('h q[0];', 'cx q[0], q[1];', 'reset q;', 'boom q;', 'for int i in [0:c] x q;', 'gate x a { }', '=', 'let z = q;', 'x $3;'), (each, more) => {
    const before = analyse(written(each));
    const after = analyse(written(each) + more);
    counts(after).forEach((count, at) => assert.ok(count >= (counts(before)[at] ?? 0)));
    assert.ok(order.indexOf(after.confidence) <= order.indexOf(before.confidence));
  }), { numRuns: 500 });
});

test('white space and comments between tokens change no fact', () => {
  fc.assert(fc.property(anyProgram, fc.array(fc.constantFrom(' ', '\n', '\t', '\r\n', '// x q;\n', '/* x q[0]; { */', '/**/'), { minLength: 1, maxLength: 20 }), (each, blanks) => {
    const source = written(each);
    let at = 0;
    const spread = source.replace(/[ \n]/g, (blank, offset: number) => (offset < 14 ? blank : `${blank}${blanks[at++ % blanks.length] ?? ''}`));
    const plain = analyse(source);
    const spaced = analyse(spread);
    assert.deepEqual({ ...spaced, notes: spaced.notes.map((note) => note.text) }, { ...plain, notes: plain.notes.map((note) => note.text) });
  }), { numRuns: 500 });
});
