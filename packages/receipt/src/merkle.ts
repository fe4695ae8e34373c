// The journal's Merkle tree: RFC 6962 §2.1 hashes, a compact frontier to append to, and the proofs that outsiders check.
import { DewarError, type Sha256 } from '@dewar/protocol';

/** An append-only tree seen from its right edge: roots of the perfect subtrees that make it up, largest (oldest) first. Never changed in place. */
export interface Frontier {
  /** Leaves so far: 0 to 2^53 - 1. */
  readonly size: number;
  /** One 32-byte hash for each 1 in the binary form of `size`. */
  readonly hashes: readonly Uint8Array[];
}

export const emptyFrontier: Frontier = { size: 0, hashes: [] };

/** RFC 6962 §2.1: SHA-256(0x00 || leaf). */
export function leafHash(leaf: Uint8Array, sha256: Sha256): Uint8Array {
  const bytes = new Uint8Array(1 + leaf.length);
  bytes.set(leaf, 1);
  return sha256(bytes);
}

/** RFC 6962 §2.1: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  const bytes = new Uint8Array(1 + left.length + right.length);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 1 + left.length);
  return sha256(bytes);
}

/** The frontier with one leaf more. Throws `journal_invalid` when the frontier is not one (a damaged store). */
export function appendLeaf(frontier: Frontier, leaf: Uint8Array, sha256: Sha256): Frontier {
  checkFrontier(frontier);
  checkHash(leaf);
  const hashes = [...frontier.hashes];
  let joined = leaf;
  for (let rest = frontier.size; rest % 2 === 1; rest = half(rest)) {
    const left = hashes.pop();
    if (left) joined = nodeHash(left, joined, sha256);
  }
  return { size: frontier.size + 1, hashes: [...hashes, joined] };
}

/** The tree's root; of the empty tree, SHA-256 of no bytes (RFC 6962 §2.1). */
export function rootOf(frontier: Frontier, sha256: Sha256): Uint8Array {
  checkFrontier(frontier);
  let root: Uint8Array | undefined;
  for (const hash of frontier.hashes.toReversed()) root = root ? nodeHash(hash, root, sha256) : hash;
  return root ?? sha256(new Uint8Array(0));
}

/** The root over leaf hashes, computed by the recursive definition of RFC 6962 §2.1. */
export function rootOfLeaves(leaves: readonly Uint8Array[], sha256: Sha256): Uint8Array {
  return leaves.length === 0 ? sha256(new Uint8Array(0)) : rangeRoot(leaves, 0, leaves.length, sha256);
}

/** RFC 6962 §2.1.1: the hashes that lead from a leaf to the root, nearest first. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number, sha256: Sha256): Uint8Array[] {
  if (!isIndex(index) || index >= leaves.length) throw invalid(`no leaf ${index} in a tree of ${leaves.length}`);
  const proof: Uint8Array[] = [];
  let from = 0;
  let to = leaves.length;
  while (to - from > 1) {
    const middle = from + split(to - from);
    if (index < middle) {
      proof.push(rangeRoot(leaves, middle, to, sha256));
      to = middle;
    } else {
      proof.push(rangeRoot(leaves, from, middle, sha256));
      from = middle;
    }
  }
  return proof.reverse();
}

export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** RFC 9162 §2.1.3.2. False for anything that is not a proof, malformed input included. */
export function verifyInclusion({ leaf, index, size, root, proof }: InclusionClaim, sha256: Sha256): boolean {
  if (!isIndex(index) || !isIndex(size) || index >= size || ![leaf, root, ...proof].every(isHash)) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      hash = nodeHash(sibling, hash, sha256);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      hash = nodeHash(hash, sibling, sha256);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(hash, root);
}

/** RFC 6962 §2.1.2: the hashes that show the first `first` leaves to be a prefix of the whole. */
export function consistencyProof(leaves: readonly Uint8Array[], first: number, sha256: Sha256): Uint8Array[] {
  if (!isIndex(first) || first > leaves.length) throw invalid(`no tree of ${first} inside a tree of ${leaves.length}`);
  if (first === 0 || first === leaves.length) return [];
  const proof: Uint8Array[] = [];
  let from = 0;
  let to = leaves.length;
  while (first !== to) {
    const middle = from + split(to - from);
    if (first <= middle) {
      proof.push(rangeRoot(leaves, middle, to, sha256));
      to = middle;
    } else {
      proof.push(rangeRoot(leaves, from, middle, sha256));
      from = middle;
    }
  }
  // SUBPROOF's flag b: the old root itself is left out, since the verifier has it.
  if (from !== 0) proof.push(rangeRoot(leaves, from, to, sha256));
  return proof.reverse();
}

export interface ConsistencyClaim {
  readonly first: number;
  readonly firstRoot: Uint8Array;
  readonly second: number;
  readonly secondRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** RFC 9162 §2.1.4.2; every tree extends the empty one, by an empty proof. False for anything that is not a proof. */
export function verifyConsistency({ first, firstRoot, second, secondRoot, proof }: ConsistencyClaim, sha256: Sha256): boolean {
  if (!isIndex(first) || !isIndex(second) || first > second || ![firstRoot, secondRoot, ...proof].every(isHash)) return false;
  if (first === second) return proof.length === 0 && equal(firstRoot, secondRoot);
  if (first === 0) return proof.length === 0 && equal(firstRoot, sha256(new Uint8Array(0)));
  const [seed, ...path] = isPowerOfTwo(first) ? [firstRoot, ...proof] : proof;
  if (!seed) return false;
  let fn = first - 1;
  let sn = second - 1;
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let older = seed;
  let newer = seed;
  for (const hash of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      older = nodeHash(hash, older, sha256);
      newer = nodeHash(hash, newer, sha256);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else {
      newer = nodeHash(newer, hash, sha256);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(older, firstRoot) && equal(newer, secondRoot);
}

function rangeRoot(leaves: readonly Uint8Array[], from: number, to: number, sha256: Sha256): Uint8Array {
  if (to - from > 1) {
    const middle = from + split(to - from);
    return nodeHash(rangeRoot(leaves, from, middle, sha256), rangeRoot(leaves, middle, to, sha256), sha256);
  }
  const leaf = leaves[from];
  if (!leaf) throw invalid(`no leaf ${from}`);
  checkHash(leaf);
  return leaf;
}

/** RFC 6962 §2.1: the largest power of two smaller than n. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

// Sizes reach 2^53 - 1, where the 32-bit operators are wrong.
function half(n: number): number {
  return Math.floor(n / 2);
}

function isIndex(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function isPowerOfTwo(n: number): boolean {
  return n === 1 || split(n) * 2 === n;
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === 32;
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function checkHash(bytes: Uint8Array): void {
  if (!isHash(bytes)) throw invalid(`a tree hash has 32 bytes, got ${bytes.length}`);
}

function checkFrontier({ size, hashes }: Frontier): void {
  let ones = 0;
  for (let rest = size; isIndex(size) && rest > 0; rest = half(rest)) ones += rest % 2;
  if (!isIndex(size) || size === Number.MAX_SAFE_INTEGER || ones !== hashes.length) {
    throw invalid(`a frontier of ${size} leaves cannot have ${hashes.length} hashes`);
  }
  hashes.forEach(checkHash);
}

function invalid(message: string): DewarError {
  return new DewarError({ code: 'journal_invalid', message, fix: 'run: dewar journal verify' });
}
