// The TCP door against everybody who can reach a port of this machine: other users, web pages, other agents, and who only tries to hold it up.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { connect as connectPlain, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { errorCodes, type Json } from '@dewar/protocol';
import { at, bell, call, errorOf, Gone, TestHome, textAt, type Answer, type BrokerProcess } from '../e2e/broker-process.ts';
import { callTcp, rawTcp, tlsTo, type TcpCall, type TcpTarget } from './tls-caller.ts';

const home = new TestHome();
let broker: BrokerProcess;
let target: TcpTarget = { port: 0, ca: '' };
let token = '';
let other = '';
let code = '';
const logs: (() => string)[] = [];

const control = (method: string, path: string, body?: Json): Promise<Answer> => call(home.control, method, path, body);
const issue = async (name: string): Promise<string> => textAt((await control('POST', `/v1/sessions/${name}/tokens`)).json, 'token');
const ask = (more: Partial<TcpCall> = {}): ReturnType<typeof callTcp> => callTcp(target, { path: '/v1', token, ...more });
const targetOf = (answer: Answer): TcpTarget => ({ port: Number(at(answer.json, 'tcp', 'port')), ca: textAt(answer.json, 'tcp', 'certificate_pem') });
const events = async (): Promise<number> => Number(at((await control('GET', '/v1/journal')).json, 'size'));

before(async () => {
  broker = await home.start();
  logs.push(broker.log);
  assert.equal((await control('POST', '/v1/sessions', { name: 'other' })).status, 201);
  code = textAt((await call(home.session(), 'PUT', '/v1/artifacts', Buffer.from(bell))).json, 'digest');
});

after(() => home.close());

test('the door is closed until a person opens it; each opening and closing is journaled', async () => {
  assert.deepEqual((await control('GET', '/v1/tcp')).json, { tcp: null });
  const size = await events();
  const opened = await control('POST', '/v1/tcp', { port: 0 });
  assert.equal(opened.status, 200, opened.text);
  target = targetOf(opened);
  assert.equal(textAt(opened.json, 'tcp', 'url'), `https://localhost:${target.port}`);
  assert.equal(readFileSync(textAt(opened.json, 'tcp', 'certificate_file'), 'utf8'), target.ca);
  assert.deepEqual((await control('POST', '/v1/tcp', { port: 0 })).json, opened.json, 'opening it again changes nothing');
  assert.ok(await events() > size);
  token = await issue('default');
  other = await issue('other');
  assert.match(token, /^dewar_session_[0-9a-f]{64}$/);
  assert.equal((await ask()).status, 200);
  assert.equal(statSync(join(home.home.state, 'keys', 'tcp-door-p256.pem')).mode & 0o777, 0o600);
});

test('a port that cannot be had is a typed refusal, and the door is then closed', async () => {
  const before_ = target.port;
  for (const port of [-1, 65_536, 1.5, '7443', null]) assert.equal(errorOf(await control('POST', '/v1/tcp', { port })).code, 'request_invalid');
  const squatter = createServer();
  await new Promise<void>((resolve) => { squatter.listen(0, '127.0.0.1', resolve); });
  const taken = (squatter.address() as AddressInfo).port;
  const refused = await control('POST', '/v1/tcp', { port: taken });
  assert.deepEqual([refused.status, errorOf(refused).code, errorOf(refused).path], [400, 'request_invalid', '/port']);
  assert.deepEqual((await control('GET', '/v1/tcp')).json, { tcp: null });
  squatter.close();
  assert.equal((await control('POST', '/v1/tcp', { port: before_ })).status, 200);
  assert.equal((await ask()).status, 200);
});

describe('who may come in', () => {
  const refused = async (more: Partial<TcpCall>, status: number, errorCode: string): Promise<void> => {
    const size = await events();
    const answer = await ask(more);
    assert.deepEqual([answer.status, errorOf(answer).code], [status, errorCode], JSON.stringify(more));
    for (const secret of [token, other, home.folder, token.slice(14)]) assert.ok(!answer.text.includes(secret), answer.text);
    for (const name of Object.keys(answer.headers)) assert.ok(!name.startsWith('access-control'), name);
    assert.equal(await events(), size);
  };
  const submit = { method: 'POST', path: '/submit', body: '{"job_name":"x","code_blob":"sha256:0","backend":"simulator"}' } as const;

  test('without a live token nobody: none, a wrong one, another scheme, in the address, in a cookie, twice', async () => {
    const wrong = `dewar_session_${'0'.repeat(64)}`;
    for (const authorization of ['', 'Bearer', `Bearer ${wrong}`, `Bearer ${token}x`, `Bearer ${token.toUpperCase()}`, `Bearer  ${token} x`, `Token ${token}`, token, `Digest username="${token}"`, 'Basic', 'Basic !!!', `Basic ${Buffer.from(token).toString('base64')}`, `Basic ${Buffer.from(`${token}:`).toString('base64')}`, `Negotiate ${token}`]) {
      await refused({ headers: { authorization } }, 401, 'token_refused');
    }
    for (const path of [`/v1?access_token=${token}`, `/v1?token=${token}`, `/v1/${token}`]) {
      const answer = await callTcp(target, { path });
      assert.deepEqual([answer.status, errorOf(answer).code, answer.headers['www-authenticate']], [401, 'token_refused', 'Bearer realm="dewar"']);
    }
    assert.equal((await callTcp(target, { path: '/v1', headers: { cookie: `token=${token}`, 'x-token': token, 'proxy-authorization': `Bearer ${token}` } })).status, 401);
    assert.match(await rawTcp(target, `GET /v1 HTTP/1.1\r\nhost: localhost:${target.port}\r\nauthorization: Bearer ${wrong}\r\nauthorization: Bearer ${token}\r\n\r\n`), /^HTTP\/1\.1 401 .*token_refused/s);
    await refused({ ...submit, headers: { authorization: `Bearer ${wrong}` } }, 401, 'token_refused');
  });

  test('the token as Bearer or as the password of Basic, and the scheme in any letters', async () => {
    for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `Basic ${Buffer.from(`dewar:${token}`).toString('base64')}`, `BASIC ${Buffer.from(`:${token}`).toString('base64')}`]) {
      assert.equal((await callTcp(target, { path: '/v1', headers: { authorization } })).status, 200);
    }
  });

  test('a web page never: with an origin, or from anywhere that a browser names', async () => {
    for (const origin of ['https://evil.example', `https://localhost:${target.port}`, 'null', '']) await refused({ ...submit, headers: { origin } }, 403, 'origin_refused');
    for (const site of ['cross-site', 'same-site', 'same-origin', '', 'none, cross-site']) await refused({ ...submit, headers: { 'sec-fetch-site': site } }, 403, 'origin_refused');
    await refused({ method: 'OPTIONS', path: '/submit', headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' } }, 403, 'origin_refused');
    const options = await ask({ method: 'OPTIONS', path: '/submit', headers: { 'access-control-request-method': 'POST' } });
    assert.ok(options.status >= 400 && !Object.keys(options.headers).some((name) => name.startsWith('access-control')));
    assert.equal((await ask({ headers: { 'sec-fetch-site': 'none' } })).status, 200);
  });

  test('under another name never, also when that name leads here', async () => {
    const { port } = target;
    for (const host of ['localhost', `evil.example:${port}`, 'evil.example', `localhost:${port + 1}`, `localhost.evil.example:${port}`, `localhost.:${port}`, `127.0.0.2:${port}`, `0.0.0.0:${port}`, `[::]:${port}`, `127.1:${port}`, `2130706433:${port}`]) {
      await refused({ headers: { host } }, 421, 'host_refused');
    }
    for (const host of [`localhost:${port}`, `LocalHost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) assert.equal((await ask({ headers: { host } })).status, 200, host);
  });

  test('a token reaches its own session and no other; a forged name says nothing', async () => {
    const own = await ask({ method: 'POST', path: '/submit', body: JSON.stringify({ job_name: 'mine', code_blob: code, backend: 'simulator', shots: 1 }), headers: { 'x-session': 'other' } });
    assert.equal(own.status, 201, own.text);
    const id = textAt(own.json, 'job_id');
    const job = await ask({ path: `/v1/jobs/${id}/wait` });
    assert.deepEqual([at(job.json, 'job', 'session'), at(job.json, 'job', 'status')], ['default', 'completed']);
    const foreign = await ask({ path: `/v1/jobs/${id}`, token: other });
    const never = await ask({ path: '/v1/jobs/job_00000000000000000000', token: other });
    assert.deepEqual([foreign.status, errorOf(foreign).code], [404, 'not_found']);
    assert.equal(foreign.text.replaceAll(id, ''), never.text.replaceAll('job_00000000000000000000', ''));
    for (const path of ['results', 'logs', 'receipt']) assert.equal((await ask({ path: `/v1/jobs/${id}/${path}`, token: other })).status, 404);
    assert.equal((await ask({ method: 'POST', path: `/v1/jobs/${id}/cancel`, token: other })).status, 404);
    assert.deepEqual(at((await ask({ path: '/v1/jobs', token: other })).json, 'jobs'), []);
    assert.equal(at((await ask({ token: other })).json, 'session'), 'other');
  });

  test('what belongs to the person is not there', async () => {
    for (const [method, path] of [['GET', '/v1/status'], ['GET', '/v1/pending'], ['POST', '/v1/freeze'], ['POST', '/v1/shutdown'], ['GET', '/v1/tcp'], ['POST', '/v1/tcp/close'], ['POST', '/v1/sessions/default/tokens'], ['GET', '/v1/sessions'], ['POST', '/v1/jobs/job_00000000000000000000/approve']] as const) {
      const answer = await ask({ method, path, ...(method === 'POST' && { body: '{}' }) });
      assert.ok([404, 405].includes(answer.status), `${method} ${path} ${answer.text}`);
    }
  });

  test('tokens that were taken back open nothing, and end a wait that is under way', async () => {
    const gone = await issue('other');
    assert.equal((await ask({ token: gone })).status, 200);
    const waiting = await call(home.session('other'), 'POST', '/v1/jobs', { job_name: 'long', code_blob: code, backend: 'practice-qpu', shots: 1 });
    const id = textAt(waiting.json, 'job', 'job_id');
    const long = ask({ path: `/v1/jobs/${id}/wait?timeout_s=60`, token: gone });
    const ended = assert.rejects(long, Gone);
    // The wait has begun when the server has read its request: another request of the same client is answered after it.
    await ask({ token: gone });
    assert.equal(at((await control('POST', '/v1/sessions/other/tokens/revoke')).json, 'revoked'), 2);
    await ended;
    for (const each of [gone, other]) assert.equal((await ask({ token: each })).status, 401);
    assert.equal((await ask()).status, 200, 'another session\'s is live');
    assert.equal(at((await control('POST', '/v1/sessions/other/tokens/revoke')).json, 'revoked'), 0);
    for (const name of ['nobody', 'NOT%20a%20name', '..%2f']) for (const end of ['', '/revoke']) assert.equal((await control('POST', `/v1/sessions/${name}/tokens${end}`)).status, 404);
    other = await issue('other');
  });
});

describe('what is no request', () => {
  const head = (more = '', line = 'GET /v1 HTTP/1.1'): string => `${line}\r\nhost: localhost:${target.port}\r\nauthorization: Bearer ${token}\r\n${more}\r\n`;
  const answersIn = (text: string): { readonly status: number; readonly code: string }[] => text.split(/(?=HTTP\/1\.1 \d{3})/).filter((one) => one.startsWith('HTTP/')).map((one) => ({ status: Number(one.slice(9, 12)), code: /"code":"([a-z_]+)"/.exec(one)?.[1] ?? '' }));

  for (const [what, text] of [
    ['an absolute address', () => head('', 'GET https://evil.example/v1 HTTP/1.1')],
    ['an absolute address of this door', () => head('', `GET https://localhost:${target.port}/v1 HTTP/1.1`)],
    ['a tunnel', () => head('', `CONNECT localhost:${target.port} HTTP/1.1`)],
    ['a star', () => head('', 'OPTIONS * HTTP/1.1')],
    ['no host', () => `GET /v1 HTTP/1.1\r\nauthorization: Bearer ${token}\r\n\r\n`],
    ['HTTP/1.0 without a host', () => `GET /v1 HTTP/1.0\r\nauthorization: Bearer ${token}\r\n\r\n`],
    ['two hosts', () => head('host: evil.example\r\n')],
    ['both lengths', () => head('content-type: application/json\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n', 'POST /submit HTTP/1.1') + `0\r\n\r\n${head('', 'GET /v1/jobs HTTP/1.1')}`],
    ['two lengths', () => head('content-length: 4\r\ncontent-length: 40\r\n', 'POST /submit HTTP/1.1') + `null${head()}`],
    ['a bare line feed in chunks', () => head('content-type: application/json\r\ntransfer-encoding: chunked\r\n', 'POST /submit HTTP/1.1') + `4\nnull\n0\n\n${head()}`],
    ['a folded header', () => head('x-a: b\r\n c: d\r\n')],
    ['a null byte in a header', () => head('x-a: \0\r\n')],
    ['HTTP/2 from memory', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['huge headers', () => head(`x-a: ${'a'.repeat(40_000)}\r\n`)],
    ['an expectation', () => head('expect: the-impossible\r\n', 'POST /submit HTTP/1.1')],
  ] as const) {
    test(`${what}: at most one typed refusal, nothing smuggled`, async () => {
      const got = answersIn(await rawTcp(target, text()));
      assert.ok(got.length <= 1, JSON.stringify(got));
      const [answer] = got;
      assert.ok(answer === undefined ? what === 'a tunnel' : answer.status >= 400 && answer.status < 500 && (errorCodes as readonly string[]).includes(answer.code), JSON.stringify(answer));
    });
  }

  test('each request of a connection needs its own token; one that does not wait for its turn is refused', async () => {
    const bare = `GET /v1 HTTP/1.1\r\nhost: localhost:${target.port}\r\n\r\n`;
    const first = await tlsTo(target);
    const heard = async (text: string): Promise<string> => {
      const answered = new Promise<string>((resolve) => { first.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))); });
      first.write(text);
      return answered;
    };
    assert.match(await heard(head()), /^HTTP\/1\.1 200/);
    assert.match(await heard(bare), /^HTTP\/1\.1 401/);
    first.destroy();
    const got = answersIn(await rawTcp(target, `${head()}${head()}${bare}`));
    assert.equal(got[0]?.status, 200);
    assert.ok(got.slice(1).every(({ status, code: found }) => status === 200 || found === 'too_many_requests' || found === 'token_refused'), JSON.stringify(got));
  });

  test('who has no token is answered before its body has come, and the body is not kept', async () => {
    const text = `PUT /v1/artifacts HTTP/1.1\r\nhost: localhost:${target.port}\r\ncontent-type: application/octet-stream\r\ncontent-length: 16000000\r\n\r\n`;
    assert.match(await rawTcp(target, `${text}${'x'.repeat(1000)}`), /^HTTP\/1\.1 401 .*token_refused/s);
    const expecting = `${text.slice(0, -2)}expect: 100-continue\r\n\r\n`;
    const said = await rawTcp(target, expecting);
    assert.ok(!said.includes('100 Continue') && said.startsWith('HTTP/1.1 401'), said);
  });

  test('plain HTTP, an older TLS and rubbish get nothing, and break nothing', async () => {
    for (const text of [`GET /v1 HTTP/1.1\r\nhost: localhost:${target.port}\r\nauthorization: Bearer ${token}\r\n\r\n`, '\0\0\0\0', '\x16\x03\x01\x40\x00\x01', 'SSH-2.0-x\r\n']) {
      const said = await new Promise<string>((resolve) => {
        const socket = connectPlain(target.port, '127.0.0.1').setEncoding('latin1');
        let heard = '';
        socket.on('data', (chunk) => {
          heard += String(chunk);
        }).on('error', () => undefined).on('close', () => resolve(heard)).setTimeout(500, () => socket.destroy());
        socket.end(text, 'latin1');
      });
      assert.ok(!said.includes('HTTP/1.1 2') && !said.includes('version'), said);
    }
    await assert.rejects(tlsTo(target, { maxVersion: 'TLSv1.2' }));
    await assert.rejects(tlsTo({ ...target, ca: '' }), 'nobody else vouches for it');
    assert.equal((await tlsTo(target)).getProtocol(), 'TLSv1.3');
    assert.equal((await ask()).status, 200);
  });
});

describe('who only takes up room', () => {
  const idle = async (count: number, speak: (socket: Socket) => void): Promise<Socket[]> => {
    const sockets = Array.from({ length: count }, () => connectPlain(target.port, '127.0.0.1'));
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => {
      socket.on('error', () => resolve());
      socket.once('connect', () => {
        speak(socket);
        resolve();
      });
    })));
    return sockets;
  };

  test('200 connections that never finish the handshake stop neither socket, and are let go of in time', async () => {
    const sockets = await idle(200, (socket) => socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02])));
    assert.equal((await control('GET', '/v1/status')).status, 200);
    assert.equal((await call(home.session(), 'GET', '/v1/jobs')).status, 200);
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => {
      if (socket.destroyed) return resolve();
      socket.resume().once('close', () => resolve());
    })));
    assert.equal((await ask()).status, 200);
  });

  test('connections that say nothing after the handshake are let go of too', async () => {
    const socket = await tlsTo(target);
    await new Promise<void>((resolve) => {
      socket.resume().once('close', () => resolve()).on('error', () => undefined);
    });
    assert.equal((await ask()).status, 200);
  });
});

test('sessions that are reached here are uncontained, as the decision and the receipt say', async () => {
  const answer = await ask({ method: 'POST', path: '/v1/jobs', body: JSON.stringify({ job_name: 'here', code_blob: code, backend: 'simulator', shots: 1 }) });
  const id = textAt(answer.json, 'job', 'job_id');
  await ask({ path: `/v1/jobs/${id}/wait` });
  const bundle = JSON.parse((await ask({ path: `/v1/jobs/${id}/receipt` })).text) as { readonly dsseEnvelope: { readonly payload: string } };
  const statement = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString('utf8');
  assert.match(statement, /"containment":"uncontained"/);
  assert.ok(!statement.includes('sandboxed'));
});

test('after a restart the door is open again: same port, certificate and tokens; closed, it stays closed', async () => {
  const was = (await control('GET', '/v1/tcp')).json;
  await broker.kill();
  broker = await home.start();
  logs.push(broker.log);
  assert.deepEqual((await control('GET', '/v1/tcp')).json, was);
  assert.equal((await ask()).status, 200);
  assert.deepEqual((await control('POST', '/v1/tcp/close')).json, { tcp: null });
  await assert.rejects(ask(), Gone);
  await broker.stop();
  broker = await home.start();
  logs.push(broker.log);
  assert.deepEqual((await control('GET', '/v1/tcp')).json, { tcp: null });
  await assert.rejects(ask(), Gone);
});

test('neither log nor journal nor any file holds a token, and the journal verifies', async () => {
  assert.deepEqual(at((await control('GET', '/v1/journal/verify')).json, 'problems'), []);
  await broker.stop();
  const kept = [home.journal, `${home.journal}-wal`].map((path) => { try { return readFileSync(path, 'latin1'); } catch { return ''; } }).join('');
  assert.match(kept, /session\.token_issued/);
  for (const each of [token, other]) {
    for (const log of logs) assert.ok(!log().includes(each.slice(14)));
    assert.ok(!kept.includes(each.slice(14)));
  }
  assert.ok(!logs.some((log) => log().includes('"internal"')));
});
