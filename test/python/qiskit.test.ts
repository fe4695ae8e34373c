// Real Qiskit through the installed wheel against a real broker: unmodified user code, and what it gets.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { project, whyNot } from './environment.ts';
import { sayNo, userOf } from './user.ts';

test('Qiskit\'s backends, primitives, registers and batches run as Dewar jobs; a person\'s no is raised with its reason', { skip: whyNot('qiskit') }, async (t) => {
  const user = await userOf('qiskit');
  if (typeof user === 'string') return t.skip(user);
  t.after(() => user.close());
  const told = await user.tell('qiskit_user.py', [], sayNo);
  const get = (name: string): string => JSON.stringify(told.get(name));
  const is = (name: string, value: unknown): void => assert.deepEqual(told.get(name), value, name);
  is('backends', [['simulator', 24], ['practice-qpu', 16]]);
  is('alias', 'ibmq_qpu_1');
  assert.match(get('no backend'), /usage_invalid.*simulator, practice-qpu/);
  is('bell', [['00', '11'], 500, true, true]);
  is('registers', [{ '10 0': 20 }, { '10 0': 20 }]);
  is('memory', ['10 0']);
  is('library', { 110: 20 });
  is('optimised', { 110: 20 });
  is('dynamic', { 11: 20 });
  is('physical qubits', { 101: 20 });
  is('batch', [Array.from({ length: 18 }, (_, number) => (number % 2 === 0 ? ['00', '11'] : ['01'])), true, 18]);
  const [estimated = 0, exact = 0] = told.get('estimator') as number[];
  // Three observables of a standard error of 0.03 at most: five of their sum.
  assert.ok(Math.abs(estimated - exact) < 0.26, `${estimated} ${exact}`);
  is('sampler', [{ '00': 64 }, { 11: 64 }]);
  is('binds', [[{ '10': 20 }, { '01': 20 }], 1]);
  is('one bind', { '01': 20 });
  assert.match(get('unknown bind'), /usage_invalid: the circuit has no such parameter/);
  assert.match(get('unbound'), /"Denied".*parameters/);
  assert.match(get('options'), /usage_invalid.*shorts/);
  assert.match(get('seed'), /seed_simulator is ignored/);
  assert.match(get('denied'), /"Denied".*shots\.limit.*ask for shots: 100000/);
  is('denied status', true);
  is('submit', { 101: 8 });
  is('waiting', [true, 'waiting']);
  is('approved', [50, true]);
  assert.match(get('refused'), /"Denied".*denied by a person: not tonight/);
  is('cancelled', [true, 'Cancelled']);

  const doc = await user.tell('run_doc.py', [join(project, 'docs/python.md'), 'Qiskit']);
  assert.equal(doc.get('Qiskit'), 1, 'the example of docs/python.md runs as it stands');
});
