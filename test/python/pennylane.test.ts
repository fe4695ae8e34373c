// Real PennyLane through the installed wheel against a real broker: unmodified user code, and what it gets.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { project, whyNot } from './environment.ts';
import { sayNo, userOf } from './user.ts';

const near = (found: number, wanted: number, within: number): void => assert.ok(Math.abs(found - wanted) < within, `${found}, not ${wanted}`);

test('PennyLane finds the device by its name; measurements and gradients come from shots; a person\'s no is raised with its reason', { skip: whyNot('pennylane') }, async (t) => {
  const user = await userOf('pennylane');
  if (typeof user === 'string') return t.skip(user);
  t.after(() => user.close());
  const told = await user.tell('pennylane_user.py', [], sayNo);
  const get = (name: string): string => JSON.stringify(told.get(name));
  const is = (name: string, value: unknown): void => assert.deepEqual(told.get(name), value, name);
  is('device', ['dewar.qubit', 'dewar.pennylane']);
  const [value, probabilities, counts, variance, shape] = told.get('measurements') as [number, number[], Record<string, number>, number, number[]];
  // Five standard errors of 2000 shots.
  near(value, Math.cos(0.6), 0.12);
  near(probabilities[3] ?? 0, (1 - Math.cos(0.6)) / 2, 0.06);
  assert.deepEqual([probabilities[1], probabilities[2], Object.keys(counts).toSorted()], [0, 0, ['00', '11']]);
  near(variance, 1, 0.02);
  assert.equal(shape[0], 2000);
  is('order', [{ '01': 20 }, [0, 0, 1, 0], [-1]]);
  const [energy = 0, known = 0] = told.get('energy') as number[];
  near(energy, known, 0.2);
  const [gradient = [], exact = []] = told.get('gradient') as number[][];
  assert.equal(gradient.length, 2);
  gradient.forEach((one, index) => near(one, exact[index] ?? 0, 0.2));
  is('shot vector', [[[0, 0, 0, 1], 1], [[0, 0, 0, 1], 1]]);
  is('broadcast', [[1, 0], [0, 1]]);
  assert.match(get('no shots'), /usage_invalid: dewar\.qubit counts shots/);
  assert.match(get('denied'), /"Denied".*shots\.limit/);
  is('submit', { '01': 4 });
  assert.match(get('two circuits'), /usage_invalid: the tape needs more than one circuit/);
  is('approved', 4);
  assert.match(get('refused'), /"Denied".*denied by a person: not tonight/);

  const doc = await user.tell('run_doc.py', [join(project, 'docs/python.md'), 'PennyLane']);
  assert.equal(doc.get('PennyLane'), 1, 'the example of docs/python.md runs as it stands');
});
