// Bit 0 of a register is its lowest, whatever the compiler takes it for; what cannot be turned around is refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { lowestFirst } from '../src/simulation/bit-order.ts';
import { qasm3, simulateHere } from './fixture.ts';

const head = `${qasm3}qubit[4] q;\nbit[3] c;\nbit d;\nx q[0];\n`;
const old = 'OPENQASM 2.0;\ninclude "qelib1.inc";\ngate mine c, d { cx c, d; }\nqreg q[4];\ncreg c[3];\ncreg d[1];\nx q[0];\nmeasure q[0] -> c[0];\nmeasure q[1] -> c[1];\nmeasure q[2] -> c[2];\n';
const changes = { qubits: 4, measurements: 4, dynamic: true, shots: 5 };

describe('lowestFirst', () => {
  for (const [condition, taken] of [
    ['c == 1', true], ['c == 4', false], ['c != 1', false], ['1 == c', true], ['c == 0b0_01', true], ['c == 0x4', false], ['c == "001"', true], ['c == 9', false],
    ['c[0] == 1 && c == 1', true], ['d == 1 || c == 4', false], ['c', true],
  ] as const) {
    it(`${taken ? 'takes' : 'leaves'} the branch of if (${condition}) after c[0] alone is 1`, async () => {
      const { byKey } = await simulateHere(`${head}c = measure q[0:2];\nif (${condition}) { x q[3]; }\nd = measure q[3];\n`, changes);
      assert.deepEqual(byKey, { [`${taken ? 1 : 0} 001`]: 5 });
    });
  }

  for (const [value, taken] of [[1, true], [4, false], [0, false]] as const) {
    it(`${taken ? 'takes' : 'leaves'} OpenQASM 2 if(c==${value}) after c[0] alone is 1`, async () => {
      const { byKey } = await simulateHere(`${old}if(c==${value}) x q[3];\nmeasure q[3] -> d[0];\n`, changes);
      assert.deepEqual(byKey, { [`${taken ? 1 : 0} 001`]: 5 });
    });
  }

  it('writes a register from a number or a string as they read', async () => {
    for (const value of ['1', '"001"']) {
      assert.deepEqual((await simulateHere(`${head}c = ${value};\nd = measure q[0];\n`, changes)).byKey, { '1 001': 5 });
      assert.deepEqual((await simulateHere(`${head.replace('bit[3] c;', `bit[3] c = ${value};`)}d = measure q[0];\n`, changes)).byKey, { '1 001': 5 });
    }
  });

  for (const line of [
    'if (int(c) == 1) { x q[3]; }', 'uint[3] w = c;', 'if (c < 3) { x q[3]; }', 'if (c == 1 + 1) { x q[3]; }', 'if (c[0:1] == 1) { x q[3]; }', 'switch (c) { case 1 { x q[3]; } }',
    'c = c << 1;', 'c[0:1] = "01";', 'uint[3] w = 1;\nc[0] = w[0];', 'c = ~c;', 'c = int(1);', 'if (c == "01") { x q[3]; }', 'let e = c[1:2];', 'c |= 1;',
  ]) {
    it(`refuses ${line}, and says what would pass`, () => {
      assert.throws(() => lowestFirst(`${head}${line}\nd = measure q[3];\n`), { code: 'program_invalid', message: /line [78]: / });
    });
  }

  it('leaves alone where order does not matter', () => {
    const source = `${head}def f(bit[3] b) -> bit[3] { return b; }\ngate mine c, d { cx c, d; }\nbit[3] e;\ne = c;\nbit[3] g = measure q[1:3];\nc[0:1] = measure q[0:1];\nmeasure q[0:2] -> c;\nif (c[0]) { x q[3]; }\nif (!c[1] && d == 1) { x q[3]; }\nmine q[0], q[1]; // c == 1\n`;
    assert.equal(lowestFirst(source), source);
  });

  it('never moves a line, and only refuses', () => {
    const part = fc.constantFrom('bit[3] c;', 'bit[', 'creg c[2];', 'c', 'c[', ']', '==', '= ', '1', '"01"', ';', '(', ')', '{', '}', 'gate c', 'if', '\n', 'int w;', 'w[0]', 'constructor', 'def f() -> bit', 'return');
    fc.assert(fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const source = parts.join(' ');
      try {
        assert.equal(lowestFirst(source).split('\n').length, source.split('\n').length);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'program_invalid');
      }
    }));
  });
});
