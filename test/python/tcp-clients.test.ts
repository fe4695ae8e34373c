// Clients as people have them, unmodified, through the TCP door: Python's requests, the example script and curl.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestHome } from '../e2e/broker-process.ts';
import { pythonOrWhyNot, run, type Ended } from './environment.ts';
import { bellFile, openDoorOf, type OpenDoor } from './open-door.ts';

const { python, skip } = await pythonOrWhyNot('http');
const home = new TestHome();
let door: OpenDoor;

before(async () => {
  door = await openDoorOf(home);
});
after(() => home.close());

const script = (text: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> => run(python, ['-c', text], { env });

test('requests.post of a job spec with the token in the address, and nothing else changed, submits', { skip }, async () => {
  const at = door.url.replace('https://', `https://dewar:${door.token}@`);
  const ended = await script(`
import requests
r = requests.post('${at}/submit', json={'job_name': 'test', 'backend': 'simulator', 'code_blob': '${door.digest}'})
print(r.status_code, r.json()['status'])
job = r.json()['job_id']
print(requests.get('${at}/v1/jobs/' + job + '/wait', params={'timeout_s': 60}).json()['job']['status'])
print(sum(requests.get('${at}/v1/jobs/' + job + '/results').json()['results']['counts'].values()))
print(requests.put('${at}/v1/artifacts', data=b'x' * 2000000, headers={'content-type': 'application/octet-stream'}).status_code)
`, { REQUESTS_CA_BUNDLE: door.certificateFile });
  assert.match(ended.out, /^201 (queued|running|completed)\ncompleted\n1024\n201\n$/, ended.err);
});

test('requests sees a typed refusal without a token, also with a body under way, and trusts the door only by its own certificate', { skip }, async () => {
  const ended = await script(`
import requests
for body in (b'x', b'x' * 60000):
    r = requests.put('${door.url}/v1/artifacts', data=body, headers={'content-type': 'application/octet-stream'})
    print(r.status_code, r.json()['error']['code'])
r = requests.post('${door.url}/submit', json={}, headers={'Authorization': 'Bearer ${door.token}', 'Origin': 'https://evil.example'})
print(r.status_code, r.json()['error']['code'])
try:
    requests.get('${door.url}/v1', verify=True, headers={'Authorization': 'Bearer ${door.token}'}, proxies={})
    print('trusted')
except requests.exceptions.SSLError:
    print('not trusted')
`.replace("verify=True", "verify=__import__('certifi').where()"), { REQUESTS_CA_BUNDLE: door.certificateFile });
  assert.equal(ended.out, '401 token_refused\n401 token_refused\n403 origin_refused\nnot trusted\n', ended.err);
});

test('the example script reaches results with the three lines that `dewar session token` prints, and never shows the token', { skip: spawnSync('/usr/bin/python3', ['--version']).status === 0 ? false : 'no /usr/bin/python3' }, async () => {
  const example = fileURLToPath(new URL('../../examples/agent_create_job.py', import.meta.url));
  const spec = join(home.folder, 'spec.json');
  writeFileSync(spec, '{"job_name": "bell", "backend": "simulator", "shots": 100}');
  const args = [example, '--spec', spec, '--circuit', fileURLToPath(bellFile), '--wait'];
  const good = await run('/usr/bin/python3', args, { env: { IBM_QISKIT_BROKER_URL: door.url, DEWAR_TOKEN: door.token, REQUESTS_CA_BUNDLE: door.certificateFile } });
  assert.equal(good.code, 0, good.err);
  assert.match(good.out, /"counts"/);
  const inUrl = await run('/usr/bin/python3', args, { env: { IBM_QISKIT_BROKER_URL: door.url.replace('https://', `https://x:${door.token}@`), REQUESTS_CA_BUNDLE: door.certificateFile } });
  assert.equal(inUrl.code, 0, inUrl.err);
  const untrusted = await run('/usr/bin/python3', args, { env: { IBM_QISKIT_BROKER_URL: door.url.replace('https://', `https://x:${door.token}@`), REQUESTS_CA_BUNDLE: '' } });
  assert.equal(untrusted.code, 1);
  const refused = await run('/usr/bin/python3', args, { env: { IBM_QISKIT_BROKER_URL: door.url, DEWAR_TOKEN: 'wrong', REQUESTS_CA_BUNDLE: door.certificateFile } });
  assert.match(refused.err, /^error token_refused/);
  const missing = await run('/usr/bin/python3', args, { env: { IBM_QISKIT_BROKER_URL: door.url, DEWAR_TOKEN: door.token, REQUESTS_CA_BUNDLE: '/nowhere.pem' } });
  assert.deepEqual([missing.code, missing.err.includes('REQUESTS_CA_BUNDLE')], [2, true], missing.err);
  for (const { out, err } of [good, inUrl, untrusted, refused, missing]) assert.ok(!`${out}${err}`.includes(door.token));
});

test('curl with --cacert: results in four calls', { skip: spawnSync('curl', ['--version']).status === 0 ? false : 'no curl here' }, async () => {
  const curl = async (...args: string[]): Promise<string> => (await run('curl', ['-sS', '--cacert', door.certificateFile, '-H', `authorization: Bearer ${door.token}`, ...args])).out;
  const { digest } = JSON.parse(await curl('-X', 'PUT', '-H', 'content-type: application/octet-stream', '--data-binary', `@${fileURLToPath(bellFile)}`, `${door.url}/v1/artifacts`)) as { readonly digest: string };
  const { job_id } = JSON.parse(await curl('-H', 'content-type: application/json', '-d', JSON.stringify({ job_name: 'curl', code_blob: digest, backend: 'simulator', shots: 10 }), `${door.url}/submit`)) as { readonly job_id: string };
  assert.match(await curl(`${door.url}/v1/jobs/${job_id}/wait?timeout_s=60`), /"status":"completed"/);
  assert.match(await curl(`${door.url}/v1/jobs/${job_id}/results`), /"counts"/);
  assert.match((await run('curl', ['-sS', '-H', `authorization: Bearer ${door.token}`, `${door.url}/v1`])).err, /certificate/);
});
