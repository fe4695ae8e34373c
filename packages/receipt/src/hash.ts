// SHA-256 by Node's crypto, for the pure parts that ask for a hash function.
import { createHash } from 'node:crypto';
import type { Sha256 } from '@dewar/protocol';

export const sha256: Sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest());
