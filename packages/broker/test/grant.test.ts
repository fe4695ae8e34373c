// Grants and the check before them: a token is good once, and nothing that was changed after the yes is run.
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, DewarError, hex, type Json } from '@dewar/protocol';
import { GrantDesk, mint, tokenHash } from '../src/core/grant.ts';
import { jobJson, type Job, type Queued } from '../src/core/job.ts';
import { completed, refusalAtGrant, rig, sha256, type Rig } from './fixture.ts';

const random = { bytes: (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count)) };
const invalid = (error: unknown): boolean => error instanceof DewarError && error.code === 'grant_invalid';

/** An approved job that waits behind another, so that there is time between the yes and the grant. */
async function approved(): Promise<{ readonly r: Rig; readonly queued: Queued; readonly go: () => void }> {
  const r = await rig();
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  r.qpu.behave = async (order) => {
    await held;
    return completed(order.shots);
  };
  const first = await r.submit();
  await r.approve(first);
  await r.until(first.id, 'running');
  const queued = await r.approve(await r.submit({ tags: ['a'], agent: { name: 'x' }, max_cost: 5, time_limit_s: 30, image: 'q:1', data: [r.code] }));
  if (queued.phase !== 'queued') assert.fail(queued.phase);
  return { r, queued, go };
}

test('a token is 256 bits that are stored nowhere, and its grant names one device, one provider job and an end', async () => {
  const { r, queued } = await approved();
  const { token, grant } = mint(queued, 0, random, sha256);
  assert.match(token, /^dewar_grant_[0-9a-f]{64}$/);
  assert.ok(!JSON.stringify(grant).includes(token.slice('dewar_grant_'.length)));
  assert.equal(grant.token_sha256, hex(sha256(new TextEncoder().encode(token))));
  assert.deepEqual([grant.provider_jobs, grant.device, grant.shots, grant.expires], [1, 'practice-qpu', 1024, new Date(630_000).toISOString()]);
  r.close();
});

test('a token is spent by its first use, by any use of another for the same grant, by time, and by being taken back', async () => {
  const { r, queued } = await approved();
  const desk = new GrantDesk();
  const issue = (): ReturnType<typeof mint> => {
    const minted = mint(queued, 1000, random, sha256);
    desk.issue(minted);
    assert.equal(desk.tokenOf(minted.grant), minted.token);
    return minted;
  };
  const once = issue();
  desk.redeem(once.token, once.grant, 1000, sha256);
  assert.equal(desk.tokenOf(once.grant), null);
  assert.throws(() => desk.redeem(once.token, once.grant, 1000, sha256), invalid);
  const guessed = issue();
  assert.throws(() => desk.redeem(`dewar_grant_${'0'.repeat(64)}`, guessed.grant, 1000, sha256), invalid);
  assert.throws(() => desk.redeem(guessed.token, guessed.grant, 1000, sha256), invalid, 'a wrong guess ends the grant');
  const [one, other] = [issue(), issue()];
  assert.throws(() => desk.redeem(one.token, other.grant, 1000, sha256), invalid, 'another job\'s token');
  const late = issue();
  assert.throws(() => desk.redeem(late.token, late.grant, Date.parse(late.grant.expires), sha256), invalid);
  const revoked = issue();
  desk.revoke(revoked.grant);
  assert.throws(() => desk.redeem(revoked.token, revoked.grant, 1000, sha256), invalid);
  assert.throws(() => desk.redeem(revoked.grant.token_sha256, revoked.grant, 1000, sha256), invalid, 'what is on disk is no token');
  assert.notEqual(tokenHash('a', sha256), tokenHash('b', sha256));
  r.close();
});

/** Every path to a value inside, with the values there. */
function leaves(value: Json, path: readonly string[] = []): { readonly path: readonly string[]; readonly value: Json }[] {
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

function changed(value: Json): Json {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (value === null) return 'x';
  if (typeof value !== 'string') return null;
  return value.endsWith('1') ? `${value.slice(0, -1)}2` : `${value.slice(0, -1)}1`;
}

function put(value: Json, [key, ...rest]: readonly string[], to: Json | undefined): Json {
  if (key === undefined) return to ?? null;
  if (Array.isArray(value)) return value.flatMap((one: Json, index) => (String(index) !== key ? [one] : rest.length === 0 && to === undefined ? [] : [put(one, rest, to)]));
  const copy: Record<string, Json> = { ...(value as object) };
  if (rest.length === 0 && to === undefined) delete copy[key];
  else copy[key] = put(copy[key] ?? null, rest, to);
  return copy;
}

test('every field of an approved job that is changed on disk stops it: nothing reaches the device, and verify names the job', async () => {
  const { r, queued, go } = await approved();
  const db = new DatabaseSync(join(r.folder, 'journal.db'));
  const write = (data: Json): void => void db.prepare('UPDATE jobs SET data = ? WHERE id = ?').run(canonicalJson(data), queued.id);
  const original = jobJson(queued);
  const paths = leaves(original);
  assert.ok(paths.length > 70, String(paths.length));
  for (const { path, value } of paths) {
    for (const to of [changed(value), undefined]) {
      write(put(original, path, to));
      await assert.rejects(r.store.view.job(queued.id), (error) => error instanceof DewarError && error.code === 'journal_invalid', path.join('.'));
      assert.ok((await r.store.verify()).problems.some((problem) => problem.includes(queued.id)), path.join('.'));
    }
  }
  // One of them is left there while the job's turn comes.
  write(put(original, ['resolved', 'shots'], 10_000));
  go();
  for (let tries = 0; r.errors.length === 0 && tries < 500; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 5); });
  assert.ok(r.errors.every((error) => error instanceof DewarError && error.code === 'journal_invalid'), String(r.errors));
  assert.equal(r.qpu.submits.filter((key) => key.startsWith(queued.id)).length, 0);
  // Put right again, it goes on.
  write(original);
  r.clock.advance(120_000);
  await r.until(queued.id, 'ended');
  assert.deepEqual((await r.store.verify()).problems, []);
  db.close();
  r.close();
});

test('even a record that nobody checked is refused at the grant when spec, resolved job or yes were changed', async () => {
  const { r, queued } = await approved();
  const { parts } = r;
  const mutable = leaves(jobJson(queued)).filter(({ path: [top] }) => top === 'spec' || top === 'resolved');
  assert.equal(await refusalAtGrant(parts, queued), null);
  await fc.assert(fc.asyncProperty(fc.constantFrom(...mutable), fc.jsonValue(), async ({ path, value }, other) => {
    const to = other as Json;
    fc.pre(canonicalJson(to) !== canonicalJson(value));
    const job = put(jobJson(queued), path, to) as unknown as Queued;
    const refused = await refusalAtGrant(parts, job).catch((error: unknown) => error);
    assert.ok(refused !== null, `${path.join('.')} as ${canonicalJson(to)}`);
  }), { numRuns: 400 });
  for (const approval of [null, { ...queued.approval, resolved_digest: `sha256:${'0'.repeat(64)}` }]) assert.notEqual(await refusalAtGrant(parts, { ...queued, approval } as Queued), null);
  r.close();
});

test('a yes is for one job: replayed, stale, or for a job submitted anew it is refused', async () => {
  const r = await rig();
  const first = await r.submit();
  if (first.phase !== 'waiting') assert.fail();
  const shown = { resolved_digest: first.resolved_digest, nonce: first.nonce };
  await r.corridor.cancel(first.id, 'session');
  const again: Job = await r.submit();
  if (again.phase !== 'waiting') assert.fail();
  assert.equal(again.resolved_digest, first.resolved_digest, 'the same job, asked again');
  await assert.rejects(r.corridor.approve(again.id, shown), (error) => error instanceof DewarError && error.code === 'approval_stale');
  await assert.rejects(r.corridor.approve(first.id, shown), (error) => error instanceof DewarError && error.code === 'not_waiting');
  await r.approve(again);
  await assert.rejects(r.corridor.approve(again.id, { resolved_digest: again.resolved_digest, nonce: again.nonce }), (error) => error instanceof DewarError && error.code === 'not_waiting');
  await r.until(again.id, 'ended');
  assert.equal(r.qpu.submits.length, 1);
  r.close();
});
