// The policy in force, on real files, a real store and the real OPA: a save counts at once, and what is not sound leaves the one before in force.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArtifactFiles } from '../src/adapters/artifact-files.ts';
import { PolicyInForce, type PolicyParts } from '../src/adapters/policy-in-force.ts';
import { SqliteStore } from '../src/adapters/sqlite/store.ts';
import { systemClock } from '../src/adapters/system.ts';
import { explain } from '../src/core/explain.ts';
import { checkpointSigner, policiesOf, refusesWith, rig, sha256, withRig } from './fixture.ts';

const shipped = fileURLToPath(new URL('../../../policies/default/quantum_policy.bundle.json', import.meta.url));
const allows = (condition: string): string => `package quantum.workflow\n\ndefault allow := false\n\nallow if ${condition}\n`;
const simulators = allows('input.backend == "simulator"');
const nothing = allows('input.backend == "nowhere"');

interface Home {
  readonly folder: string;
  readonly errors: unknown[];
  readonly store: () => SqliteStore;
  save(files: Readonly<Record<string, string>>): void;
  open(): Promise<PolicyInForce>;
  /** As a crash or a stop leaves it. */
  restart(): Promise<void>;
}

async function inHome(use: (home: Home) => Promise<void>): Promise<void> {
  const top = mkdtempSync(join(tmpdir(), 'dewar-policy-'));
  const folder = join(top, 'config/policy');
  mkdirSync(join(top, 'config'));
  const errors: unknown[] = [];
  const start = (): SqliteStore => new SqliteStore({ file: join(top, 'journal.db'), clock: systemClock, random: { bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) }, sha256, signer: checkpointSigner, onFatal: (error) => errors.push(error) });
  let store = start();
  const opened: PolicyInForce[] = [];
  try {
    await use({
      folder, errors, store: () => store,
      save: (files) => {
        mkdirSync(folder, { recursive: true });
        for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      },
      open: async () => {
        const parts: PolicyParts = { store, artifacts: new ArtifactFiles(join(top, 'artifacts'), sha256), clock: systemClock, sha256, folder, shipped, owner: 'ada', report: (error) => errors.push(error) };
        const policy = await PolicyInForce.open(parts);
        opened.push(policy);
        return policy;
      },
      restart: async () => {
        await store.close();
        store = start();
      },
    });
    assert.deepEqual((await store.verify()).problems, []);
  } finally {
    for (const policy of opened) policy.close();
    await store.close();
    rmSync(top, { recursive: true, force: true });
  }
}

test('without files the shipped policy is in force, loaded once and kept; files come in, and a fault leaves them in force', () => inHome(async (home) => {
  const first = await home.open();
  assert.deepEqual([first.view.by, first.view.problem, Object.keys(first.view.modules)], [null, null, ['quantum_policy.rego']]);
  const again = await home.open();
  assert.deepEqual([again.view.digest, again.view.since], [first.view.digest, first.view.since]);

  home.save({ 'mine.rego': simulators });
  const mine = await again.reload();
  assert.notEqual(mine.digest, first.view.digest);
  assert.deepEqual([mine.by, mine.modules], ['ada', { 'mine.rego': simulators }]);

  home.save({ 'mine.rego': 'package quantum.workflow\n\nallow if {\n' });
  await assert.rejects(again.reload(), refusesWith('policy_invalid'));
  assert.deepEqual([again.view.digest, again.view.problem?.code], [mine.digest, 'policy_invalid']);
  await assert.rejects(again.reload(), refusesWith('policy_invalid'));

  home.save({ 'mine.rego': simulators });
  assert.deepEqual([(await again.reload()).digest, again.view.problem, again.view.since], [mine.digest, null, mine.since]);
  const types = home.store();
  assert.deepEqual((await types.view.setting('policy'))?.includes(mine.digest), true);
}));

test('a policy that uses what the engine lacks, or fails its own cases or tests, is not loaded', () => inHome(async (home) => {
  home.save({ 'mine.rego': simulators });
  const policy = await home.open();
  const { digest } = policy.view;
  for (const [files, code] of [
    [{ 'mine.rego': allows('time.now_ns() > 0') }, 'policy_invalid'],
    [{ 'mine.rego': allows('http.send({"method": "get", "url": "http://127.0.0.1"}).status_code == 200') }, 'policy_invalid'],
    [{ 'mine.rego': allows('input.shotz == 1') }, 'policy_invalid'],
    [{ 'mine.rego': allows('input.max_cost <= 10') }, 'policy_invalid'],
    [{ 'mine.rego': simulators.replace('quantum.workflow', 'other') }, 'policy_invalid'],
    [{ 'mine.rego': simulators, 'mine_test.rego': 'package quantum.workflow_test\n\nimport data.quantum.workflow\n\ntest_never if workflow.allow with input as {"backend": "nowhere"}\n' }, 'policy_cases_failed'],
    [{ 'mine.rego': simulators, 'mine_test.rego': 'package quantum.workflow_test\n\ntest_fine if 1 == 1\n', 'cases.json': JSON.stringify({ bases: { a: {} }, cases: [{ name: 'one', base: 'a', set: {}, effect: 'allow' }] }) }, 'policy_invalid'],
    [{ 'data.json': '{"quantum": {}}', 'cases.json': '{"bases": {}, "cases": []}' }, 'policy_invalid'],
  ] as const) {
    home.save(files);
    await assert.rejects(policy.reload(), refusesWith(code), JSON.stringify(files));
    assert.equal(policy.view.digest, digest);
  }
}));

test('after a restart the policy that was in force is, compiled or not, whatever became of its files; a first start with unsound files does not start', () => inHome(async (home) => {
  home.save({ 'mine.rego': 'package quantum.workflow\n\nallow if {\n' });
  await assert.rejects(home.open(), refusesWith('policy_invalid'));
  home.save({ 'mine.rego': nothing });
  const { digest, since } = (await home.open()).view;
  await home.restart();
  assert.deepEqual((({ view }) => [view.digest, view.since, view.problem])(await home.open()), [digest, since, null]);
  home.save({ 'mine.rego': 'broken' });
  await home.restart();
  assert.deepEqual((({ view }) => [view.digest, view.problem?.code])(await home.open()), [digest, 'policy_invalid']);
  rmSync(home.folder, { recursive: true });
  await home.restart();
  const gone = await home.open();
  assert.deepEqual([gone.view.digest, gone.view.problem?.message], [digest, "the policy's folder is gone: the policy that was made from it stays in force"]);
  home.save({ 'mine.rego': simulators });
  await home.restart();
  const changed = await home.open();
  assert.notEqual(changed.view.digest, digest);
  assert.equal((await changed.past(digest))?.bundle.modules['mine.rego'], nothing);
  assert.equal(await changed.past(`sha256:${'0'.repeat(64)}`), null);
}));

test('a save is noticed by itself: a file, a new folder in place of the old, and a folder where there was none', () => inHome(async (home) => {
  const policy = await home.open();
  policy.watch();
  const until = async (done: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 400 && !done(); tries += 1) await sleep(25);
    assert.ok(done(), JSON.stringify(policy.view.problem));
  };
  home.save({ 'mine.rego': simulators });
  await until(() => policy.view.modules['mine.rego'] === simulators);
  writeFileSync(join(home.folder, 'next'), nothing);
  renameSync(join(home.folder, 'next'), join(home.folder, 'mine.rego'));
  await until(() => policy.view.modules['mine.rego'] === nothing);
  mkdirSync(`${home.folder}.next`);
  writeFileSync(join(`${home.folder}.next`, 'mine.rego'), simulators);
  renameSync(home.folder, `${home.folder}.before`);
  renameSync(`${home.folder}.next`, home.folder);
  await until(() => policy.view.modules['mine.rego'] === simulators);
  writeFileSync(join(home.folder, 'mine.rego'), 'broken');
  await until(() => policy.view.problem !== null);
  assert.equal(policy.view.modules['mine.rego'], simulators);
}));

test('what an editor leaves beside the files is not looked at; a folder that cannot be read is told, once, and ends nothing', () => inHome(async (home) => {
  home.save({ 'mine.rego': simulators });
  const { digest } = (await home.open()).view;
  symlinkSync('ada@host.1', join(home.folder, '.#mine.rego'));
  assert.deepEqual((({ view }) => [view.digest, view.problem])(await home.open()), [digest, null]);
  symlinkSync('/etc/passwd', join(home.folder, 'other.rego'));
  await home.restart();
  const told = await home.open();
  assert.deepEqual([told.view.digest, told.view.problem?.code], [digest, 'policy_invalid']);
  await assert.rejects(told.reload(), refusesWith('policy_invalid'));
  rmSync(home.folder, { recursive: true });
  symlinkSync('/nowhere', home.folder);
  await assert.rejects(told.reload(), refusesWith('policy_invalid'));
  assert.equal(told.view.digest, digest);
}));

test('a first start beside a folder that leads nowhere does not fall back to what is shipped', () => inHome(async (home) => {
  symlinkSync('/nowhere', home.folder);
  await assert.rejects(home.open(), refusesWith('policy_invalid'));
}));

test('a link in the folder is not followed', () => inHome(async (home) => {
  home.save({ 'mine.rego': simulators });
  const policy = await home.open();
  symlinkSync('/etc/passwd', join(home.folder, 'other.rego'));
  await assert.rejects(policy.reload(), refusesWith('policy_invalid'));
}));

test('between assessment and decision another policy: the submit is decided by the new one alone; a yes to a question under another is refused', withRig(async (r) => {
  const { policy } = r.parts;
  const other = { ...policy, digest: r.code, evaluate: policy.evaluate.bind(policy) };
  const { commit } = r.store;
  let swapped = 0;
  r.store.commit = (work) => {
    if (swapped === 0) Object.assign(r.parts, { policy: other });
    swapped += 1;
    return commit.call(r.store, work) as ReturnType<typeof commit<never>>;
  };
  const job = await r.submit();
  assert.deepEqual([job.decision.policy, job.resolved.policy], [r.code, r.code]);
  Object.assign(r.parts, { policy });
  await assert.rejects(r.approve(job), refusesWith('approval_stale'));
  Object.assign(r.parts, { policy: other });
  await r.approve(job);
  await r.until(job.id, 'ended');
}));

test('a job is explained: decision, kept input, and the same policy that says the same again; a change of the input is seen', async () => {
  const r = await rig();
  try {
    r.clock.advance(1);
    const job = await r.submit();
    const parts = { store: r.store, policies: policiesOf(r), sha256 };
    const explained = await explain(parts, job.id);
    assert.deepEqual(explained.again, job.decision);
    assert.equal((explained.input as { version?: number } | null)?.version, 2);
    const [latest, first] = await r.store.view.pastDecisions(10, null);
    assert.deepEqual([latest?.job_id, latest?.decision, first?.decision.effect], [job.id, job.decision, 'allow']);
    assert.deepEqual((await r.store.view.pastDecisions(10, job.id)).map(({ decision }) => decision.effect), ['allow']);
    await assert.rejects(explain(parts, 'job_00000000000000000000'), refusesWith('not_found'));
  } finally {
    r.close();
  }
});
