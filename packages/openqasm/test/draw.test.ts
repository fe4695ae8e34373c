// Drawings of small circuits, and what is not drawn.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { draw } from '../src/index.ts';

const head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n';
const example = (name: string): string => readFileSync(new URL(`../../../examples/circuits/${name}`, import.meta.url), 'utf8');
const drawn = (source: string, columns = 80): string | undefined => draw(source, { columns });

test('a Bell pair looks like one', () => {
  const expected = [
    'q0: ─H─●─M─',
    '       │',
    'q1: ───⊕─M─',
  ].join('\n');
  assert.equal(drawn(example('bell.qasm')), expected);
  assert.equal(drawn(example('qasm2-bell.qasm')), expected);
});

test('controls, crossings, boxes, swaps, resets and barriers have their signs', () => {
  const source = `${head}gate pair a, b { h a; cx a, b; }\nqubit[3] q;\nreset q[0];\nnegctrl @ x q[0], q[2];\nswap q[0], q[1];\npair q[0], q[1];\nbarrier q;\nrz(0.5) q[0];\nrz(pi/2) q[1];\ncz q[0], q[2];\ninv @ s q[1];`;
  assert.equal(drawn(source), [
    'q0: ─0─○─×─[pair]₀─░─[rz(0.5)]─●─────────',
    '       │ │    │                │',
    'q1: ───┼─×─[pair]₁─░─[rz(..)]──┼─[s_inv]─',
    '       │                       │',
    'q2: ───⊕───────────░───────────●─────────',
  ].join('\n'));
});

test('physical qubits carry their numbers', () => {
  assert.match(drawn(example('transpiled-dollar.qasm')) ?? '', /^\$3: ─.*\n.*\n\$7: ─/);
});

test('what is no short straight line is not drawn', () => {
  const refused = [
    example('ghz10.qasm'), example('teleport.qasm'), example('loop-1e8.qasm'), `${head}qubit q;\n${'h q;\n'.repeat(41)}`, `${head}qubit q;\nboom q;`, `${head}qubit q;\nwhile (true) h q;`,
    `${head}qubit q;\nbox { h q; }`, `${head}qubit q;\n#pragma x\nh q;`, `${head}bit c;`, '', 'OPENQASM 3.0; {', `${head}qubit q;\nh q;${' '.repeat(70_000)}`, `${head}qubit[2] q;\nint n;\nh q[n];`,
  ];
  for (const source of refused) assert.equal(drawn(source), undefined, source.slice(0, 80));
});

test('a drawing that does not fit is not made', () => {
  const source = `${head}qubit q;\n${'h q;\n'.repeat(30)}`;
  assert.equal(drawn(source, 40), undefined);
  assert.equal((drawn(source, 80) ?? '').length, 64);
});

test('a gate of the program never looks like a standard one', () => {
  assert.match(drawn(`${head}gate \u0445 a { x a; }\nqubit q;\n\u0445 q;`) ?? '', /\[\.\]/);
  assert.match(drawn(`${head}gate cx\u0445 a, b { x a; }\nqubit[2] q;\ncx\u0445 q[0], q[1];`) ?? '', /\[cx\.\]/);
  assert.match(drawn('OPENQASM 3.0; gate h a { U(0,0,0) a; } qubit q; h q;') ?? '', /\[h\]/);
});

test('whatever is written, a drawing holds only label characters and its own signs, and fits', () => {
  const name = fc.constantFrom('a', 'B9_', 'größe', '\u{1d400}', 'long_name_that_goes_on_and_on', 'é');
  fc.assert(fc.property(name, name, fc.constantFrom('', '(1)', '(pi/2)', '(-1.5e3)', '("<b>")'), fc.integer({ min: 10, max: 80 }), (gate, qubit, parameters, columns) => {
    const source = `${head}gate g_${gate}${parameters === '' ? '' : '(t)'} a { x a; }\nqubit[2] ${qubit};\ng_${gate}${parameters} ${qubit};\nrx(pi) ${qubit};`;
    const text = drawn(source, columns) ?? '';
    assert.match(text, /^[A-Za-z0-9_.$() :[\]\n─│┼●○⊕×░₀-₇]*$/u);
    assert.ok(text.split('\n').every((line) => line.length <= columns));
  }));
});
