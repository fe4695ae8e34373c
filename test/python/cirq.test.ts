// Real Cirq through the installed wheel against a real broker: unmodified user code, and what it gets.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { project, whyNot } from './environment.ts';
import { sayNo, userOf } from './user.ts';

test('Cirq\'s sampler gives what Cirq\'s own simulator gives, bit by bit; a person\'s no is raised with its reason', { skip: whyNot('cirq') }, async (t) => {
  const user = await userOf('cirq');
  if (typeof user === 'string') return t.skip(user);
  t.after(() => user.close());
  const told = await user.tell('cirq_user.py', [], sayNo);
  const get = (name: string): string => JSON.stringify(told.get(name));
  const is = (name: string, value: unknown): void => assert.deepEqual(told.get(name), value, name);
  for (const name of ['records', 'gates']) {
    const [ours, cirqs] = told.get(name) as unknown[];
    assert.deepEqual(ours, cirqs, name);
  }
  is('half', [[4, 6], [400, 1], true]);
  is('joint', [true, 2]);
  is('data frame', { m: [1, 1] });
  is('expectation', -1);
  is('nothing', [0, 1, 1]);
  assert.match(get('symbol'), /usage_invalid: a symbol has no value/);
  assert.match(get('twice'), /usage_invalid: a measurement key is measured twice/);
  assert.match(get('confusion'), /usage_invalid: a measurement has a confusion map/);
  assert.match(get('qutrit'), /usage_invalid: Cirq cannot write/);
  assert.match(get('no measurement'), /"ValueError"/);
  assert.match(get('denied'), /"Denied".*shots\.limit/);
  is('submit', { '01': 4 });
  is('approved', [50, 2]);
  assert.match(get('refused'), /"Denied".*denied by a person: not tonight/);

  const doc = await user.tell('run_doc.py', [join(project, 'docs/python.md'), 'Cirq']);
  assert.equal(doc.get('Cirq'), 1, 'the example of docs/python.md runs as it stands');
});
