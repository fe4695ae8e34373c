// Splits what a child writes into lines, and stops taking it when it is too much.
import { StringDecoder } from 'node:string_decoder';

/** Feed it chunks; it gives the lines that they complete, or `null` once all bytes together pass `maxBytes`. */
export function lineReader(maxBytes: number): (chunk: Uint8Array) => string[] | null {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  let taken = 0;
  return (chunk) => {
    taken += chunk.byteLength;
    if (taken > maxBytes) return null;
    const [first = '', ...rest] = decoder.write(chunk).split('\n');
    parts.push(first);
    const last = rest.pop();
    if (last === undefined) return [];
    const lines = [parts.join(''), ...rest];
    parts = [last];
    return lines;
  };
}

/** Keeps the first `maxBytes` of what it is fed; the rest is read and dropped, so the writer never blocks. */
export class CappedText {
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #kept = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(chunk: Uint8Array): void {
    const part = chunk.subarray(0, this.#maxBytes - this.#kept);
    this.#kept += part.byteLength;
    if (part.byteLength > 0) this.#chunks.push(part);
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
