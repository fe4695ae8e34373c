// Lines in, messages out: whatever a line holds, its sender gets an answer, and the next line is read as if nothing had been.
import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { setImmediate as tick } from 'node:timers/promises';
import fc from 'fast-check';
import { errorCodes } from '@dewar/protocol';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { lineLimits, LineTransport } from '../src/line-transport.ts';

interface Refusal {
  readonly id?: unknown;
  readonly error: { readonly code: number; readonly message: string; readonly data: { readonly code: string; readonly fix?: string } };
}

async function started(output: Writable = new PassThrough()) {
  const input = new PassThrough();
  const got: JSONRPCMessage[] = [];
  let ends = 0;
  const transport = new LineTransport(input, output, () => {
    ends += 1;
  });
  Object.assign(transport, { onmessage: (message: JSONRPCMessage) => got.push(message) });
  await transport.start();
  const sent = (): Refusal[] => String(output instanceof PassThrough ? (output.read() ?? '') : '').split('\n').filter((line) => line !== '').map((line): Refusal => JSON.parse(line));
  return { input, got, transport, sent, ends: () => ends };
}

const ping = (id: number | string): string => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })}\n`;

describe('lines that are no message', () => {
  for (const [what, line, id, code, typed] of [
    ['text', 'hello', undefined, -32700, 'json_syntax'],
    ['half a message', '{"jsonrpc":"2.0","id":1', undefined, -32700, 'json_syntax'],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', undefined, -32600, 'request_invalid'],
    ['another version of JSON-RPC', '{"jsonrpc":"1.0","id":7,"method":"ping"}', 7, -32600, 'request_invalid'],
    ['no version at all', '{"id":"a","method":"ping"}', 'a', -32600, 'request_invalid'],
    ['a number', '12', undefined, -32600, 'request_invalid'],
    ['null', 'null', undefined, -32600, 'request_invalid'],
    ['an id that is none', '{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}', undefined, -32600, 'request_invalid'],
    ['a key twice', '{"jsonrpc":"2.0","id":3,"method":"ping","method":"tools/list"}', 3, -32600, 'json_duplicate_key'],
    ['deep nesting', `{"jsonrpc":"2.0","id":4,"method":"x","params":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`, 4, -32600, 'json_depth'],
    ['a number that a double changes', '{"jsonrpc":"2.0","id":5,"method":"x","params":{"n":9007199254740993}}', 5, -32600, 'json_number'],
    ['a lone surrogate', '{"jsonrpc":"2.0","id":6,"method":"x","params":{"n":"\\ud800"}}', 6, -32600, 'json_unicode'],
    ['too many values', `{"jsonrpc":"2.0","id":8,"method":"x","params":[${'1,'.repeat(lineLimits.values)}1]}`, 8, -32600, 'body_too_large'],
  ] as const) {
    test(`${what} is refused with a type, and the next line is read`, async () => {
      const { input, got, sent } = await started();
      input.write(`${line}\n${ping(99)}`);
      await tick();
      const [refusal, ...more] = sent();
      assert.deepEqual([refusal?.id, refusal?.error.code, refusal?.error.data.code, more.length], [id, code, typed, 0]);
      assert.deepEqual(got, [{ jsonrpc: '2.0', id: 99, method: 'ping' }]);
    });
  }

  test('bytes that are not UTF-8 are refused', async () => {
    const { input, got, sent } = await started();
    input.write(Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}\n')]));
    await tick();
    assert.equal(sent()[0]?.error.data.code, 'json_unicode');
    assert.deepEqual(got, []);
  });

  test('a line without end is thrown away as it comes, refused once, and does not take the next one with it', async () => {
    const { input, got, sent } = await started();
    const chunk = Buffer.alloc(1_048_576, 0x61);
    for (let sentBytes = 0; sentBytes <= lineLimits.bytes + chunk.length; sentBytes += chunk.length) input.write(chunk);
    await tick();
    assert.deepEqual(sent(), []);
    input.write(`\n${ping('after')}`);
    await tick();
    assert.deepEqual(sent().map((one) => one.error.data.code), ['body_too_large']);
    assert.deepEqual(got, [{ jsonrpc: '2.0', id: 'after', method: 'ping' }]);
  });

  test('property: random bytes are answered by typed refusals only, a line each at most', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const { input, sent } = await started();
      input.write(bytes);
      input.write('\n');
      await tick();
      for (const one of sent()) assert.ok((errorCodes as readonly string[]).includes(one.error.data.code));
    }), { numRuns: 200 });
  });
});

test('messages are found wherever the chunks are cut, with either line end, and empty lines are nothing', async () => {
  const text = `${ping(1)}\n\r\n${ping('zwei – ü').replace('\n', '\r\n')}${ping(3)}`;
  const bytes = Buffer.from(text);
  for (const step of [1, 2, 7, bytes.length]) {
    const { input, got, sent } = await started();
    for (let at = 0; at < bytes.length; at += step) input.write(bytes.subarray(at, at + step));
    await tick();
    assert.deepEqual(got.map((message) => 'id' in message && message.id), [1, 'zwei – ü', 3]);
    assert.deepEqual(sent(), []);
  }
});

test('a client that does not read is not read from until it does', async () => {
  const waiting: (() => void)[] = [];
  const slow = new Writable({ highWaterMark: 10, write: (_chunk, _encoding, done) => void waiting.push(done) });
  const { input, transport, got } = await started(slow);
  await transport.send({ jsonrpc: '2.0', id: 1, result: {} });
  input.write(ping(2));
  await tick();
  assert.deepEqual(got, []);
  waiting.shift()?.();
  await tick();
  await tick();
  assert.equal(got.length, 1);
});

for (const [what, end] of [
  ['the end of input', (input: PassThrough) => input.end()],
  ['an input that breaks', (input: PassThrough) => input.destroy(new Error('broken'))],
] as const) {
  test(`${what} ends the transport once, and nothing is written afterwards`, async () => {
    const { input, transport, sent, ends } = await started();
    end(input);
    await tick();
    await tick();
    await transport.send({ jsonrpc: '2.0', id: 1, result: {} });
    await transport.close();
    assert.equal(ends(), 1);
    assert.deepEqual(sent(), []);
  });
}

test('an output that breaks ends the transport', async () => {
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
  const { transport, ends } = await started(broken);
  await transport.send({ jsonrpc: '2.0', id: 1, result: {} });
  await tick();
  assert.equal(ends(), 1);
});
