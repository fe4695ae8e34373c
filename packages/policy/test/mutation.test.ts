// The mutation harness itself: it must notice a condition that no case needs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bases } from './fixture.ts';
import { mutants, unnoticedMutants } from './mutation.ts';

const text = 'package quantum.workflow\n\ndefault allow := false\n\nallow if {\n\tinput.device.kind == "simulator"\n\tinput.shots <= 5000\n\tinput.shots <= 100000\n\tsmall := input.points\n\tsmall < 10\n}\n';

test('a condition that nothing needs is named, and no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-policy-test-'));
  try {
    writeFileSync(join(folder, 'p.rego'), text);
    writeFileSync(join(folder, 'cases.json'), JSON.stringify({
      bases: { simulator: bases.simulator },
      cases: [
        { name: 'few', base: 'simulator', set: {}, effect: 'allow' }, { name: 'many', base: 'simulator', set: { shots: 5001, shots_per_point: 5001 }, effect: 'deny' },
        { name: 'a QPU', base: 'simulator', set: { 'device.kind': 'qpu' }, effect: 'deny' }, { name: 'points', base: 'simulator', set: { points: 10 }, effect: 'deny' },
      ],
    }));
    assert.deepEqual(await unnoticedMutants(folder), { conditions: 4, unnoticed: ['p.rego:8: input.shots <= 100000'] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what binds, what loops and what is part of a value is no condition', () => {
  const names = mutants('p.rego', 'package p\n\nx if {\n\ta := {\n\t\t"b": 1,\n\t}\n\tsome c in [1]\n\tevery d in [1] {\n\t\td == 1\n\t}\n\ta.b == c\n}\n', 0).map(({ name }) => name);
  assert.deepEqual(names, ['p.rego:9: d == 1', 'p.rego:11: a.b == c']);
  assert.throws(() => mutants('p.rego', 'package p\n\nx := 1 if {\n\tinput.a\n} else := 2\n', 0), /cannot be taken apart/);
});
