// What the broker takes from itself at start: being dumped, being traced by its own user, leaving a core.
import koffi from 'koffi';
import { DewarError } from '@dewar/protocol';

// prctl(2) PR_SET_DUMPABLE 4; getrlimit(2) RLIMIT_CORE 4 on Linux.
const PR_SET_DUMPABLE = 4;
const RLIMIT_CORE = 4;

/** Throws `platform_unsupported` when the kernel refuses, `home_invalid` when NODE_OPTIONS could load code into the broker. */
export function hardenProcess(): void {
  if (process.env['NODE_OPTIONS'] !== undefined) {
    throw new DewarError({ code: 'home_invalid', message: 'NODE_OPTIONS is set: it can load code into the broker', got: process.env['NODE_OPTIONS'].slice(0, 60), fix: 'start the broker with: dewar up' });
  }
  // Node opens its inspector on this signal unless somebody else takes it; `--disable-sigusr1` is not always given.
  process.on('SIGUSR1', () => undefined);
  if (process.platform !== 'linux') return;
  const libc = koffi.load(null);
  const prctl = libc.func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)') as (option: number, a: number, b: number, c: number, d: number) => number;
  const setrlimit = libc.func('int setrlimit(int resource, const uint64_t *limit)') as (resource: number, limit: BigUint64Array) => number;
  if (setrlimit(RLIMIT_CORE, new BigUint64Array([0n, 0n])) !== 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) !== 0) {
    throw new DewarError({ code: 'platform_unsupported', message: 'the kernel did not let the broker protect its memory', fix: 'run the broker outside this container, or allow prctl and setrlimit in it' });
  }
}
