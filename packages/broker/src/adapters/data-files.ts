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
    const folders = await Promise.all(within.map((folder) => realpath(folder).catch(() => null)));
    // Opened first, then asked where it really is: what is checked is what is read.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
    if (!file) throw refuse('cannot be opened, or is a link');
    try {
      // A file that was removed or renamed meanwhile has no place any more.
      const real = await realpath(`/proc/self/fd/${file.fd}`).catch(() => null);
      if (real === null) throw refuse('was moved while it was read');
      if (!folders.some((folder) => folder !== null && inside(folder, real))) throw refuse('is outside the granted folders');
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
