// Base-profile QIR is read whole, or refused.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QirError, readQir } from '../src/simulation/qir.ts';

const q = (n: number | string): string => `%Qubit* inttoptr (i64 ${n} to %Qubit*)`;
const result = (n: number): string => `%Result* inttoptr (i64 ${n} to %Result*)`;
const label = 'i8* getelementptr inbounds ([4 x i8], [4 x i8]* @0, i64 0, i64 0)';
const gate = (text: string): string => `  call void @__quantum__qis__${text}`;
const measured = gate(`m__body(${q(0)}, ${result(0)})`);
const recorded = `  call void @__quantum__rt__result_record_output(${result(0)}, ${label})`;

describe('readQir', () => {
  it('reads gates, angles, measurements and nested outputs', () => {
    const program = readQir([
      'define i64 @ENTRYPOINT__main() #0 {', 'block_0:', gate(`rz__body(double -2.5e-3, ${q(1)})`), gate(`s__adj(${q(0)})`), gate(`cx__body(${q(2)}, ${q(0)})`), measured,
      `  call void @__quantum__rt__tuple_record_output(i64 2, ${label})`, `  call void @__quantum__rt__array_record_output(i64 1, ${label})`, recorded, recorded, '  ret i64 0', '}',
    ].join('\n'));
    assert.deepEqual(program.gates, [
      { name: 'rz', angle: -0.0025, qubits: [1] }, { name: 's_adj', angle: 0, qubits: [0] }, { name: 'cx', angle: 0, qubits: [2, 0] },
    ]);
    assert.deepEqual(program.registers, [[0], [0]]);
    assert.deepEqual([...program.measured], [[0, 0]]);
    assert.equal(program.qubits, 3);
  });

  for (const [what, line] of [
    ['an unknown gate', gate(`iswap__body(${q(0)}, ${q(1)})`)],
    ['an adjoint that no gate has', gate(`x__adj(${q(0)})`)],
    ['a controlled form', gate(`x__ctl(${q(0)})`)],
    ['a reset', gate(`reset__body(${q(0)})`)],
    ['a branch', '  br i1 %0, label %block_1, label %block_2'],
    ['reading a result', `  %var_0 = call i1 @__quantum__rt__read_result(${result(0)})`],
    ['an integer output', `  call void @__quantum__rt__int_record_output(i64 3, ${label})`],
    ['a missing qubit', gate(`cx__body(${q(0)})`)],
    ['an angle too many', gate(`x__body(double 1.0, ${q(0)})`)],
    ['an angle that is no number', gate(`rz__body(double 0x7FF0000000000000, ${q(0)})`)],
    ['an angle past the largest number', gate(`rz__body(double 1e999, ${q(0)})`)],
    ['one qubit twice', gate(`cx__body(${q(1)}, ${q(1)})`)],
    ['a qubit number out of range', gate(`x__body(${q('99999999999')})`)],
    ['a gate after a measurement', `${measured}\n${gate(`x__body(${q(0)})`)}`],
    ['an output that was not measured', recorded],
    ['an array that ends early', `${measured}\n  call void @__quantum__rt__array_record_output(i64 2, ${label})\n${recorded}`],
    ['more output than announced', `${measured}\n${recorded}\n${recorded}`],
    ['text after the arguments', gate(`x__body(${q(0)} nounwind)`)],
    ['a second block', 'block_1:'],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => readQir(line), QirError));
  }
});
