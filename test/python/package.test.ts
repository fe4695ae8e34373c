// The Python package without an SDK: its wheel, its own tests against the installed wheel, and a script of a user against a real broker.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { homeOf, sessionSocket } from '@dewar/protocol';
import { buildWheel, environmentNames, Missing, packageFolder, project, requirementsOf, run, whyNot } from './environment.ts';
import { sayNo, userOf } from './user.ts';

const skip = whyNot('core');
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'whl-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const list = 'import hashlib, json, sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); m = next(n for n in z.namelist() if n.endswith("METADATA")); print(json.dumps([z.namelist(), z.read(m).decode(), hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()]))';

test('the wheel is pure, needs nothing, holds the package and its licence and nothing else, and builds to the same bytes', { skip }, async (t) => {
  const folder = folderFor(t);
  let wheels: readonly string[];
  try {
    wheels = [await buildWheel(join(folder, 'a')), await buildWheel(join(folder, 'b'))];
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    return t.skip(error.message);
  }
  const looks = await Promise.all(wheels.map(async (wheel) => JSON.parse((await run('/usr/bin/python3', ['-c', list, wheel])).out) as [string[], string, string]));
  const [names, metadata, digest] = looks[0] ?? [[], '', ''];
  assert.match(wheels[0] ?? '', /dewar-0\.1\.0-py3-none-any\.whl$/);
  assert.equal(looks[1]?.[2], digest);
  assert.deepEqual(names.filter((name) => !/^dewar\/[a-z_]+\.py$/.test(name)).toSorted(), ['METADATA', 'RECORD', 'WHEEL', 'entry_points.txt', 'licenses/LICENSE'].map((name) => `dewar-0.1.0.dist-info/${name}`).concat('dewar/py.typed').toSorted());
  assert.deepEqual(metadata.split('\n').filter((line) => line.startsWith('Requires-Dist:') && !line.includes('; extra ==')), []);
  assert.match(metadata, /^License-Expression: Apache-2\.0$/m);
});

test('the licence beside the package is the project\'s', () => {
  assert.equal(readFileSync(join(packageFolder, 'LICENSE'), 'utf8'), readFileSync(join(project, 'LICENSE'), 'utf8'));
});

test('each file opens with one sentence, and the locked requirements name no registry', async () => {
  const { out } = await run('/usr/bin/python3', ['-c', 'import ast, glob, json, sys; print(json.dumps({p: ast.get_docstring(ast.parse(open(p).read())) for p in glob.glob("**/*.py", recursive=True)}))'], { cwd: packageFolder });
  const docs = JSON.parse(out) as Record<string, string | null>;
  assert.ok(Object.keys(docs).length > 20);
  for (const [path, doc] of Object.entries(docs)) assert.match(doc ?? '', /^[A-Z].*\.(\n|$)/, path);
  for (const name of environmentNames) {
    const text = readFileSync(requirementsOf(name), 'utf8');
    assert.doesNotMatch(text, /:\/\//);
    const pins = text.split(/\n(?=\S)/).filter((line) => !line.startsWith('#'));
    for (const pin of pins) assert.match(pin, /^[a-z0-9-]+==\S+ .*\\\n {4}--hash=sha256:[0-9a-f]{64}/, pin.slice(0, 60));
  }
});

test('a user with the wheel alone submits, waits, is told why not, and sees a person\'s yes and no', { skip }, async (t) => {
  const user = await userOf('core');
  if (typeof user === 'string') return t.skip(user);
  t.after(() => user.close());
  const unit = await run(user.installed.python, ['-W', 'error::ResourceWarning', '-m', 'unittest', 'discover', '-s', join(packageFolder, 'tests')], { env: { PYTHONPATH: user.installed.site } });
  assert.equal(unit.code, 0, unit.err);
  assert.match(unit.err, /Ran [1-9]\d+ tests/);

  const told = await user.tell('core_user.py', [], sayNo);
  const get = (name: string): string => JSON.stringify(told.get(name));
  assert.ok(get('where').includes(user.installed.site));
  assert.deepEqual(told.get('modules'), []);
  assert.equal(told.get('default socket'), sessionSocket(homeOf({ env: process.env, uid: process.getuid?.() ?? 0, userHome: homedir(), tmp: '/tmp', sha256 }), 'default'), 'where dewar up makes it');
  assert.deepEqual(told.get('backends'), ['simulator', 'practice-qpu']);
  const bell = told.get('bell') as Record<string, number>;
  assert.deepEqual(Object.keys(bell).toSorted(), ['00', '11']);
  assert.equal((bell['00'] ?? 0) + (bell['11'] ?? 0), 1000);
  assert.match(get('bell job'), /^\["bell","completed","Expectation\(value=1\.0, standard_error=0\.0\)",true,/);
  assert.deepEqual(told.get('asymmetric'), { '01': 5 }, 'qubit 0 is the rightmost bit');
  assert.deepEqual(told.get('check'), ['ask', '0.39 XTS', 'ask for shots: 100000']);
  assert.match(get('denied'), /"Denied".*denied by policy: shots\.limit: .*would pass: ask for shots: 100000/);
  assert.match(get('max_cost'), /"Denied"/);
  assert.match(get('unknown backend'), /"DewarError","text":"backend_unknown: /);
  assert.match(get('not a program'), /"DewarError","text":"program_[a-z]+: /);
  assert.match(get('failed'), /"(JobFailed|Denied)"/);
  assert.match(get('waiting'), /^\["waiting","hardware\.ask: practice-qpu costs at most 0\.39 XTS: a person decides"\]$/);
  assert.deepEqual(told.get('approved'), [100, '0.39 XTS', true]);
  assert.match(get('refused'), /"Denied".*denied by a person: not tonight/);
  assert.equal(told.get('jobs'), true);
  assert.deepEqual(told.get('budgets'), [['all/day/XTS', '50.00 XTS', '0.39 XTS', '49.61 XTS', false], ['all/job/XTS', '10.00 XTS', '0.00 XTS', '10.00 XTS', false]]);

  const turned = (theta: number) => ({ flip: true, theta });
  assert.deepEqual(told.get('sweep'), [2, [[turned(0), { 10: 50 }], [turned(Math.PI), { 11: 50 }]], 2, 'point,flip,theta,bits,count,probability']);
  assert.deepEqual(told.get('one point'), [{ flip: false, theta: 0 }]);
  assert.match(get('no such input'), /"DewarError","text":"parameters_invalid: .*\/parameters\/phi/);
  assert.match(get('no value'), /"Denied".*theta.*parameters/);
  assert.match(get('drawing'), /q0: ─H─●─M─/);
  assert.match(get('rendered'), /<pre .*q0: ─H─●─M─.*2 qubits, depth 3/);
  assert.deepEqual(told.get('steps'), [[true, true, 50], [true, true, 50]]);
  assert.deepEqual(told.get('left'), ['spent', 0]);
  assert.match(get('outside'), /^\["waiting",".*envelope\.outside/);
  assert.match(get('envelope refused'), /"Denied".*denied by a person: too many/);
  assert.match(get('needless'), /envelope_needless/);
  assert.deepEqual((told.get('envelopes') as string[]).toSorted(), ['denied', 'spent']);

  for (const [file, headings] of [['docs/python.md', { Submit: 1, 'Hardware asks a person': 2, 'When the answer is no': 1, Sweeps: 1, 'One yes for many jobs': 1 }], ['python/README.md', { dewar: 1 }]] as const) {
    for (const [heading, count] of Object.entries(headings)) assert.deepEqual([...(await user.tell('run_doc.py', [join(project, file), heading]))], [[heading, count]], 'the example runs as it stands');
  }
  if (unit.err.includes('skipped=')) t.skip('no openssl: all passed, but TLS was not tried');
});
