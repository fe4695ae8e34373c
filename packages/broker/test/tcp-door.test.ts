// The TCP door by itself: what becomes of those who are connected when it closes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeIdentity } from '../src/adapters/certificate.ts';
import { openTcpDoor } from '../src/server/tcp-door.ts';

test('who connected and never does the handshake holds up no closing', async () => {
  const { privatePem, certificatePem } = await makeIdentity(Date.now());
  const door = await openTcpDoor({ port: 0, privatePem, certificatePem, sessionOf: async () => null, appOf: () => Promise.reject(new Error('nobody is let in')), report: (error) => assert.fail(String(error)) });
  const idle = connect(door.port, '127.0.0.1').on('error', () => undefined).resume();
  await once(idle, 'connect');
  // A handshake's own time is 10 s; the server has taken the connection long before this.
  await sleep(200);
  const gone = once(idle, 'close').then(() => 'let go of');
  const closed = door.close();
  assert.equal(await Promise.race([gone, sleep(8000, 'held up', { ref: false })]), 'let go of');
  await closed;
});
