// `dewar tcp` and `dewar session token`: what is printed where, so that it can be pasted and a token is shown once.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { refuse, status } from '@dewar/client/test/fake-broker';
import { newHome, runCli, withFakes } from './run-cli.ts';

const token = `dewar_session_${'ab'.repeat(32)}`;
const view = { port: 7443, url: 'https://localhost:7443', certificate_pem: 'pem', certificate_file: "/home/o'neil/it is here/tcp-door.pem", sha256: 'cd'.repeat(32) };
const issued = { token, session: 'agent', created: '2026-11-23T07:00:00Z' };
const answers = { 'POST /v1/sessions/agent/tokens': () => status(201, issued), 'POST /v1/sessions/agent/tokens/revoke': { revoked: 2 }, 'POST /v1/tcp': { tcp: view }, 'POST /v1/tcp/close': { tcp: null } };

test('the token alone goes to stdout; the lines to paste go to stderr, and a shell takes them', async () => {
  await withFakes({ control: { ...answers, 'GET /v1/tcp': { tcp: view } } }, async ({ home }) => {
    const ended = await runCli(['session', 'token', 'agent'], { home });
    assert.deepEqual([ended.code, ended.stdout], [0, `${token}\n`]);
    const lines = ended.stderr.split('\n').filter((line) => line.startsWith('export '));
    assert.equal(lines.length, 3);
    const shell = spawnSync('sh', ['-c', `${lines.join('\n')}\nprintf '%s|' "$IBM_QISKIT_BROKER_URL" "$DEWAR_TOKEN" "$REQUESTS_CA_BUNDLE"`], { encoding: 'utf8' });
    assert.equal(shell.stdout, `${view.url}|${token}|${view.certificate_file}|`);
    const json = await runCli(['session', 'token', 'agent', '--json'], { home });
    assert.deepEqual([JSON.parse(json.stdout), json.stderr], [issued, '']);
  });
});

test('while the door is closed the token says how to open it', async () => {
  await withFakes({ control: { ...answers, 'GET /v1/tcp': { tcp: null } } }, async ({ home, control }) => {
    const ended = await runCli(['session', 'token', 'agent'], { home });
    assert.equal(ended.stdout, `${token}\n`);
    assert.match(ended.stderr, /dewar tcp on/);
    assert.match((await runCli(['session', 'token', 'agent', '--revoke'], { home })).stdout, /^2 tokens of session agent taken back\n$/);
    assert.equal(control.asked.filter(({ url }) => url === '/v1/sessions/agent/tokens').length, 1, '--revoke makes none');
    const bad = await runCli(['session', 'token', '../control'], { home });
    assert.deepEqual([bad.code, bad.stdout], [2, '']);
  });
});

test('on asks for port 7443 unless told otherwise, off closes, status tells', async () => {
  await withFakes({ control: { ...answers, 'GET /v1/tcp': { tcp: view } } }, async ({ home, control }) => {
    assert.match((await runCli(['tcp', 'on'], { home })).stdout, /^open {2}https:\/\/localhost:7443\nTrust/);
    await runCli(['tcp', 'on', '--port', '0'], { home });
    assert.deepEqual(control.asked.filter(({ url, method }) => url === '/v1/tcp' && method === 'POST').map(({ body }) => body), ['{"port":7443}', '{"port":0}']);
    for (const port of ['65536', '-1', 'x']) assert.equal((await runCli(['tcp', 'on', '--port', port], { home })).code, 2);
    assert.deepEqual(JSON.parse((await runCli(['tcp', 'status', '--json'], { home })).stdout), { tcp: view });
    assert.equal((await runCli(['tcp', 'off'], { home })).stdout, 'closed\n');
  });
});

test('a port that cannot be had is told with what to do', async () => {
  const error = { code: 'request_invalid', message: 'the port cannot be had (EADDRINUSE)', path: '/port', got: '7443', fix: 'choose another port: dewar tcp on --port N' };
  await withFakes({ control: { 'POST /v1/tcp': () => refuse(400, error) } }, async ({ home }) => {
    const ended = await runCli(['tcp', 'on'], { home });
    assert.equal(ended.stdout, '');
    assert.ok(ended.code !== 0 && ended.stderr.includes('--port N'));
  });
  assert.equal((await runCli(['tcp', 'on'], { home: newHome() })).code, 5);
});
