// Job ids as people type them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DewarError, type JobId } from '@dewar/protocol';
import { sampleJob } from '@dewar/client/test/samples';
import { resolveJob } from '../src/job-ref.ts';

const id = (end: string): JobId => `job_01k9${end.padStart(16, '0')}`;
const list = (...ids: JobId[]) => async (limit: number) => ids.slice(0, limit).map((job_id) => sampleJob({ job_id }));
const code = (wanted: string) => (error: unknown) => error instanceof DewarError && error.code === wanted;

test('a whole id is taken as it is, without asking', async () => {
  assert.equal(await resolveJob(id('1'), async () => { throw new Error('asked'); }), id('1'));
});
test('last is the newest', async () => assert.equal(await resolveJob('last', list(id('2'), id('1'))), id('2')));
test('last of nothing is not_found', async () => assert.rejects(resolveJob('last', list()), code('not_found')));
test('a beginning finds its only job, with or without job_', async () => {
  for (const ref of ['01k9', 'job_01k9', id('1').slice(0, 23)]) assert.equal(await resolveJob(ref, list(id('1'), 'job_0zzz0000000000000000')), id('1'));
});
test('a beginning of no job is not_found', async () => assert.rejects(resolveJob('0zzz', list(id('1'))), code('not_found')));
test('a beginning of several jobs is refused with their ids', async () => {
  await assert.rejects(resolveJob('01k9', list(id('2'), id('1'))), (error) => code('usage_invalid')(error) && error instanceof DewarError && error.allowed === `${id('2')}, ${id('1')}`);
});
for (const ref of ['', '../x', 'job_', 'LAST', 'job_01k9/../', '\u001b', 'a'.repeat(40)]) {
  test(`${JSON.stringify(ref)} is no job id`, async () => assert.rejects(resolveJob(ref, list(id('1'))), code('usage_invalid')));
}
