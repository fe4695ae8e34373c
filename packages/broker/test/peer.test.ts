// Who is at the other end of the control socket: the same user in the same namespaces, or nobody.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DewarError, type ErrorCode } from '@dewar/protocol';
import { peerCheck } from '../src/adapters/peer.ts';

const skip = process.platform === 'linux' ? false : 'peers are told on Linux only';

async function accepted(listen: string | number): Promise<{ readonly server: Socket; readonly close: () => void }> {
  const listener = createServer();
  await new Promise<void>((resolve) => {
    if (typeof listen === 'string') listener.listen(listen, resolve);
    else listener.listen(listen, '127.0.0.1', resolve);
  });
  const arrived = new Promise<Socket>((resolve) => { listener.once('connection', resolve); });
  const client = typeof listen === 'string' ? connect(listen) : connect((listener.address() as AddressInfo).port, '127.0.0.1');
  const server = await arrived;
  const close = (): void => {
    for (const socket of [client, server]) socket.destroy();
    listener.close();
  };
  return { server, close };
}

function codeOf(call: () => void): ErrorCode | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof DewarError) return error.code;
    throw error;
  }
}

test('the user\'s own process may enter', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p-'));
  const { server, close } = await accepted(join(folder, 's'));
  assert.equal(codeOf(() => peerCheck()(server)), undefined);
  close();
  rmSync(folder, { recursive: true });
});

test('where the kernel does not say who it is, nobody enters', { skip }, async () => {
  const check = peerCheck();
  const { server, close } = await accepted(0);
  assert.ok(['peer_refused', 'peer_unreadable'].includes(codeOf(() => check(server)) ?? ''), 'a TCP peer');
  close();
  assert.equal(codeOf(() => check(new Socket())), 'peer_unreadable', 'a socket with no end');
});
