// What is handed to a compiler means what the program meant.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DewarError } from '@dewar/protocol';
import { normalise, sniff } from '../src/index.ts';

const code = (run: () => unknown): string => {
  try { run(); } catch (error) { if (error instanceof DewarError) return error.code; throw error; }
  return 'no error';
};

test('sniff reads the version line, comments before it allowed, and knows nothing else', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['OPENQASM 2.0;', 'qasm2'], ['OPENQASM 3;', 'qasm3'], ['OPENQASM 3.0;', 'qasm3'], ['OPENQASM\t3.1 ;', 'qasm3'],
    ['// OPENQASM 2.0;\n/* x */ OPENQASM 3.0;', 'qasm3'], ['\uFEFFOPENQASM 2.0;', 'qasm2'],
    ['', undefined], ['OPENQASM 4.0;', undefined], ['OPENQASM 3.0', undefined], ['openqasm 3.0;', undefined],
    ['/* OPENQASM 3.0;', undefined], ['qubit q; OPENQASM 3.0;', undefined], ['# OPENQASM 3.0;', undefined],
  ];
  for (const [source, expected] of cases) assert.equal(sniff(source), expected, source);
});

test('physical qubits become one register in ascending order, on the version line', () => {
  const { text, physical } = normalise('OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[2] c;\ncz $7, $3;\nc[0] = measure $7;\n');
  assert.deepEqual(physical, [3, 7]);
  assert.equal(text, 'OPENQASM 3.0; qubit[2] physical;\ninclude "stdgates.inc";\nbit[2] c;\ncz physical[1], physical[0];\nc[0] = measure physical[1];\n');
});

test('the added register never takes a name of the program', () => {
  const { text } = normalise('OPENQASM 3.0;\nbit physical; bit physical_0;\nU(0,0,0) $0;');
  assert.match(text, /qubit\[1\] physical_1;/);
});

test('a missing include is added only where it is used and clashes with nothing', () => {
  assert.match(normalise('OPENQASM 3.0;\nqubit q;\nh q;').text, /^OPENQASM 3.0; include "stdgates.inc";\n/);
  assert.match(normalise('OPENQASM 2.0;\nqreg q[1];\nh q[0];').text, /^OPENQASM 2.0; include "qelib1.inc";\n/);
  const unchanged = [
    'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\nh q;', 'OPENQASM 3.0;\nqubit q;\nU(0,0,0) q;',
    'OPENQASM 3.0;\ngate h a { U(0,0,0) a; }\nqubit q;\nh q;', 'OPENQASM 3.0;\nqubit[2] x;\nh x[0];',
  ];
  for (const source of unchanged) assert.equal(normalise(source).text, source);
});

test('pragmas, annotations and delays go, every other line stays where it was', () => {
  const source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n#pragma braket verbatim\nqubit q; bit c;\n@keep me\nc = measure q;\nif (c) delay[100\nns] q;\nx q;';
  assert.equal(normalise(source).text, 'OPENQASM 3.0;\ninclude "stdgates.inc";\n\nqubit q; bit c;\n\nc = measure q;\nif (c) barrier\n q;\nx q;');
});

test('comments and strings are left alone', () => {
  const source = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n// $3 delay[1ns] @x\n/* #pragma $4 */ qubit q;';
  assert.deepEqual(normalise(source), { text: source, physical: [] });
});

test('what cannot be rewritten with its meaning kept is refused', () => {
  const refused = [
    'OPENQASM 3.0; cal { x }', 'OPENQASM 3.0; defcalgrammar "openpulse";', 'OPENQASM 3.0; defcal x $0 { }', 'OPENQASM 3.0;\n#pragma braket unitary([[0,1],[1,0]]) q[0]\n',
    'OPENQASM 3.0; x $1000000;', 'OPENQASM 3.0; x q[0;', 'OPENQASM 3.0; /* x', 'OPENQASM 3.0; include "a', 'OPENQASM 3.0; x\0;', 'OPENQASM 3.0; OPENQASM 2.0;',
  ];
  for (const source of refused) assert.equal(code(() => normalise(source)), 'program_invalid', source);
  for (const source of ['', 'qubit q;', 'OPENQASM 7;']) assert.equal(code(() => normalise(source)), 'program_format', source);
});

test('an OpenQASM 2 program may use the later keywords as names', () => {
  const source = 'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate delay a { x a; }\nqreg cal[1];\ndelay cal[0];';
  assert.equal(normalise(source).text, source);
});

test('gates that only the longer qelib1.inc has are defined right after it, unless the program does', () => {
  assert.equal(
    normalise('OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\nswap q[0],q[1];').text,
    'OPENQASM 2.0;\ninclude "qelib1.inc"; gate swap a,b { cx a,b; cx b,a; cx a,b; }\nqreg q[2];\nswap q[0],q[1];',
  );
  assert.match(normalise('OPENQASM 2.0;\nqreg q[1];\nsx q[0];').text, /^OPENQASM 2.0; include "qelib1.inc"; gate sx a \{ sdg a; h a; sdg a; \}\n/);
  const own = 'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate swap a,b { cx a,b; }\nqreg p[2];\nswap p[0],p[1];';
  assert.equal(normalise(own).text, own);
});
