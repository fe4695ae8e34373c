// The verbs of the policy: real OPA on folders with good, bad and hostile files, and a stand-in broker for what it tells.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { refuse, type Answers } from '@dewar/client/test/fake-broker';
import { sampleDigest, sampleJobId, sampleStatus } from '@dewar/client/test/samples';
import { sha256 } from '@dewar/policy';
import { jsonDigest, type Decision, type ExplainAnswer, type Json, type JsonObject, type PastDecision, type PolicyView, type Reason } from '@dewar/protocol';
import { libraryFolder } from '../src/policy/library.ts';
import { fieldsReadBy, placeOf } from '../src/policy/rule-source.ts';
import { newHome, runCli, withFakes } from './run-cli.ts';

const shipped = join(libraryFolder, 'default');
const rules = readFileSync(join(shipped, 'quantum_policy.rego'), 'utf8');
const { bases, cases } = JSON.parse(readFileSync(join(shipped, 'cases.json'), 'utf8')) as { readonly bases: { readonly simulator: JsonObject }; readonly cases: readonly object[] };
const noEscapes = (text: string): void => assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{C}]/u);

const made: string[] = [];
after(() => { for (const folder of made) rmSync(folder, { recursive: true, force: true }); });

function folderOf(files: Readonly<Record<string, string | object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'dewar-policy-'));
  made.push(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  return folder;
}

const simple = '# Simulators only.\npackage quantum.workflow\n\ndefault allow := false\n\nallow if input.device.kind == "simulator"\n';

test('check tells file, line and column, shows the line with a caret, and escapes what a policy holds', async () => {
  const folder = folderOf({ 'a.rego': `package quantum.workflow\n\ndefault allow := false\n\nallow if {\n\tx := "é\u202e\u001b[2J"; x == input.backend; input.shotz > 5\n}\n` });
  const { code, stdout } = await runCli(['policy', 'check', folder], { home: newHome() });
  assert.equal(code, 1);
  noEscapes(stdout);
  const lines = stdout.split('\n');
  assert.match(lines[0] ?? '', /^a\.rego:6:\d+: undefined ref: input\.shotz$/);
  const at = lines.findIndex((line) => line.startsWith('    6 | '));
  assert.match(lines[at] ?? '', /^ {4}6 | {4}x := "é\\u\{202e\}\\u\{1b\}\[2J"/);
  assert.equal(lines[at + 1]?.indexOf('^'), lines[at]?.indexOf('input.shotz'));
  assert.match(stdout, /not a policy that can be loaded: 1 fault\n$/);
});

test("test tells each failing case and test with what was wanted and what came, and Dewar's own policy passes all of its own", async () => {
  const folder = folderOf({
    'a.rego': simple.replace('default allow := false\n\n', ''),
    'a_test.rego': 'package quantum.workflow_test\n\nimport data.quantum.workflow\n\ntest_qpu if {\n\tprint("\u001b[2J")\n\tworkflow.allow with input as {"device": {"kind": "qpu"}}\n}\n\ntodo_test_later if false\n',
    'cases.json': { bases, cases: [{ name: 'fine', base: 'simulator', effect: 'allow' }, { name: 'wrong \u001b[2J', base: 'simulator', effect: 'deny', rules: ['x.y'] }] },
  });
  const home = newHome();
  const { code, stdout } = await runCli(['policy', 'test', folder], { home });
  assert.equal(code, 1);
  noEscapes(stdout);
  assert.match(stdout, /warning: allow has no default/);
  assert.match(stdout, /case {6}wrong \\u\{1b\}\[2J\n {2}wanted {2}deny x\.y\n {2}got {5}allow policy\.allow\n/);
  assert.match(stdout, /test {6}data\.quantum\.workflow_test\.test_qpu {2}a_test\.rego:5\n/);
  assert.match(stdout, /\n2 cases, 2 tests \(1 skipped\): 2 fail\n$/);
  const own = await runCli(['policy', 'test', '--json'], { home });
  assert.equal(own.code, 0, own.stderr);
  const told = JSON.parse(own.stdout);
  assert.deepEqual([told.ok, told.folder, told.faults, told.cases], [true, shipped, [], { total: cases.length, failed: [] }]);
});

test('fmt writes only what changes, whole, with its comments and its mode; --check writes nothing', async () => {
  const home = newHome();
  const loose = '# Why.\npackage quantum.workflow\ndefault allow   := false # never\n';
  const folder = folderOf({ 'a.rego': loose, 'b.rego': simple, 'notes.txt': 'mine' });
  chmodSync(join(folder, 'a.rego'), 0o664);
  const before = statSync(join(folder, 'b.rego')).ino;
  const checked = await runCli(['policy', 'fmt', folder, '--check'], { home });
  assert.deepEqual([checked.code, checked.stdout], [1, 'a.rego\n']);
  assert.equal(readFileSync(join(folder, 'a.rego'), 'utf8'), loose);
  const written = await runCli(['policy', 'fmt', folder, '--json'], { home });
  assert.deepEqual([written.code, JSON.parse(written.stdout).changed], [0, ['a.rego']], written.stderr);
  assert.equal(readFileSync(join(folder, 'a.rego'), 'utf8'), '# Why.\npackage quantum.workflow\n\ndefault allow := false # never\n');
  assert.equal(statSync(join(folder, 'a.rego')).mode & 0o777, 0o664);
  assert.equal(statSync(join(folder, 'b.rego')).ino, before);
  assert.deepEqual(readdirSync(folder).toSorted(), ['a.rego', 'b.rego', 'notes.txt']);
  writeFileSync(join(folder, 'b.rego'), 'package \u001b[2J');
  const faulty = await runCli(['policy', 'fmt', folder], { home });
  assert.equal(faulty.code, 1);
  assert.match(faulty.stdout, /b\.rego:1:9: .*nothing was written\n$/s);
  noEscapes(faulty.stdout);
});

test('what is no policy is refused before OPA is asked: a link, a huge file, no Rego, no such path, a name that is two things', async () => {
  const home = newHome();
  const linked = folderOf({ 'a.rego': simple });
  symlinkSync('/etc/hostname', join(linked, 'b.rego'));
  const huge = folderOf({ 'a.rego': simple, 'data.json': '"'.padEnd(5_000_000, 'x') });
  const here = folderOf({});
  mkdirSync(join(here, 'default'));
  const refusals: [string[], number, RegExp][] = [
    [['check', linked], 1, /b\.rego: not a plain file/], [['fmt', linked], 1, /b\.rego: not a plain file/], [['test', huge], 1, /data\.json: 5000000 bytes/], [['fmt', here], 1, /there is no Rego file/],
    [['check', join(here, 'none')], 2, /there is no such policy/], [['check', '/dev/null'], 2, /not a policy/], [['check', join(shipped, 'cases.json')], 2, /not a policy/],
    [['diff', 'default'], 2, /both a policy of Dewar and a path here/], [['diff', 'nowhere'], 2, /no policy of that name/], [['use', '../default'], 2, /no policy of that name/], [['diff', './default'], 5, /no broker/],
  ];
  for (const [args, code, pattern] of refusals) {
    const ended = await runCli(['policy', ...args, '--json'], { home, cwd: here });
    assert.deepEqual([ended.code, ended.stdout], [code, ''], `${args.join(' ')}: ${ended.stderr}`);
    const { error } = JSON.parse(ended.stderr);
    assert.match(`${error.message} ${error.got}`, pattern, args.join(' '));
  }
});

const view = (change: Partial<PolicyView> = {}): PolicyView => ({
  digest: sampleDigest('e'), since: '2026-11-23T07:00:00.000Z', by: 'ada', folder: '/home/ada/.config/dewar/policy', modules: { 'quantum_policy.rego': simple }, data: { limits: { shots: 5 } }, problem: null, blind: null, ...change,
});

test('show tells what is in force, and says loudly that the files are not', async () => {
  await withFakes({ control: { 'GET /v1/policy': { policy: view() } } }, async ({ home }) => {
    const { code, stdout } = await runCli(['policy', 'show'], { home });
    assert.equal(code, 0);
    assert.match(stdout, /^Policy {4}sha256:e{64}\nSince {5}2026-11-23T07:00:00\.000Z\nBy {8}ada\nFolder .*\nFiles {5}quantum_policy\.rego {2}6 lines\nData\n {4}\{\n {6}"limits": \{\n {8}"shots": 5\n/);
    assert.deepEqual(JSON.parse((await runCli(['policy', 'show', '--json'], { home })).stdout), { policy: view() });
  });
  const hostile = view({ by: null, data: {}, modules: { 'a.rego': 'package \u001b[2J\n\tx\u202e\n' }, problem: { code: 'policy_invalid', message: 'the policy cannot be loaded', got: 'a.rego:1:1: \u001b[2J', fix: 'mend it' } });
  await withFakes({ control: { 'GET /v1/policy': { policy: hostile } } }, async ({ home }) => {
    const { stdout } = await runCli(['policy', 'show'], { home });
    assert.match(stdout, /^THE FILES AS THEY ARE NOW ARE NOT IN FORCE\nProblem {3}the policy cannot be loaded \(policy_invalid\)\n {10}a\.rego:1:1: \\u\{1b\}\[2J\n {10}fix: mend it\nIn force instead:\n/);
    assert.match(stdout, /By {8}nobody: as Dewar ships it/);
    const { stdout: source } = await runCli(['policy', 'show', '--source'], { home });
    assert.equal(source, '# a.rego\npackage \\u{1b}[2J\n    x\\u{202e}\n');
  });
});

test('list names the policies that come with Dewar, the default first', async () => {
  const { code, stdout } = await runCli(['policy', 'list', '--json'], { home: newHome() });
  assert.equal(code, 0);
  const { policies } = JSON.parse(stdout) as { readonly policies: readonly { readonly name: string; readonly about: string }[] };
  assert.equal(policies[0]?.name, 'default');
  for (const { about } of policies) assert.match(about, /\S/);
});

const sources = readdirSync(shipped).filter((name) => !/\.(?:wasm|bundle\.json)$/.test(name)).toSorted();

test('use puts a whole policy in place, and never loses an edit', async () => {
  const home = newHome();
  const folder = join(home, 'config', 'policy');
  const using = async (...more: string[]) => runCli(['policy', 'use', 'default', ...more, '--json'], { home });
  const first = JSON.parse((await using()).stdout);
  assert.deepEqual([first.written, first.kept, first.policy], [true, null, null]);
  assert.deepEqual(readdirSync(folder).toSorted(), sources);
  assert.equal(readFileSync(join(folder, 'quantum_policy.rego'), 'utf8'), rules);
  assert.equal(JSON.parse((await using()).stdout).written, false);
  // One that is as it came is not kept.
  for (const name of ['minimal', 'default']) {
    const other = JSON.parse((await runCli(['policy', 'use', name, '--json'], { home })).stdout);
    assert.deepEqual([other.name, other.written, other.kept], [name, true, null]);
  }
  for (const [file, text] of [['quantum_policy.rego', `${rules}# mine\n`], ['notes.txt', 'mine']] as const) {
    writeFileSync(join(folder, file), text);
    const refused = await using();
    assert.deepEqual([refused.code, JSON.parse(refused.stderr).error.code], [2, 'usage_invalid']);
    assert.equal(readFileSync(join(folder, file), 'utf8'), text);
    const { kept } = JSON.parse((await using('--force')).stdout);
    assert.equal(readFileSync(join(kept, file), 'utf8'), text);
    assert.deepEqual(readdirSync(folder).toSorted(), sources);
  }
  const left = readdirSync(join(home, 'config'));
  assert.equal(left.filter((name) => name.startsWith('policy.before-')).length, 2, left.join(' '));
  assert.equal(left.length, 3, left.join(' '));
});

test('use where the folder is a link moves the link aside, not what it leads to', async () => {
  const home = newHome();
  const dotfiles = folderOf({ 'a.rego': simple });
  mkdirSync(join(home, 'config'));
  symlinkSync(dotfiles, join(home, 'config', 'policy'));
  assert.equal((await runCli(['policy', 'use', 'default'], { home })).code, 2);
  assert.equal((await runCli(['policy', 'use', 'default', '--force'], { home })).code, 0);
  assert.deepEqual(readdirSync(dotfiles), ['a.rego']);
  assert.deepEqual(readdirSync(join(home, 'config', 'policy')).toSorted(), sources);
});

test('use with a broker has it read the files, and tells what is in force or why not', async () => {
  const problem = { code: 'policy_cases_failed', message: 'the policy fails its own cases', got: '\u001b[2J', fix: 'mend the rule' };
  const answers: Answers = {};
  await withFakes({ control: answers }, async ({ home, control }) => {
    const here = { ...sampleStatus, home: join(home, 'state') };
    Object.assign(answers, { 'GET /v1/status': here, 'POST /v1/policy/reload': { policy: view() } });
    const used = await runCli(['policy', 'use', 'default', '--json'], { home });
    assert.deepEqual([used.code, JSON.parse(used.stdout).policy], [0, view()], used.stderr);
    assert.ok(control.asked.some(({ method, url }) => method === 'POST' && url === '/v1/policy/reload'));
    answers['POST /v1/policy/reload'] = () => refuse(400, problem);
    const refused = await runCli(['policy', 'use', 'default'], { home });
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /fails its own cases \(policy_cases_failed\)\n {2}got {5}\\u\{1b\}/);
    answers['GET /v1/status'] = { ...here, home: '/another/state' };
    assert.match((await runCli(['policy', 'use', 'default'], { home })).stderr, /another home \(home_invalid\)/);
  });
});

const reason = (rule: string, change: Partial<Reason> = {}): Reason => ({ rule, effect: 'deny', message: `${rule} says no`, fix: null, ...change });
const decided = (input: Json, change: Partial<Decision> = {}): Decision => ({ effect: 'deny', reasons: [reason('shots.limit')], policy: sampleDigest('e'), input: jsonDigest(input, sha256), ...change });

function explained(change: Partial<ExplainAnswer> = {}): ExplainAnswer {
  const input = bases.simulator;
  return { job_id: sampleJobId, at: '2026-11-23T07:00:00.000Z', decision: decided(input), input, policy: { digest: sampleDigest('e'), modules: { 'quantum_policy.rego': rules }, data: {} }, again: decided(input), ...change };
}

test('explain tells where each rule stands, what it saw, and that it comes out the same again', async () => {
  const reasons = [reason('shots.limit'), reason('envelope.covers', { effect: 'ask', message: '\u001b[2J' }), reason('made.up')];
  const told = explained({ decision: decided(bases.simulator, { reasons }), again: decided(bases.simulator, { reasons: [reason('shots.limit'), reason('made.up')] }) });
  await withFakes({ control: { [`GET /v1/jobs/${sampleJobId}/explain`]: told } }, async ({ home }) => {
    const { code, stdout } = await runCli(['policy', 'explain', sampleJobId], { home });
    assert.equal(code, 0);
    noEscapes(stdout);
    const line = rules.split('\n').findIndex((text) => text.includes('"shots.limit"')) + 1;
    assert.match(stdout, new RegExp(`Reason {4}shots\\.limit \\(deny\\): .*\n {10}quantum_policy\\.rego:${line}\n`));
    assert.match(stdout, /envelope\.covers \(ask\): \\u\{1b\}\[2J\n {10}the broker's own, in no policy\n/);
    assert.match(stdout, /made\.up .*\n {10}not found word for word in its files/);
    assert.match(stdout, /\n {4}input\.shots: \d+\n/);
    assert.doesNotMatch(stdout, /analyser/);
    assert.match(stdout, /Again {5}decided again just now: the same\n$/);
    assert.match((await runCli(['policy', 'explain', sampleJobId, '--input'], { home })).stdout, /"analyser": /);
    const json = JSON.parse((await runCli(['policy', 'explain', sampleJobId, '--json'], { home })).stdout);
    assert.deepEqual([json.same, json.places], [true, [{ file: 'quantum_policy.rego', line }, null, null]]);
  });
});

const agains: [string, ExplainAnswer, number, RegExp][] = [
  ['another effect is not the same', explained({ again: decided(bases.simulator, { effect: 'ask', reasons: [reason('x.y', { effect: 'ask' })] }) }), 1, /NOT the\s+same, but ask \(x\.y/],
  ['another text is not the same', explained({ again: decided(bases.simulator, { reasons: [reason('shots.limit', { message: 'other' })] }) }), 1, /NOT the\s+same/],
  ['a policy that was not kept says nothing', explained({ policy: null, again: null }), 0, /the policy was not kept\n(?:.|\n)*not decided again/],
  ['an input that was not kept says nothing', explained({ input: null, again: null }), 0, /it was not kept\nAgain {5}not decided again/],
  ['an input of another release says nothing', explained({ input: { version: 1 } }), 0, /not decided again: its input is of another release/],
];
for (const [name, answer, code, pattern] of agains) {
  test(`explain: ${name}`, async () => {
    await withFakes({ control: { [`GET /v1/jobs/${sampleJobId}/explain`]: answer } }, async ({ home }) => {
      const ended = await runCli(['policy', 'explain', sampleJobId], { home });
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stdout, pattern);
    });
  });
}

test("a rule's place is its first string, not a comment; the fields are those that it and the rules it uses read", () => {
  const modules = { 'a.rego': 'package x\n\n# "some.rule" is below\nsmall if input.shots < 5\n\nother if input.backend == "x"\n\nreasons contains r if {\n\tnot small\n\tmessage := "no other"\n\tinput["max_cost"] > 3\n\tr := {"rule": "some.rule"}\n}\n' };
  assert.deepEqual(placeOf(modules, 'some.rule'), { file: 'a.rego', line: 12 });
  assert.equal(placeOf(modules, 'some'), undefined);
  assert.deepEqual(fieldsReadBy(modules, ['some.rule']).map((path) => path.join('.')).toSorted(), ['max_cost', 'shots']);
  assert.deepEqual(fieldsReadBy(modules, ['no.rule']), []);
});

const jobs = 2300;
/** Newest first: most were allowed, every tenth denied, one with an input that was not kept. */
const history: readonly PastDecision[] = Array.from({ length: jobs }, (_, place): PastDecision => {
  const input: Json = { ...bases.simulator, shots: 1 + place, shots_per_point: 1 + place };
  const effect = place % 10 === 0 ? 'deny' : 'allow';
  const decision = decided(input, { effect, reasons: [reason(effect === 'deny' ? 'some.rule' : 'policy.allow', { effect })] });
  return { job_id: `job_01k9${String(99_999_999 - place).padStart(16, '0')}`, at: '2026-11-23T07:00:00.000Z', decision, input: place === 5 ? null : input };
});
const past: Answers = {
  'GET /v1/policy': { policy: view() },
  'GET /v1/policy/decisions': ({ url }) => {
    const query = new URL(url, 'http://dewar').searchParams;
    const before = query.get('before');
    const limit = Number(query.get('limit'));
    const decisions = history.filter(({ job_id }) => before === null || job_id < before).slice(0, limit);
    return { decisions, next: decisions.length < limit ? null : decisions.at(-1)?.job_id };
  },
};

test('diff decides thousands of past jobs again, page by page, and tells what changes', async () => {
  const stricter = folderOf({ 'a.rego': `${simple.replace('== "simulator"', '== "simulator"\n')}\nask if input.shots > 2000\n\ndefault ask := false\n` });
  await withFakes({ control: past }, async ({ home, control }) => {
    const ended = await runCli(['policy', 'diff', stricter, '--last', '100000', '--show', '2', '--exit-code'], { home });
    assert.equal(ended.code, 1, ended.stderr);
    // Of the 300 above 2,000 shots 30 were denied; of the others 200, and one was not kept.
    assert.match(ended.stdout, /^2300 decisions, the newest first:\n +1799 {2}the same\n +270 {2}allow → ask\n +200 {2}deny → allow\n +30 {2}deny → ask\n +1 {2}cannot be decided again: its input was not kept\n/);
    assert.match(ended.stdout, /\njob_01k90000000099999999 {2}deny → allow\n {10}policy\.allow: the policy allows this job\n(?:.*\n){2}… 498 more: --show N\n$/);
    assert.deepEqual(control.asked.map(({ url }) => url).filter((url) => url.includes('decisions')).length, 5);
  });
});

test('diff asks for smaller pages where one is too large, goes no further than --last, and Ctrl-C tells what was seen', async () => {
  const folder = folderOf({ 'a.rego': simple });
  let kill: (signal: NodeJS.Signals) => void = () => assert.fail('nothing runs');
  const decisions = past['GET /v1/policy/decisions'] as (asked: { url: string }) => object;
  const hanging: Answers = { ...past, 'GET /v1/policy/decisions': (asked) => {
    if (Number(/limit=(\d+)/.exec(asked.url)?.[1]) > 150) return refuse(413, { code: 'body_too_large', message: 'too large' });
    return asked.url.includes('before') ? void setTimeout(() => kill('SIGINT'), 1000) : decisions(asked);
  } };
  await withFakes({ control: hanging }, async ({ home, control }) => {
    const ended = await runCli(['policy', 'diff', folder, '--last', '200', '--json'], { home, onSpawn: (send) => { kill = send; } });
    assert.equal(ended.code, 130, ended.stderr);
    const { seen, same, effects, undecided, interrupted } = JSON.parse(ended.stdout);
    assert.equal(interrupted, true);
    // The first page, unless the machine is so busy that it was not decided yet.
    assert.ok(seen === 0 || seen === 100, String(seen));
    assert.deepEqual({ effects, same, not_kept: undecided.not_kept }, seen === 0 ? { effects: [], same: 0, not_kept: 0 } : { effects: [{ before: 'deny', after: 'allow', count: 10 }], same: 89, not_kept: 1 });
    assert.match(control.asked.at(-1)?.url ?? '', /limit=100&before=job_/);
  });
});

test('diff refuses a policy that fails its own cases, and asks for no past decision', async () => {
  const folder = folderOf({ 'a.rego': simple, 'cases.json': { bases, cases: [{ name: '\u001b[2J', base: 'simulator', effect: 'deny' }] } });
  await withFakes({ control: past }, async ({ home, control }) => {
    const ended = await runCli(['policy', 'diff', folder], { home });
    assert.deepEqual([ended.code, ended.stdout], [1, '']);
    assert.match(ended.stderr, /case {6}\\u\{1b\}\[2J\n {2}wanted {2}deny\n {2}got {5}allow\n1 case, 0 tests: 1 fails\nerror: the policy fails its own cases \(policy_cases_failed\)/);
    assert.equal(control.asked.some(({ url }) => url.includes('decisions')), false);
    assert.equal(existsSync(join(home, 'config')), false);
  });
});
