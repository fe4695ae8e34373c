// The circuits of a tour: the person's own or the Bell pair, and a copy that differs by a comment.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { digestOf, limits, type Digest } from '@dewar/protocol';
import { project } from './places.ts';

export interface Circuit {
  /** A file name without surprises, ending in `.qasm`. */
  readonly name: string;
  readonly source: Uint8Array;
  readonly digest: Digest;
  /** As the person typed it; undefined for the tour's own. */
  readonly own: string | undefined;
}

function circuit(name: string, source: Uint8Array, own: string | undefined): Circuit {
  return { name, source, own, digest: digestOf(source, (bytes) => createHash('sha256').update(bytes).digest()) };
}

export async function tourCircuit(): Promise<Circuit> {
  return circuit('bell.qasm', await readFile(`${project}/examples/circuits/bell.qasm`), undefined);
}

export function ownCircuit(path: string, source: Uint8Array): Circuit {
  const name = basename(path);
  return circuit(/^[\w][\w.-]{0,60}\.qasm$/.test(name) ? name : 'circuit.qasm', source, path);
}

const comment = '\n// The same circuit, for the job whose bytes the tour changes.\n';

/** The same circuit under another digest; undefined where that would be too large. */
export function copyOf(original: Circuit): Circuit | undefined {
  const source = Buffer.concat([original.source, Buffer.from(comment)]);
  return source.length > limits.program_bytes ? undefined : circuit(original.name.replace(/(\.qasm)$/, '-copy$1'), source, original.own);
}

export interface Flip {
  readonly offset: number;
  readonly before: string;
  readonly after: string;
  /** From 1. */
  readonly line: number;
  /** The whole line before and after; untrusted. */
  readonly lineBefore: string;
  readonly lineAfter: string;
}

/** One bit of one byte: that of the first gate's first qubit index where there is one, so that another qubit would be acted on. */
export function flipOf(source: Uint8Array): Flip {
  const text = Buffer.from(source).toString('latin1');
  const gate = /^[ \t]*\w+(?:\([^)\n]*\))?[ \t]+\w+\[(?=\d\])/m.exec(text);
  const offset = gate === null ? Math.floor(source.length / 2) : gate.index + gate[0].length;
  const changed = Uint8Array.from(source);
  changed[offset] = (changed[offset] ?? 0) ^ 1;
  const lineOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8').split('\n')[line - 1] ?? '';
  const line = text.slice(0, offset).split('\n').length;
  return {
    offset, line, before: String.fromCharCode(source[offset] ?? 0), after: String.fromCharCode(changed[offset] ?? 0), lineBefore: lineOf(source), lineAfter: lineOf(changed),
  };
}
