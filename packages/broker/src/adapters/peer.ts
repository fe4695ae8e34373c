// Who is at the other end of a UNIX socket: uid from the kernel, and whether it lives in the broker's own namespaces.
import { readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import koffi from 'koffi';
import { DewarError } from '@dewar/protocol';

// getsockopt(2), socket(7): SOL_SOCKET 1, SO_PEERCRED 17 on Linux for every architecture that Dewar runs on.
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** Namespaces that a sandbox changes and the user's own shell does not. */
const namespaces = ['user', 'mnt', 'pid'] as const;

/** A check that throws `peer_refused` for another uid or namespace, and `peer_unreadable` where the kernel does not tell. */
export function peerCheck(): (socket: Socket) => void {
  if (process.platform !== 'linux') {
    return () => {
      throw new DewarError({ code: 'peer_unreadable', message: `peers cannot be checked on ${process.platform} yet`, fix: 'run Dewar on Linux, or in a Linux container' });
    };
  }
  const libc = koffi.load(null);
  const getsockopt = libc.func('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)') as (fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array) => number;
  const own = { uid: process.getuid?.() ?? -1, namespaces: namespaces.map((name) => readlinkSync(`/proc/self/ns/${name}`)) };
  return (socket) => {
    const { pid, uid } = credentials(socket, getsockopt);
    if (uid !== own.uid) throw refused(`belongs to uid ${uid}`);
    namespaces.forEach((name, index) => {
      if (namespaceOf(pid, name) !== own.namespaces[index]) throw refused(`lives in another ${name} namespace`);
    });
  };
}

function credentials(socket: Socket, getsockopt: (fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array) => number): { pid: number; uid: number } {
  const handle: unknown = (socket as unknown as { readonly _handle?: unknown })._handle;
  const fd = typeof handle === 'object' && handle !== null && 'fd' in handle && typeof handle.fd === 'number' ? handle.fd : -1;
  // struct ucred { pid_t pid; uid_t uid; gid_t gid; }: three 32-bit integers.
  const value = new Uint8Array(12);
  if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, new Uint32Array([12])) !== 0) throw unreadable('the kernel does not tell who is at the other end');
  const [pid = 0, uid = 0] = new Int32Array(value.buffer);
  // 0 where the peer is not visible in this pid namespace.
  if (pid <= 0) throw refused('lives in a pid namespace that the broker cannot see');
  return { pid, uid };
}

function namespaceOf(pid: number, name: string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/${name}`);
  } catch {
    throw unreadable(`the ${name} namespace of process ${pid} cannot be read`);
  }
}

function refused(why: string): DewarError {
  return new DewarError({ code: 'peer_refused', message: `the control socket is for the person at this machine; the caller ${why}`, fix: 'run this command in your own shell, outside any sandbox' });
}

function unreadable(why: string): DewarError {
  return new DewarError({ code: 'peer_unreadable', message: why, fix: 'run this command in your own shell, with /proc mounted' });
}
