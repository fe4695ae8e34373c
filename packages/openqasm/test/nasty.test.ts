// Hostile sources end in facts or a typed error, in time and without overflowing the stack.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DewarError } from '@dewar/protocol';
import { analyse, draw, normalise, sniff } from '../src/index.ts';

const mebibyte = 1_048_576;
const head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[8] q;\nbit[8] c;\n';
const fill = (piece: string): string => piece.repeat(Math.floor((mebibyte - head.length) / piece.length));
const numbered = (piece: (n: number) => string): string => {
  const parts: string[] = [];
  for (let n = 0, size = 0; size < mebibyte - head.length - 100; n += 1) {
    parts.push(piece(n));
    size += parts.at(-1)?.length ?? 0;
  }
  return parts.join('');
};

/** What `analyse` answers: `facts` or an error's code. Any other error, there or in the other parts, fails the test. */
function outcome(source: string): string {
  const [first = ''] = [analyse, sniff, normalise, (text: string) => draw(text, { columns: 100 })].map((run) => {
    try { run(source); } catch (error) {
      if (!(error instanceof DewarError)) throw error;
      return error.code;
    }
    return 'facts';
  });
  return first;
}

const shapes: readonly (readonly [string, string, string])[] = [
  ['many statements', head + fill('h q;cx q[0],q[1];'), 'facts'],
  ['deep braces', head + fill('{'), 'program_invalid'],
  ['deep closed braces', head + '{'.repeat(500_000) + '}'.repeat(500_000), 'program_invalid'],
  ['deep parentheses', `${head}rx(${'('.repeat(250_000)}1${')'.repeat(250_000)}) q[0];`, 'program_invalid'],
  ['nesting at the limit', `${head}${'{'.repeat(199)}x q[0];${'}'.repeat(199)}`, 'facts'],
  ['expressions at the limit', `${head}rx(${'-('.repeat(198)}1${')'.repeat(198)}) q[0];`, 'facts'],
  ['blocks and expressions at the limit', `${head}${'if (c[0]) {'.repeat(100)}rx(${'1+2*('.repeat(90)}1${')'.repeat(90)}) q[0];${'}'.repeat(100)}`, 'facts'],
  ['if without braces', head + fill('if (c[0]) ') + 'x q[0];', 'program_invalid'],
  ['else if without end', `${head}if (c[0]) x q[0];${fill(' else if (c[1]) y q[0];')}`, 'facts'],
  ['for without braces', head + fill('for int i in [0:9] ') + 'x q[0];', 'program_invalid'],
  ['signs', `${head}rx(${'-'.repeat(1_000_000)}1) q[0];`, 'facts'],
  ['powers', `${head}rx(${'2**'.repeat(300_000)}1) q[0];`, 'facts'],
  ['sums', `${head}rx(${'1+'.repeat(500_000)}1) q[0];`, 'facts'],
  ['mixed operators', `${head}rx(${'1||1&&1|1^1&1==1<1<<1+1*'.repeat(40_000)}1) q[0];`, 'facts'],
  ['indices', `${head}x q${'[0]'.repeat(300_000)};`, 'facts'],
  ['modifiers', `${head}${'ctrl @ inv @ '.repeat(80_000)}x q[0];`, 'facts'],
  ['long comment', `${head}/*${'* /'.repeat(300_000)}*/`, 'facts'],
  ['open comment', `${head}/*${'*'.repeat(1_000_000)}`, 'program_invalid'],
  ['many comments', head + fill('/**/'), 'facts'],
  ['long name', `${head}${'a'.repeat(1_000_000)} q[0];`, 'facts'],
  ['one long gate name, called often', `${head}gate g a { ${'n'.repeat(20_000)} a; } ${'inv @ g q[0];'.repeat(50_000)}`, 'facts'],
  ['many names', head + numbered((n) => `u${n} q[0];`), 'facts'],
  ['many names in a gate called often', `${head}gate g a { ${Array.from({ length: 20_000 }, (_, n) => `u${n} a;`).join('')} } ${'inv@g q;'.repeat(90_000)}`, 'facts'],
  ['gates of gates', head + numbered((n) => (n === 0 ? 'gate g0 a { x a; }' : `gate g${n} a { g${n - 1} a; g${n - 1} a; }`)), 'facts'],
  ['subroutines of subroutines', head + numbered((n) => (n === 0 ? 'def f0(qubit a) { x a; }' : `def f${n}(qubit a) { f${n - 1}(a); f${n - 1}(a); }`)), 'facts'],
  ['aliases of aliases', head + numbered((n) => (n === 0 ? 'let a0 = q ++ q;' : `let a${n} = a${n - 1} ++ a${n - 1}; x a${n};`)), 'facts'],
  ['broadcast over many qubits', `OPENQASM 3.0; include "stdgates.inc"; qubit[1000000] q; qubit[1000000] r; ${'cx q, r;h q;'.repeat(80_000)}`, 'facts'],
  ['broadcast over more qubits than there are', `OPENQASM 3.0; include "stdgates.inc"; qubit[9007199254740991] q; qubit[9007199254740991] r; cx q, r; measure q; barrier q; reset r;`, 'facts'],
  ['many scopes', `${head}${'{'.repeat(190)}${'x q[0];'.repeat(140_000)}${'}'.repeat(190)}`, 'facts'],
  ['many registers', head + numbered((n) => `qubit r${n};`), 'facts'],
  ['many physical qubits', head + numbered((n) => `x $${n};`), 'program_invalid'],
  ['pragmas', head + fill('#pragma x\n'), 'facts'],
  ['annotations', `${head}${fill('@x\n')}`, 'facts'],
  ['spaces after numbers', `${head}rx(${`1${' '.repeat(1_000)}+`.repeat(1_000)}1) q[0];`, 'facts'],
  ['strings', head + fill('include "a";'), 'facts'],
  ['only quotes', `${head}${fill('"').slice(0, 100_001)}`, 'program_invalid'],
  ['cases', `${head}switch (c) {${'case 1 { x q[0]; }'.repeat(50_000)}}`, 'facts'],
  ['loops in a row', head + fill('for int i in [0:9] x q[0];'), 'facts'],
  ['qasm2 words', `OPENQASM 2.0; ${fill('measure ')}`, 'facts'],
  ['wide gate', `${head}gate g ${numbered((n) => (n === 0 ? 'a0' : `,a${n}`))} { }`, 'facts'],
];

for (const [name, source, expected] of shapes) {
  test(`nasty input ends in facts or a typed error: ${name}`, () => { assert.equal(outcome(source), expected); });
}

const piece = fc.constantFrom(
  'qubit', 'qubit[2] q;', 'bit[2] c;', 'h', 'cx', 'q', 'q[0]', 'c', 'c[0]', ';', ';', ';', ',', '{', '}', '(', ')', '[', ']', '@', 'ctrl', 'inv', 'pow', 'negctrl', '=', '->', '+', '++', '-', '**', ':',
  'gate', 'g', 'a', 'def', 'f', 'if', 'else', 'for', 'int', 'i', 'in', '[0:3]', 'while', 'switch', 'case', 'default', 'let', 'measure', 'reset', 'barrier', 'delay', '10ns', 'box', 'cal', 'defcal', 'extern', 'include', '"stdgates.inc"',
  'const', 'input', 'float', 'return', 'end', 'break', '$0', '$1', '0', '1', '3', '1.5', 'pi', '\n', '#pragma x\n', '@note\n', '/*', '*/', '//', '\r', 'é', '__proto__', 'constructor', 'toString', 'qreg', 'creg', 'opaque', 'U', 'gphase', 'durationof', 'nop', '#dim', '\u202e',
);
const soup = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(' '));

test('token soup ends in facts or a typed error', () => {
  fc.assert(fc.property(fc.constantFrom('OPENQASM 3.0;', 'OPENQASM 2.0;'), soup, (version, text) => { outcome(`${version}\n${text}`); }), { numRuns: 3_000 });
});

test('any text ends in facts or a typed error', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => { outcome(text); outcome(`OPENQASM 3.0;${text}`); }), { numRuns: 500 });
});

test('facts of any soup keep their form: safe whole numbers, ASCII names, at most 20 notes', () => {
  fc.assert(fc.property(soup, (text) => {
    if (outcome(`OPENQASM 3.0;${text}`) !== 'facts') return;
    const facts = analyse(`OPENQASM 3.0;${text}`);
    const counts = [facts.qubits, facts.clbits, facts.operations, facts.depth, facts.measurements, facts.resets, ...Object.values(facts.gates)];
    assert.ok(counts.every((count) => Number.isSafeInteger(count) && count >= 0));
    assert.ok(facts.notes.length <= 20);
    assert.match(JSON.stringify(facts), /^[\x20-\x7e]*$/);
    assert.equal(facts.operations, facts.measurements + facts.resets + Object.values(facts.gates).reduce((a, b) => a + b, 0));
    assert.ok(facts.confidence === 'exact' || facts.notes.length > 0);
  }), { numRuns: 1_000 });
});

test('a pragma that stands where a loop or branch needs its statement leaves no count to rely on', () => {
  for (const before of ['for int i in [0:999]', 'for int i in {1, 2}', 'if (c[0])', 'if (c[0]) x q[1]; else', 'while (c[0])']) {
    assert.equal(analyse(`${head}${before}\n#pragma braket verbatim\nx q[0];`).confidence, 'unknown', before);
  }
  assert.equal(analyse(`${head}for int i in [0:999] {\n#pragma braket verbatim\nx q[0];\n}`).gates['x'], 1000);
});
