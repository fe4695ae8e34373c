// Registers and bits come back under the names and places of the source.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { prepare } from '../src/simulation/registers.ts';

describe('prepare', () => {
  it('makes outputs of global bits and of nothing else', () => {
    const { text, names } = prepare('OPENQASM 3.0;\nbit a;\noutput int[8] i;\nbit[2] b = "01";\nconst bit k = 1;\ncreg c[3];\nif (a) { bit d; }\nbit e = measure q;\n', false);
    assert.deepEqual(names, ['a', 'b', 'c', 'e']);
    assert.equal(text, 'OPENQASM 3.0;\noutput bit a;\n int[8] i;\noutput bit[2] b; b = "01";\nconst bit k = 1;\noutput bit[3] c;\nif (a) { bit d; }\noutput bit e; e = measure q;\n');
  });

  it('is not fooled by comments, strings, pragmas and annotations', () => {
    const { names } = prepare('OPENQASM 3;\n// bit a;\n/* bit b; */\npragma bit c;\n#pragma x {\n@note bit d;\nbit e;\nint f = 1; // }\nbit[2] g = "{;";\n', false);
    assert.deepEqual(names, ['e', 'g']);
  });

  it('measures each register first when asked, from qubits before all others', () => {
    const { text, leading, names } = prepare('OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\nbit[2] c;\nbit d;\n', true);
    assert.equal(text, 'OPENQASM 3.0;\ninclude "stdgates.inc"; qubit[2] dewar_zero_1; qubit dewar_zero_2;\nqubit q;\noutput bit[2] c; c = measure dewar_zero_1;\noutput bit d; d = measure dewar_zero_2;\n');
    assert.equal(leading, 3);
    assert.deepEqual(names, ['c', 'd']);
  });

  it('keeps out of the way of names that the program uses', () => {
    assert.match(prepare('OPENQASM 3.0;\nbit dewar_zero_1;\n', true).text, / qubit dewar_zero___1;/);
  });

  it('keeps every line at its number', () => {
    const part = fc.constantFrom('bit a;', 'bit[2]\n/* x\n y */ b = // z\n "01";', 'creg\nc[3];', '{\nbit d;\n}', 'output\nint i;', '// x', 'x q;', '\n', 'bit', '"', '@n bit;', '[', '=');
    fc.assert(fc.property(fc.array(part, { maxLength: 12 }), fc.boolean(), (parts, measured) => {
      const source = parts.join('\n');
      assert.equal(prepare(source, measured).text.split('\n').length, source.split('\n').length);
    }));
  });
});
