// The journal's tree against published roots, another implementation's proofs, and forgeries.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { DewarError } from '@dewar/protocol';
import {
  appendLeaf, consistencyProof, emptyFrontier, inclusionProof, leafHash, rootOf, rootOfLeaves, sha256, verifyConsistency, verifyInclusion, type Frontier,
} from '../src/index.ts';

interface Vectors {
  readonly leaves: readonly string[];
  readonly roots: readonly string[];
  readonly inclusion: readonly { readonly index: number; readonly size: number; readonly proof: readonly string[] }[];
  readonly consistency: readonly { readonly first: number; readonly second: number; readonly proof: readonly string[] }[];
}
const vectors = JSON.parse(readFileSync(new URL('../../../vectors/merkle/merkle.json', import.meta.url), 'utf8')) as Vectors;
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const text = (hash: Uint8Array) => Buffer.from(hash).toString('hex');
const leaves = (count: number) => Array.from({ length: count }, (_, at) => leafHash(new TextEncoder().encode(`leaf ${at}`), sha256));
const flipped = (hash: Uint8Array, bit: number) => hash.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

// Certificate transparency's reference roots for its eight test leaves, sizes 0 to 8.
const known = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('roots are those of the published certificate transparency trees', () => {
  assert.deepEqual(vectors.roots.slice(0, 9), known);
});

test('roots and proofs are byte for byte those of the vectors', () => {
  const hashes = vectors.leaves.map((leaf) => leafHash(bytes(leaf), sha256));
  let frontier: Frontier = emptyFrontier;
  vectors.roots.forEach((root, size) => {
    assert.equal(text(rootOfLeaves(hashes.slice(0, size), sha256)), root);
    assert.equal(text(rootOf(frontier, sha256)), root);
    const leaf = hashes[size];
    if (leaf) frontier = appendLeaf(frontier, leaf, sha256);
  });
  assert.equal(frontier.size, 21);
  for (const { index, size, proof } of vectors.inclusion) assert.deepEqual(inclusionProof(hashes.slice(0, size), index, sha256).map(text), proof);
  for (const { first, second, proof } of vectors.consistency) assert.deepEqual(consistencyProof(hashes.slice(0, second), first, sha256).map(text), proof);
});

test('appending changes no earlier frontier', () => {
  const [one, two] = leaves(2) as [Uint8Array, Uint8Array];
  const first = appendLeaf(emptyFrontier, one, sha256);
  const before = structuredClone(first);
  appendLeaf(first, two, sha256);
  assert.deepEqual(first, before);
  assert.deepEqual(emptyFrontier, { size: 0, hashes: [] });
});

test('the frontier has the root of the recursive definition at every size to 300', () => {
  const all = leaves(300);
  let frontier: Frontier = emptyFrontier;
  all.forEach((leaf, at) => {
    frontier = appendLeaf(frontier, leaf, sha256);
    assert.deepEqual(rootOf(frontier, sha256), rootOfLeaves(all.slice(0, at + 1), sha256));
  });
});

test('a frontier works above 2^32 leaves', () => {
  const hashes = leaves(2);
  const grown = appendLeaf({ size: 2 ** 40 + 1, hashes }, hashes[0] ?? assert.fail(), sha256);
  assert.equal(grown.size, 2 ** 40 + 2);
  assert.equal(grown.hashes.length, 2);
  assert.deepEqual(grown.hashes[0], hashes[0]);
});

test('a damaged frontier is refused', () => {
  const [hash] = leaves(1) as [Uint8Array];
  const damaged: Frontier[] = [
    { size: 2, hashes: [] }, { size: 2, hashes: [hash, hash] }, { size: -1, hashes: [hash] }, { size: 1.5, hashes: [hash] },
    { size: Number.MAX_SAFE_INTEGER, hashes: Array.from({ length: 53 }, () => hash) }, { size: Number.NaN, hashes: [] }, { size: 1, hashes: [hash.slice(1)] },
  ];
  for (const frontier of damaged) {
    for (const use of [() => appendLeaf(frontier, hash, sha256), () => rootOf(frontier, sha256)]) {
      assert.throws(use, (error) => error instanceof DewarError && error.code === 'journal_invalid', `size ${frontier.size}`);
    }
  }
  assert.throws(() => appendLeaf(emptyFrontier, hash.slice(1), sha256), { code: 'journal_invalid' });
  assert.throws(() => inclusionProof([hash], 1, sha256), { code: 'journal_invalid' });
  assert.throws(() => inclusionProof([hash], -1, sha256), { code: 'journal_invalid' });
  assert.throws(() => consistencyProof([hash], 2, sha256), { code: 'journal_invalid' });
});

test('every leaf of every tree to 64 leaves proves its place, and no other', () => {
  const all = leaves(64);
  for (let size = 1; size <= 64; size += 1) {
    const tree = all.slice(0, size);
    const root = rootOfLeaves(tree, sha256);
    tree.forEach((leaf, index) => {
      const proof = inclusionProof(tree, index, sha256);
      assert.ok(verifyInclusion({ leaf, index, size, root, proof }, sha256));
      assert.ok(!verifyInclusion({ leaf, index: (index + 1) % size, size, root, proof }, sha256) || size === 1, `${index} of ${size} elsewhere`);
      assert.ok(!verifyInclusion({ leaf, index, size, root, proof: [...proof, leaf] }, sha256), 'a hash more');
      assert.ok(proof.length === 0 || !verifyInclusion({ leaf, index, size, root, proof: proof.slice(1) }, sha256), 'a hash fewer');
    });
  }
});

test('every tree to 48 leaves is a prefix of every larger one, and of no other', () => {
  const all = leaves(48);
  const roots = Array.from({ length: 49 }, (_, size) => rootOfLeaves(all.slice(0, size), sha256));
  const root = (size: number) => roots[size] ?? assert.fail();
  const [spare] = leaves(1) as [Uint8Array];
  for (let second = 0; second <= 48; second += 1) {
    for (let first = 0; first <= second; first += 1) {
      const proof = consistencyProof(all.slice(0, second), first, sha256);
      const claim = { first, firstRoot: root(first), second, secondRoot: root(second), proof };
      assert.ok(verifyConsistency(claim, sha256), `${first} to ${second}`);
      assert.ok(!verifyConsistency({ ...claim, proof: [...proof, spare] }, sha256), `${first} to ${second}, a hash more`);
      assert.ok(!verifyConsistency({ ...claim, firstRoot: flipped(root(first), 0) }, sha256), `${first} to ${second}, another first root`);
      assert.ok(first === 0 || !verifyConsistency({ ...claim, secondRoot: flipped(root(second), 255) }, sha256), `${first} to ${second}, another second root`);
      assert.ok(proof.length === 0 || !verifyConsistency({ ...claim, proof: proof.slice(0, -1) }, sha256), `${first} to ${second}, a hash fewer`);
      assert.ok(first === second || first === 0 || !verifyConsistency({ ...claim, first: second, second: first }, sha256), 'backwards');
    }
  }
});

test('a proof for a tree of another height is refused, though it leads to the root', () => {
  const all = leaves(8);
  const [first, second] = all as [Uint8Array, Uint8Array];
  const root = (size: number) => rootOfLeaves(all.slice(0, size), sha256);
  assert.ok(verifyInclusion({ leaf: second, index: 1, size: 2, root: root(2), proof: [first] }, sha256));
  assert.ok(!verifyInclusion({ leaf: second, index: 0, size: 1, root: root(2), proof: [first] }, sha256), 'as the only leaf');
  assert.ok(verifyInclusion({ leaf: first, index: 0, size: 2, root: root(2), proof: [second] }, sha256));
  assert.ok(!verifyInclusion({ leaf: first, index: 0, size: 4, root: root(2), proof: [second] }, sha256), 'in a taller tree');
  const short = { first: 2, firstRoot: root(2), second: 4, secondRoot: root(4), proof: consistencyProof(all.slice(0, 4), 2, sha256) };
  const long = { first: 2, firstRoot: root(2), second: 8, secondRoot: root(8), proof: consistencyProof(all, 2, sha256) };
  assert.ok(verifyConsistency(short, sha256) && verifyConsistency(long, sha256));
  assert.ok(!verifyConsistency({ ...short, second: 8 }, sha256), 'to a taller tree');
  assert.ok(!verifyConsistency({ ...long, second: 4 }, sha256), 'to a lower tree');
  const whole = { first: 7, firstRoot: root(7), second: 8, secondRoot: root(8), proof: consistencyProof(all, 7, sha256) };
  assert.ok(verifyConsistency(whole, sha256) && !verifyConsistency({ ...whole, first: 3 }, sha256), 'from a lower tree');
  assert.ok(!verifyConsistency({ ...whole, first: 3, second: 4 }, sha256), 'between lower trees');
});

test('one flipped bit anywhere in an inclusion proof, leaf or root is refused', () => {
  const all = leaves(200);
  fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), fc.nat(), fc.nat({ max: 255 }), (size, at, which, bit) => {
    const tree = all.slice(0, size);
    const index = at % size;
    const parts = [all[index] ?? assert.fail(), rootOfLeaves(tree, sha256), ...inclusionProof(tree, index, sha256)];
    const [leaf, root, ...proof] = parts.map((part, place) => (place === which % parts.length ? flipped(part, bit) : part)) as [Uint8Array, Uint8Array, ...Uint8Array[]];
    return !verifyInclusion({ leaf, index, size, root, proof }, sha256);
  }), { numRuns: 200 });
});

test('a rewritten past is refused: no proof links trees that differ in an old leaf', () => {
  const all = leaves(100);
  fc.assert(fc.property(fc.integer({ min: 2, max: 100 }), fc.nat(), fc.nat(), (second, a, b) => {
    const first = 1 + (a % (second - 1));
    const forged = all.slice(0, second).map((leaf, at) => (at === b % first ? flipped(leaf, 3) : leaf));
    const claim = { first, firstRoot: rootOfLeaves(all.slice(0, first), sha256), second, secondRoot: rootOfLeaves(forged, sha256) };
    return [all, forged].every((source) => !verifyConsistency({ ...claim, proof: consistencyProof(source.slice(0, second), first, sha256) }, sha256));
  }), { numRuns: 200 });
});

test('indexes and sizes that are no indexes or sizes are refused', () => {
  const [leaf] = leaves(1) as [Uint8Array];
  for (const [index, size] of [[-1, 1], [0, 0], [1, 1], [0.5, 1], [0, Number.NaN], [0, 2 ** 53], [Number.NaN, 1]] as const) {
    assert.equal(verifyInclusion({ leaf, index, size, root: leaf, proof: [] }, sha256), false, `${index} of ${size}`);
    assert.equal(verifyConsistency({ first: index, second: size - 1, firstRoot: leaf, secondRoot: leaf, proof: [] }, sha256), index === 0 && size === 1, `${index} to ${size - 1}`);
  }
  assert.equal(verifyInclusion({ leaf: leaf.slice(1), index: 0, size: 1, root: leaf.slice(1), proof: [] }, sha256), false, 'a hash of 31 bytes');
});
