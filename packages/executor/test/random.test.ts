// The seeded generator gives what its published vectors say.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Random } from '../src/simulation/random.ts';

const words = (seed: number, stream: number): number[] => {
  const random = new Random(seed, stream);
  return Array.from({ length: 4 }, () => random.word());
};

describe('Random', () => {
  it('gives the numbers it always gave', () => {
    assert.deepEqual(words(0, 0), [648153708, 1151698062, 2768248160, 2810533284]);
    assert.deepEqual(words(Number.MAX_SAFE_INTEGER, 1), [2910213664, 420896696, 1999089946, 1948589838]);
  });

  it('differs for seeds that share their low or high 32 bits, and for streams', () => {
    const texts = [words(1, 0), words(2, 0), words(1 + 2 ** 32, 0), words(2 ** 32, 0), words(1, 1)].map(String);
    assert.equal(new Set(texts).size, texts.length);
  });

  it('stays in [0, 1) and below its bound, and spreads evenly', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (seed) => {
      const random = new Random(seed, 0);
      const buckets = Array<number>(16).fill(0);
      for (let draw = 0; draw < 4096; draw += 1) {
        const unit = random.unit();
        assert.ok(unit >= 0 && unit < 1);
        const below = random.below(16);
        assert.ok(Number.isInteger(below) && below >= 0 && below < 16);
        buckets[below] = (buckets[below] ?? 0) + 1;
      }
      // 256 expected, standard deviation 15.5.
      for (const bucket of buckets) assert.ok(Math.abs(bucket - 256) < 8 * 15.5, `bucket of ${bucket}`);
    }), { numRuns: 50 });
  });
});
