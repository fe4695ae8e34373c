// What bad, huge, slow, twisted and hostile requests get at both sockets: a typed error, and a broker that goes on as before.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { errorCodes, type JobView, type Json } from '@dewar/protocol';
import { at, bell, call, digestText, errorOf, TestHome, textAt, type Answer } from './broker-process.ts';

const home = new TestHome();
let code = '';

before(async () => {
  home.takesAnyNumber();
  await home.start();
  code = textAt((await call(home.session(), 'PUT', '/v1/artifacts', Buffer.from(bell))).json, 'digest');
});

after(() => home.close());

const spec = (more: object = {}): string => JSON.stringify({ job_name: 'door', code_blob: code, backend: 'practice-qpu', shots: 10, ...more });
const journalSize = async (): Promise<Json | undefined> => at((await call(home.control, 'GET', '/v1/journal')).json, 'size');

/** Everything that comes back until the other side closes, or `ms` after the last byte. */
function raw(socketPath: string, parts: readonly (string | Uint8Array)[], ms = 1500): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = '';
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(ms, done);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
    });
    // The other side may close while we still send: what it said counts.
    socket.on('error', (error) => (text === '' && !('code' in error && (error.code === 'EPIPE' || error.code === 'ECONNRESET')) ? reject(error) : done()));
    socket.on('close', done);
    socket.on('connect', () => {
      for (const part of parts) socket.write(part);
    });
  });
}

/** The answers in a raw stream. */
function answers(text: string): { readonly status: number; readonly code: string }[] {
  return text.split(/(?=HTTP\/1\.1 \d{3})/).filter((one) => one.startsWith('HTTP/')).map((one) => ({ status: Number(one.slice(9, 12)), code: /"code":"([a-z_]+)"/.exec(one)?.[1] ?? '' }));
}

function isTyped(answer: Answer, ...codes: readonly string[]): void {
  const { code: found, message } = errorOf(answer);
  assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status} ${answer.text}`);
  assert.ok(found !== undefined && (errorCodes as readonly string[]).includes(found) && message, answer.text);
  if (codes.length > 0) assert.ok(codes.includes(found), answer.text);
}

const doors = [
  { name: 'session', path: () => home.session(), post: '/v1/jobs' },
  { name: 'control', path: () => home.control, post: '/v1/freeze' },
] as const;

for (const door of doors) {
  describe(`the ${door.name} socket`, () => {
    const head = (more: string, type = 'application/json'): string => `POST ${door.post} HTTP/1.1\r\nhost: dewar\r\ncontent-type: ${type}\r\n${more}\r\n`;
    const post = (body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Answer> => call(door.path(), 'POST', door.post, body, { 'content-type': 'application/json', ...headers });

    test('a body said to be too large is refused before it is sent', async () => {
      const [answer] = answers(await raw(door.path(), [head('content-length: 70000\r\n')]));
      assert.deepEqual(answer, { status: 413, code: 'body_too_large' });
    });

    test('a body that grows too large without saying so is refused as it streams', async () => {
      const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
      const [answer] = answers(await raw(door.path(), [head('transfer-encoding: chunked\r\n'), ...Array<string>(5).fill(chunk)]));
      assert.deepEqual(answer, { status: 413, code: 'body_too_large' });
    });

    test('a body that ends too early changes nothing', async () => {
      const size = await journalSize();
      const socket = connect(door.path());
      socket.write(`${head('content-length: 500\r\n')}{"job_name":`);
      await sleep(50);
      socket.destroy();
      await sleep(50);
      assert.equal(await journalSize(), size);
    });

    test('a body that comes slowly holds nobody else up, and is answered when it is whole', async () => {
      const body = '{"surprise":1}';
      const socket = connect(door.path()).setEncoding('utf8');
      const answered = new Promise<string>((resolve) => {
        socket.once('data', (chunk) => resolve(String(chunk)));
      });
      socket.write(head(`content-length: ${body.length}\r\n`));
      for (const sign of body) {
        assert.equal((await call(home.control, 'GET', '/v1/status')).status, 200);
        assert.equal((await call(home.session(), 'GET', '/v1/jobs')).status, 200);
        socket.write(sign);
      }
      assert.equal(answers(await answered)[0]?.status, 400);
      socket.destroy();
    });

    for (const [what, body, codes] of [
      ['a million brackets', '['.repeat(60_000), ['json_depth']],
      ['nesting just past the limit', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`, ['json_depth']],
      ['a key twice', '{"job_name":"a","job_name":"b"}', ['json_duplicate_key']],
      ['a key twice, once escaped', '{"job_name":"a","job\\u005fname":"b"}', ['json_duplicate_key']],
      ['binary garbage', Buffer.from([0, 255, 254, 128, 1, 2, 3]), ['json_unicode', 'json_syntax']],
      ['nothing', '', ['json_syntax']],
      ['NaN', '{"shots":NaN}', ['json_number']],
      ['a number beyond doubles', '{"max_cost":1e400}', ['json_number']],
      ['a lone surrogate', '{"job_name":"\\ud800"}', ['json_unicode']],
      ['a byte order mark', '\ufeff{}', ['json_syntax', 'json_unicode']],
      ['text after the value', '{} {}', ['json_syntax']],
      ['a list', '[]', ['spec_invalid', 'request_invalid']],
      ['null', 'null', ['spec_invalid', 'request_invalid']],
      ['an unknown field', '{"reason":"x","__proto__":{}}', ['spec_unknown_field', 'request_invalid']],
    ] as const) {
      test(`${what} is a typed refusal`, async () => {
        const size = await journalSize();
        isTyped(await post(body), ...codes);
        assert.equal(await journalSize(), size);
      });
    }

    test('a body of another type is refused', async () => {
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '']) isTyped(await post('{}', { 'content-type': type }), 'content_type');
    });

    for (const [what, request] of [
      ['both lengths', head('content-length: 4\r\ntransfer-encoding: chunked\r\n') + '0\r\n\r\nGET /v1/status HTTP/1.1\r\nhost: a\r\n\r\n'],
      ['two lengths', head('content-length: 4\r\ncontent-length: 5\r\n') + 'null'],
      ['a length that is none', head('content-length: +4\r\n') + 'null'],
      ['a folded header', head('x-a: b\r\n c: d\r\ncontent-length: 4\r\n') + 'null'],
      ['a bare line feed', head('transfer-encoding: chunked\r\n') + '4\nnull\n0\n\n'],
      ['a chunk size that is none', head('transfer-encoding: chunked\r\n') + 'zz\r\n'],
      ['a null byte in a header', head('x-a: \0\r\ncontent-length: 4\r\n') + 'null'],
      ['space before a header\'s colon', head('content-length : 4\r\n') + 'null'],
      ['another encoding', head('transfer-encoding: gzip, chunked, identity\r\n') + 'null'],
      ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['no host', `GET /v1/jobs HTTP/1.1\r\n\r\n`],
      ['two hosts', `GET /v1/jobs HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n`],
      ['a host that is none', `GET /v1/jobs HTTP/1.1\r\nhost: a b/@:\r\n\r\n`],
      ['an empty host', `GET /v1/jobs HTTP/1.1\r\nhost: \r\n\r\n`],
      ['a path with no slash', `GET v1/jobs HTTP/1.1\r\nhost: a\r\n\r\n`],
      ['an absolute address elsewhere', `GET http://[::1/v1/jobs HTTP/1.1\r\nhost: a\r\n\r\n`],
      ['a tunnel', `CONNECT example.org:443 HTTP/1.1\r\nhost: a\r\n\r\n`],
      ['a star', `OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n`],
      ['a method that is none', `FROB /v1/jobs HTTP/1.1\r\nhost: a\r\n\r\n`],
      ['an expectation', head('expect: the-impossible\r\ncontent-length: 4\r\n') + 'null'],
      ['huge headers', `GET /v1/jobs HTTP/1.1\r\nhost: a\r\nx-a: ${'a'.repeat(40_000)}\r\n\r\n`],
      ['very many headers', `GET /v1/nothing HTTP/1.1\r\nhost: a\r\n${'a: b\r\n'.repeat(3000)}\r\n`],
      ['a huge path', `GET /${'a'.repeat(60_000)} HTTP/1.1\r\nhost: a\r\n\r\n`],
      ['a broken escape in the path', `GET /v1/jobs/%zz%e0%80 HTTP/1.1\r\nhost: a\r\n\r\n`],
    ] as const) {
      test(`${what}: one typed refusal, nothing smuggled`, async () => {
        const size = await journalSize();
        const got = answers(await raw(door.path(), [request], 400));
        assert.ok(got.length <= 1, JSON.stringify(got));
        const [answer] = got;
        assert.ok(answer === undefined ? what === 'a tunnel' : answer.status >= 400 && answer.status < 500 && (errorCodes as readonly string[]).includes(answer.code), `${what}: ${JSON.stringify(answer)}`);
        assert.equal(await journalSize(), size);
      });
    }

    test('requests one after another on a connection are answered in their order', async () => {
      const expected = [['/v1/jobs', 200], ['/nowhere', 404], ['/v1/jobs/job_x', 404], ['/v1/jobs', 200]] as const;
      const socket = connect(door.path()).setEncoding('latin1');
      for (const [path, status] of expected) {
        const answered = new Promise<string>((resolve, reject) => {
          socket.once('data', (chunk) => resolve(String(chunk)));
          socket.once('close', () => reject(new Error(`closed before ${path} was answered`)));
        });
        socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
        assert.equal(answers(await answered)[0]?.status, status, path);
      }
      socket.destroy();
    });

    test('requests that do not wait for the answer before get their own answers, up to a typed refusal', async () => {
      const expected = [200, 404, 404, 200];
      const got = answers(await raw(door.path(), ['/v1/jobs', '/nowhere', '/v1/jobs/job_x', '/v1/jobs'].map((path) => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`), 400));
      const refused = got.findIndex(({ code: found }) => found === 'too_many_requests');
      assert.equal(got[0]?.status, 200);
      assert.deepEqual(got.slice(0, refused < 0 ? undefined : refused).map(({ status }) => status), expected.slice(0, refused < 0 ? 4 : refused));
      assert.ok(refused < 0 || refused === got.length - 1, 'nothing follows the refusal');
    });

    test('of many requests sent at once on a connection one is answered, the next refused, and the connection closed', async () => {
      const one = 'GET /v1/jobs HTTP/1.1\r\nhost: a\r\n\r\n';
      for (const next of [one, 'GET /v1/jobs HTTP/1.1\r\nhost: a\r\nexpect: the-impossible\r\n\r\n', 'GET /v1/jobs HTTP/1.1\r\n\r\n']) {
        const got = answers(await raw(door.path(), [one + next.repeat(300)], 5000));
        assert.deepEqual(got, [{ status: 200, code: '' }, { status: 429, code: 'too_many_requests' }]);
      }
    });

    test('while one request waits, little of what comes after it is read', async () => {
      const simulated = textAt((await call(home.session(), 'POST', '/submit', spec({ backend: 'simulator' }))).json, 'job_id');
      await call(home.session(), 'GET', `/v1/jobs/${simulated}/wait`);
      const waiting = textAt((await call(home.session(), 'POST', '/submit', spec())).json, 'job_id');
      const socket = connect(door.path()).on('error', () => undefined);
      socket.write(`GET /v1/jobs/${waiting}/wait?timeout_s=100 HTTP/1.1\r\nhost: a\r\n\r\n`);
      await sleep(100);
      const flood = Buffer.from('GET /v1/jobs HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(200_000));
      socket.write(flood);
      await sleep(300);
      assert.ok(socket.writableLength > flood.length / 2, `${socket.writableLength} of ${flood.length} bytes are not sent`);
      assert.equal((await call(home.control, 'GET', '/v1/status')).status, 200);
      socket.destroy();
      assert.equal((await call(home.session(), 'POST', `/v1/jobs/${waiting}/cancel`)).status, 200);
      // With the job's end the broker answers into the flooded connection and drops what had come of it.
      await call(home.session(), 'GET', `/v1/jobs/${waiting}/wait`);
      await sleep(100);
      assert.equal((await call(home.control, 'GET', '/v1/status')).status, 200);
    });

    test('after a refused body the rest of it is not taken for a request', async () => {
      const inner = `POST ${door.post} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`;
      const got = answers(await raw(door.path(), [head(`content-length: ${70_000 + inner.length}\r\n`), inner]));
      assert.deepEqual(got, [{ status: 413, code: 'body_too_large' }]);
    });

    test('unknown addresses are not_found, and a known one says which methods it takes', async () => {
      for (const [method, path] of [['GET', '/'], ['GET', '/v1/'], ['GET', '/v2/jobs'], ['DELETE', '/v1/nothing'], ['GET', '//v1/jobs'], ['GET', '/v1/JOBS'], ['GET', '/v1/jobs/'], ['POST', '/__proto__']] as const) {
        const answer = await call(door.path(), method, path);
        assert.deepEqual([answer.status, errorOf(answer).code], [404, 'not_found'], `${method} ${path}`);
      }
      for (const [method, path] of [['DELETE', '/v1/jobs'], ['PATCH', '/v1/jobs/job_00000000000000000000'], ['POST', '/v1/jobs/job_00000000000000000000'], ['TRACE', '/v1/jobs'], ['OPTIONS', '/v1/jobs'], ['PUT', '/v1/budget']] as const) {
        const answer = await call(door.path(), method, path);
        assert.deepEqual([answer.status, errorOf(answer).code], [405, 'method_not_allowed'], `${method} ${path}`);
        assert.match(errorOf(answer).allowed ?? '', /^GET, HEAD/);
      }
    });

    test('a job id that is none is not_found, whatever its letters spell', async () => {
      for (const id of ['%2e%2e', '..%2f..%2fetc', 'job_', 'job_0', 'JOB_00000000000000000000', 'job_00000000000000000000%00', 'job_0000000000000000000u', `job_${'0'.repeat(5000)}`, '%F0%9F%92%A9', "job_'OR'1'='1", 'undefined', '__proto__']) {
        for (const rest of ['', '/results', '/logs', '/receipt', '/wait']) isTyped(await call(door.path(), 'GET', `/v1/jobs/${id}${rest}`), 'not_found');
      }
    });

    test('numbers in a query are checked', async () => {
      for (const query of ['limit=-1', 'limit=1e9', 'limit=501', 'limit=', 'limit=1;DROP', 'limit=0x10', 'limit=9999999']) isTyped(await call(door.path(), 'GET', `/v1/jobs?${query}`), 'request_invalid');
    });

    test('many connections that say nothing do not close the other door', async () => {
      const idle: Socket[] = [];
      for (let index = 0; index < 80; index += 1) idle.push(connect(door.path()).on('error', () => undefined));
      await sleep(100);
      const other = door.name === 'session' ? '/v1/status' : '/v1/jobs';
      assert.equal((await call(door.name === 'session' ? home.control : home.session(), 'GET', other)).status, 200);
      for (const socket of idle) socket.destroy();
      await sleep(100);
      assert.equal((await call(door.path(), 'GET', '/v1/jobs')).status, 200);
    });
  });
}

describe('the session socket alone', () => {
  test('random bytes as a submit: a typed refusal, never a fault, and nothing is journaled', async () => {
    const size = await journalSize();
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(JSON.stringify({ job_name: text, code_blob: code, backend: 'nowhere' }))),
      fc.record({ job_name: fc.jsonValue(), code_blob: fc.jsonValue(), backend: fc.jsonValue(), shots: fc.jsonValue(), data: fc.jsonValue() }, { requiredKeys: [] }).map((value) => Buffer.from(JSON.stringify(value))),
    );
    await fc.assert(fc.asyncProperty(bytes, async (body) => isTyped(await call(home.session(), 'POST', '/v1/jobs', body, { 'content-type': 'application/json' }))), { numRuns: 300 });
    assert.equal(await journalSize(), size);
  });

  test('what belongs to the person is not there', async () => {
    for (const [method, path] of [
      ['GET', '/v1/status'], ['GET', '/v1/keys'], ['GET', '/v1/sessions'], ['POST', '/v1/sessions'], ['GET', '/v1/pending'], ['GET', '/v1/pending/job_00000000000000000000'],
      ['POST', '/v1/jobs/job_00000000000000000000/approve'], ['POST', '/v1/jobs/job_00000000000000000000/deny'], ['POST', '/v1/freeze'], ['POST', '/v1/thaw'],
      ['GET', '/v1/journal'], ['GET', '/v1/jobs/../status'], ['GET', '/v1/jobs/%2e%2e/status'], ['GET', '/v1/journal/verify'], ['POST', '/v1/shutdown'],
    ] as const) {
      const answer = await call(home.session(), method, path, method === 'POST' ? '{}' : undefined);
      assert.deepEqual([answer.status, errorOf(answer).code], [404, 'not_found'], path);
    }
  });

  test('an artifact under another digest is refused, and nothing can be fetched by it', async () => {
    const claimed = digestText('something else');
    isTyped(await call(home.session(), 'PUT', `/v1/artifacts/${claimed}`, Buffer.from('bytes')), 'artifact_digest_mismatch');
    isTyped(await call(home.session(), 'POST', '/v1/jobs', spec({ code_blob: claimed })), 'artifact_unknown');
    for (const name of ['sha256:..%2f..%2fkeys', 'sha256:', `SHA256:${'0'.repeat(64)}`, `sha256:${'G'.repeat(64)}`, `sha256:${'0'.repeat(64)}%0a`]) isTyped(await call(home.session(), 'PUT', `/v1/artifacts/${name}`, Buffer.from('bytes')), 'artifact_digest_mismatch');
  });

  test('an artifact above its limit is refused, at the limit it is taken', async () => {
    isTyped(await call(home.session(), 'PUT', '/v1/artifacts', Buffer.alloc(16_777_217)), 'body_too_large');
    assert.equal((await call(home.session(), 'PUT', '/v1/artifacts', Buffer.alloc(16_777_216))).status, 201);
  });

  test('another session\'s job is as unknown as one that never was, to the last byte', async () => {
    assert.equal((await call(home.control, 'POST', '/v1/sessions', { name: 'other' })).status, 201);
    const simulated = at((await call(home.session('other'), 'POST', '/v1/jobs', spec({ backend: 'simulator' }))).json, 'job') as unknown as JobView;
    await call(home.session('other'), 'GET', `/v1/jobs/${simulated.job_id}/wait`);
    const never = 'job_00000000000000000000';
    for (const [method, rest] of [['GET', ''], ['GET', '/results'], ['GET', '/logs'], ['GET', '/receipt'], ['GET', '/wait?timeout_s=0'], ['POST', '/cancel']] as const) {
      const strange = await call(home.session(), method, `/v1/jobs/${simulated.job_id}${rest}`);
      const unknown = await call(home.session(), method, `/v1/jobs/${never}${rest}`);
      assert.equal(strange.status, 404);
      assert.equal(strange.text.replaceAll(simulated.job_id, never), unknown.text);
      assert.notEqual((await call(home.session('other'), method, `/v1/jobs/${simulated.job_id}${rest}`)).status, 404);
    }
    assert.ok(!(await call(home.session(), 'GET', '/v1/jobs')).text.includes(simulated.job_id));
  });

  test('a session of a strange name makes no socket elsewhere', async () => {
    for (const name of ['../up', 'a/b', '', '.', 'A', 'a'.repeat(33), 'a\0', 'default']) {
      const answer = await call(home.control, 'POST', '/v1/sessions', { name });
      isTyped(answer, 'request_invalid', 'session_exists');
    }
  });

  test('the twenty-first job that waits is refused, and another session is not held up', async () => {
    await call(home.session(), 'POST', '/v1/jobs', spec({ backend: 'simulator' })).then(async (answer) => call(home.session(), 'GET', `/v1/jobs/${textAt(answer.json, 'job', 'job_id')}/wait`));
    const made = await Promise.all(Array.from({ length: 25 }, () => call(home.session(), 'POST', '/submit', spec())));
    assert.equal(made.filter(({ status }) => status === 201).length, 20);
    for (const answer of made.filter(({ status }) => status !== 201)) assert.deepEqual([answer.status, errorOf(answer).code], [429, 'too_many_pending']);
    assert.equal((await call(home.session('other'), 'POST', '/submit', spec())).status, 201);
  });
});

test('after all of that the broker answers, its journal verifies and its log holds no fault', async () => {
  const status = await call(home.control, 'GET', '/v1/status');
  assert.equal(at(status.json, 'frozen'), false);
  assert.deepEqual(at((await call(home.control, 'GET', '/v1/journal/verify')).json, 'problems'), []);
});
