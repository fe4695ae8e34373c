// The check of docs/invariants.md fails on a number without a row, a file or test that is not there, and a vague "not yet".
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectInvariants } from '../../scripts/invariants.ts';
import { builtIn, libraries, page } from '../../scripts/third-party.ts';
import { folderOf } from './folder.ts';

const heading = '| number | invariant | kept in (file) | proved by (test file :: test name) | status |\n| --- | --- | --- | --- | --- |\n';
const kept = (number: number): string => `| ${number} | words | \`src/a.ts\` | \`test/a.test.ts :: a yes binds bytes\`<br>test/a.test.ts :: it's so | kept |\n`;
const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const files = { 'src/a.ts': '', 'test/a.test.ts': "test('a yes binds bytes, or nothing', () => {});\nit('it\\'s so', f);\ntest.skip('a skipped one', f);\n// a comment names it\n" };

function faultsOf(t: Parameters<typeof folderOf>[0], change: (number: number) => string): readonly string[] {
  return inspectInvariants(folderOf(t, { ...files, 'docs/invariants.md': `# Title\n\n${heading}${numbers.map(change).join('')}` })).faults;
}

test('ten true rows have no fault', (t) => {
  assert.deepEqual(faultsOf(t, kept), []);
});

test('a row that is not yet kept says why and until when', (t) => {
  assert.deepEqual(faultsOf(t, (n) => (n === 7 ? '| 7 | words | - | - | not yet: nobody verifies (issue Evidence) |\n' : kept(n))), []);
});

const cases: readonly [says: string, row: string, expected: RegExp][] = [
  ['no row', '', /^invariant 7: has 0 rows, not one$/],
  ['two rows', kept(7) + kept(7), /^invariant 7: has 2 rows, not one$/],
  ['a number beyond the list', kept(7) + kept(11), /^invariant 11: no such number$/],
  ['no words', kept(7).replace('words', ''), /is not said in words/],
  ['no file', kept(7).replace('`src/a.ts`', '-'), /names no file that keeps it/],
  ['no test', '| 7 | words | src/a.ts | - | kept |\n', /names no test that proves it/],
  ['a file that is not there', kept(7).replace('src/a.ts', 'src/b.ts'), /kept in src\/b\.ts, which is not there/],
  ['a test file that is not there', '| 7 | words | src/a.ts | test/b.test.ts :: x | kept |\n', /no test file here/],
  ['a file that is no test', '| 7 | words | src/a.ts | src/a.ts :: x | kept |\n', /no test file here/],
  ['a test without a name', '| 7 | words | src/a.ts | test/a.test.ts | kept |\n', /is not "test file :: test name"/],
  ['a test name that is not there', '| 7 | words | src/a.ts | test/a.test.ts :: a yes binds nothing | kept |\n', /no test in test\/a\.test\.ts is called/],
  ['a test name only in a comment', '| 7 | words | src/a.ts | test/a.test.ts :: a comment names it | kept |\n', /no test in/],
  ['a skipped test', '| 7 | words | src/a.ts | test/a.test.ts :: a skipped one | kept |\n', /no test in/],
  ['"later" as a status', '| 7 | words | - | - | later (issue 9) |\n', /status is "later \(issue 9\)"/],
  ['"not yet" without a reason', '| 7 | words | - | - | not yet |\n', /status is "not yet"/],
];

for (const [says, row, expected] of cases) {
  test(`a fault: ${says}`, (t) => {
    const faults = faultsOf(t, (n) => (n === 7 ? row : kept(n)));
    assert.equal(faults.length, 1, faults.join('\n'));
    assert.match(faults[0] ?? '', expected);
  });
}

test('a table with other columns is a fault', (t) => {
  const found = inspectInvariants(folderOf(t, { 'docs/invariants.md': '| number | invariant |\n| --- | --- |\n' }));
  assert.match(found.faults[0] ?? '', /columns are not/);
});

test('the list of libraries leaves out our own packages and names a licence that nobody looked at', (t) => {
  const lock = { packages: { '': {}, 'packages/a': { version: '0.1.0' }, 'node_modules/a': { link: true }, 'node_modules/@x/y': { version: '1.0.0', license: 'MIT' }, 'node_modules/z': { version: '2.0.0', license: 'AGPL-3.0', dev: true } } };
  const { list, faults } = libraries(folderOf(t, { 'package-lock.json': JSON.stringify(lock), 'node_modules/@x/y/package.json': '{"version":"1.0.1","license":"MIT"}' }));
  assert.deepEqual(list.map(({ name, use }) => [name, use]), [['@x/y', 'runs'], ['z', 'tools']]);
  assert.equal(faults.length, 2);
  assert.match(faults[0] ?? '', /@x\/y: installed 1\.0\.1 MIT, the lock says 1\.0\.0 MIT/);
  assert.match(faults[1] ?? '', /z: licence AGPL-3\.0/);
  assert.match(page(list), /\| @x\/y \| 1\.0\.0 \| MIT \|/);
  const included = builtIn(folderOf(t, { 'packages/policy/opa/LICENSES.txt': '== a.org/b v1.0.0 MIT AND Apache-2.0\n\ntext\n\n== c v2 GPL-3.0\n\ntext\n' }));
  assert.deepEqual(included.list.map(({ name, licence }) => [name, licence]), [['a.org/b', 'MIT AND Apache-2.0'], ['c', 'GPL-3.0']]);
  assert.match(included.faults.join(), /^c: licence GPL-3\.0 is not among/);
  assert.equal(builtIn(folderOf(t, { 'packages/policy/opa/LICENSES.txt': '' })).faults.length, 1);
});
