// The OpenAPI document, read by tools that others wrote: one says whether it is valid, one tries the live broker against every word of it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { at, call, errorOf, TestHome, textAt } from '../e2e/broker-process.ts';
import { pythonOrWhyNot, run } from './environment.ts';
import { openDoorOf, type OpenDoor } from './open-door.ts';

const { python, skip } = await pythonOrWhyNot('http');
const published = fileURLToPath(new URL('../../docs/spec/openapi.json', import.meta.url));
const home = new TestHome();
let door: OpenDoor;
let job = '';

before(async () => {
  home.takesAnyNumber();
  door = await openDoorOf(home);
  const submitted = await call(home.session(), 'POST', '/v1/jobs', { job_name: 'done', code_blob: door.digest, backend: 'simulator' });
  job = textAt(submitted.json, 'job', 'job_id');
  assert.equal(at((await call(home.session(), 'GET', `/v1/jobs/${job}/wait?timeout_s=60`)).json, 'job', 'status'), 'completed');
});
after(() => home.close());

test('what the broker serves is what is published, and a validator takes it for OpenAPI 3.1', { skip }, async () => {
  assert.deepEqual((await call(home.session(), 'GET', '/v1/openapi.json')).json, JSON.parse(readFileSync(published, 'utf8')));
  const ended = await run(python, ['-m', 'openapi_spec_validator', '--schema', '3.1', published]);
  assert.equal(ended.code, 0, ended.out + ended.err);
});

/** Property-based requests, good and bad, each answer checked against the document. */
async function trial(config: string, seconds: number, ...args: readonly string[]): Promise<string> {
  const file = join(home.folder, 'schemathesis.toml');
  writeFileSync(file, `${config}
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 429]

# What passes its schema may still name a program of another format, have lists of unlike lengths, or a minimum above its maximum.
[[operations]]
include-name = ["POST /submit", "POST /v1/jobs", "POST /v1/envelopes"]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409, 429]
`);
  const ended = await run(python, [
    '-m', 'schemathesis.cli', '--config-file', file, 'run', `${door.url}/v1/openapi.json`, '--url', door.url, '--header', `Authorization: Bearer ${door.token}`, '--tls-verify', door.certificateFile,
    '--max-time', String(seconds), '--seed', '1', '--request-timeout', '130', '--max-response-time', '125', '--continue-on-failure', '--warnings', 'off', '--checks', 'all', ...args,
  ], { cwd: home.folder, env: { REQUESTS_CA_BUNDLE: door.certificateFile }, seconds: 400 });
  assert.equal(ended.code, 0, ended.out.slice(-20_000) + ended.err);
  return ended.out;
}

test('schemathesis finds no answer that the document does not tell of, no fault, and nothing bad that is taken', { skip }, async () => {
  const out = await trial('', 45);
  assert.match(out, /[1-9]\d{2,} generated, [1-9]\d+ passed/);
});

test('the same about a job that has results, a receipt and logs', { skip }, async () => {
  const out = await trial(`[parameters]\n"path.id" = "${job}"\n`, 20, '--include-path-regex', '^/v1/jobs/\\{id\\}', '--phases', 'coverage,fuzzing');
  assert.match(out, /[1-9]\d+ generated/);
});

test('after all of that the broker answers, its journal verifies, and the other session has no job', async () => {
  assert.deepEqual(at((await call(home.control, 'GET', '/v1/journal/verify')).json, 'problems'), []);
  assert.equal((await call(home.control, 'GET', '/v1/status')).status, 200);
  assert.equal(errorOf(await call(home.session(), 'GET', '/v1/nothing')).code, 'not_found');
});
