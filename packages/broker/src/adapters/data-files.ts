// Granted `file:` data: read once, through no link out of the granted folders, and only plain files.
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { relative, isAbsolute } from 'node:path';
import { DewarError, limits, shown } from '@dewar/protocol';
import type { DataFiles } from '../core/ports.ts';

export const dataFiles: DataFiles = {
  async read(path, within) {
    const refuse = (why: string, allowed?: string): DewarError =>
      new DewarError({ code: 'data_refused', message: `data file ${why}`, path: '/data', got: shown(`file:${path}`), allowed: allowed ?? (within.length > 0 ? within.join(', ') : 'nothing: this session was granted no folder'), fix: 'a person grants a folder with: dewar session create NAME --read DIR' });
    // By its letters first: outside the grant nothing is touched, so nobody learns what is there.
    if (!within.some((folder) => inside(folder, path))) throw refuse('is outside the granted folders');
    const folders = await Promise.all(within.map((folder) => realpath(folder).catch(() => null)));
    const granted = (real: string | null): boolean => real !== null && folders.some((folder) => folder !== null && inside(folder, real));
    const gone = refuse('is not there, or a link leads out of the granted folders');
    if (!granted(await realpath(path).catch(() => null))) throw gone;
    // Opened, then asked again where it really is: what is checked is what is read.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
    if (!file) throw gone;
    try {
      // A file that was removed or renamed meanwhile has no place any more.
      if (!granted(await realpath(`/proc/self/fd/${file.fd}`).catch(() => null))) throw gone;
      const found = await file.stat();
      if (!found.isFile()) throw refuse('is not a plain file');
      if (found.size > limits.artifact_bytes) throw refuse('is too large', `at most ${limits.artifact_bytes} bytes`);
      const bytes = new Uint8Array(found.size + 1);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      if (bytesRead !== found.size) throw refuse('changed while it was read');
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  },
};

function inside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && !way.startsWith('..') && !isAbsolute(way);
}
