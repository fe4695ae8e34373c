// Artifacts as files named by their SHA-256, read back only if they still have it.
import { access, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DewarError, digestOf, type Digest, type Sha256 } from '@dewar/protocol';
import type { Artifacts } from '../core/ports.ts';
import { fileError, makeFolder, syncFolder, writeDurably } from './durable.ts';

export class ArtifactFiles implements Artifacts {
  readonly #folder: string;
  readonly #sha256: Sha256;

  constructor(folder: string, sha256: Sha256) {
    this.#folder = folder;
    this.#sha256 = sha256;
  }

  async put(bytes: Uint8Array): Promise<Digest> {
    const digest = digestOf(bytes, this.#sha256);
    const path = this.path(digest);
    if (await this.#intact(digest, path)) return digest;
    await makeFolder(dirname(path));
    await writeDurably(path, bytes);
    return digest;
  }

  async get(digest: Digest): Promise<Uint8Array> {
    const path = this.path(digest);
    const bytes = await readFile(path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        throw new DewarError({ code: 'artifact_unknown', message: 'no artifact of that digest is in the store', got: digest, fix: 'upload it first: PUT /v1/artifacts' });
      }
      throw fileError(error, path);
    });
    const found = digestOf(bytes, this.#sha256);
    if (found !== digest) {
      throw new DewarError({ code: 'artifact_digest_mismatch', message: `the stored bytes of ${digest.slice(0, 19)}… have changed`, got: found, allowed: digest, fix: 'upload it again and submit again; find out who wrote to the store' });
    }
    return bytes;
  }

  /** Where a digest's bytes rest. */
  path(digest: Digest): string {
    const name = digest.slice('sha256:'.length);
    return join(this.#folder, name.slice(0, 2), name);
  }

  /** A stored file that still has its digest need not be written again; a damaged one is replaced by the good bytes. */
  async #intact(digest: Digest, path: string): Promise<boolean> {
    try {
      await access(path);
      const file = await open(path, 'r');
      try {
        await file.sync();
        await syncFolder(dirname(path));
        return digestOf(await file.readFile(), this.#sha256) === digest;
      } finally {
        await file.close();
      }
    } catch {
      return false;
    }
  }
}
