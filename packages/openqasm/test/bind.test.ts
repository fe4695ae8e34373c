// Inputs: found, checked against their types, bound as written, and counted as if the values stood in the text.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DewarError } from '@dewar/protocol';
import { analyse, bind, checkGiven, inputsOf, type Given } from '../src/index.ts';

const head = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n';
const ansatz = `${head}input float[64] theta;\ninput angle phi;\ninput int n;\ninput bool on;\nqubit[2] q;\nbit[2] c;\nfor int i in [1:n] { ry(theta) q[0]; }\nrz(2*phi - theta/2) q[1];\nif (on) { x q[0]; }\nc = measure q;\n`;

const refused = (source: string, given: Given): DewarError => {
  try {
    checkGiven(source, given);
  } catch (error) {
    assert.ok(error instanceof DewarError, String(error));
    assert.equal(error.code, 'parameters_invalid');
    return error;
  }
  return assert.fail('it was taken');
};

describe('inputs', () => {
  it('are found with their types, wherever they stand outside braces', () => {
    assert.deepEqual(inputsOf(`${ansatz}input uint[8] late;`), [
      { name: 'theta', type: 'float', width: 64 }, { name: 'phi', type: 'angle', width: null }, { name: 'n', type: 'int', width: null }, { name: 'on', type: 'bool', width: null }, { name: 'late', type: 'uint', width: 8 },
    ]);
    assert.deepEqual(inputsOf('OPENQASM 2.0;\nqreg q[1];'), []);
  });

  it('are written as values of their type in every place, and their declarations go; lines stay', () => {
    const bound = bind(ansatz, { theta: -0.5, phi: 2, n: 3, on: true });
    assert.equal(bound, `${head}\n\n\n\nqubit[2] q;\nbit[2] c;\nfor int i in [1:3] { ry((-0.5)) q[0]; }\nrz(2*2.0 - (-0.5)/2) q[1];\nif (true) { x q[0]; }\nc = measure q;\n`);
  });

  it('are left where no value is given', () => {
    assert.equal(bind(ansatz, {}), ansatz);
    const half = bind(ansatz, { n: 2 });
    assert.deepEqual(inputsOf(half).map(({ name }) => name), ['theta', 'phi', 'on']);
  });

  it('property: a number is written without an exponent and reads back as the same double', () => {
    fc.assert(fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
      if (Object.is(value, -0)) return;
      const bound = bind('OPENQASM 3.0;\ninput float x;\nqubit q;\nrx(x) q;', { x: value });
      const text = /rx\(\(?([-0-9.]+)\)?\)/.exec(bound)?.[1] ?? assert.fail(bound);
      assert.match(text, /^-?\d+\.\d+$/);
      assert.equal(Number(text), value);
    }), { numRuns: 2_000 });
  });

  for (const [what, given, path, allowed] of [
    ['a name that the program does not have', { gamma: [1] }, '/parameters/gamma', /theta, phi, n, on/],
    ['a truth value for a float', { theta: [true] }, '/parameters/theta', /a number/],
    ['a number for a bool', { on: [1] }, '/parameters/on', /true or false/],
    ['a fraction for an int', { n: [1, 1.5] }, '/parameters/n/1', /whole number/],
    ['an int beyond its 32 bits', { n: [2 ** 31] }, '/parameters/n', /-2147483648 to 2147483647/],
    ['an angle that has lost its digits', { phi: [1e12] }, '/parameters/phi', /1000000000/],
    ['a prototype', { constructor: [1] }, '/parameters/constructor', /its inputs/],
  ] as const) {
    it(`refuse ${what}`, () => {
      const error = refused(ansatz, given);
      assert.equal(error.path, path);
      assert.match(error.allowed ?? '', allowed);
    });
  }

  for (const [what, text] of [
    ['a gate parameter', 'gate g(theta) a { rx(theta) a; }'], ['a gate operand', 'gate g theta { x theta; }'], ['a loop variable', 'for float theta in {1, 2} { }'], ['a loop variable without a type', 'for theta in {1, 2} { }'],
    ['a subroutine parameter', 'def f(float[64] theta) { }'], ['a variable', '{ float theta = 1; }'], ['a wide variable', '{ float[32] theta = 1; }'], ['another input', 'input float theta;'],
  ] as const) {
    it(`refuse a value where the name is ${what} too`, () => assert.match(refused(`${ansatz}${text}`, { theta: [1] }).message, /something else/));
  }

  it('refuse types that take no value, and widths that are expressions', () => {
    for (const type of ['bit', 'bit[4]', 'complex[float]', 'duration', 'float[w]']) assert.equal(refused(`${head}const int w = 64;\ninput ${type} x;\n`, { x: [1] }).code, 'parameters_invalid', type);
  });

  it('are not taken out where a loop over a set would then repeat the next statement', () => {
    const source = `${head}qubit q;\nfor int i in {1, 2, 3} input int n;\nx q;\n`;
    assert.deepEqual(inputsOf(source), []);
    assert.match(refused(source, { n: [1] }).message, /no such input/);
  });

  it('refuse a word of the language for a name', () => {
    for (const word of ['else', 'gate', 'pi', 'measure', 'U']) assert.match(refused(`${head}input int ${word};\n`, { [word]: [1] }).message, /word of the language/, word);
  });

  it('a uint[3] holds 0 to 7', () => {
    const source = `${head}input uint[3] k;\n`;
    checkGiven(source, { k: [0, 7] });
    assert.match(refused(source, { k: [8] }).allowed ?? '', /0 to 7/);
    assert.match(refused(source, { k: [-1] }).allowed ?? '', /0 to 7/);
  });

  it('one statement with a hundred thousand names is read in one pass', () => {
    const source = `${head}input float t;\nqubit q;\nrx(${'t+'.repeat(100_000)}t) q;\n`;
    checkGiven(source, { t: [1] });
    assert.equal(bind(source, { t: 1 }).split('1.0').length, 100_002);
    checkGiven(`${head}${'input float t;'.repeat(50_000)}`.replace('input float t;', 'input float u;'), { u: [1] });
  });
});

describe('facts of a bound program', () => {
  const facts = (source: string, given: Given) => analyse(source, checkGiven(source, given));

  it('inputs with values are no inputs any more, and count as constants', () => {
    const straight = ansatz.replace('if (on) { x q[0]; }\n', '');
    const looped = facts(straight, { theta: [0.5], phi: [1], n: [3] });
    assert.deepEqual([looped.inputs.map(({ name }) => name), looped.gates, looped.dynamic, looped.unbounded_loop], [['on'], { ry: 3, rz: 1 }, false, false]);
    const flat = facts(straight.replace(/for.*\n/, 'ry(theta) q[0];\n'), { theta: [0.5, 1], phi: [1, 2] });
    assert.deepEqual([flat.confidence, flat.gates], ['exact', { ry: 1, rz: 1 }]);
  });

  it('a loop over a range of values counts the longest', () => {
    const { gates, confidence } = facts(ansatz.replace('if (on) { x q[0]; }\n', ''), { theta: [0.5, 1], phi: [1, 2], n: [2, 5], on: [true] });
    assert.deepEqual([gates, confidence], [{ ry: 5, rz: 1 }, 'upper-bound']);
  });

  it('an unbound loop stays unbounded', () => assert.equal(facts(ansatz, { theta: [1] }).unbounded_loop, true));

  it('property: the facts are those of the program with the value written in its place', () => {
    const body = fc.constantFrom('for int i in [1:n] { x q[0]; }', 'rx(n) q[1];', 'pow(n) @ x q[0];', 'if (n == 2) { h q[0]; }', 'const int m = n + 1; for int i in [0:m] { cx q[0], q[1]; }', 'for int i in [n:9] { for int j in [0:i] { h q[1]; } }', 'x q[n % 2];', 'delay[n * 1us] q[0];', 'x q[n];');
    fc.assert(fc.property(fc.array(body, { maxLength: 4 }), fc.integer({ min: -2, max: 9 }), (parts, n) => {
      const source = `OPENQASM 3.0;\ninput int n;\nqubit[10] q;\n${parts.map((part, at) => part.replaceAll('m', `m${at}`).replaceAll(`m${at}easure`, 'measure')).join('\n')}\nbit[10] c = measure q;\n`;
      const { notes: _, ...bound } = facts(source, { n: [n] });
      const { notes: __, ...written } = analyse(bind(source, { n }));
      assert.deepEqual(bound, written);
    }), { numRuns: 1_000 });
  });
});
