// A small seeded generator: the same seed gives the same numbers on every machine.

/** xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded by SplitMix32 from a seed and a stream number. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /**
   * @param seed an integer from 0 to Number.MAX_SAFE_INTEGER
   * @param stream keeps uses of one seed apart
   */
  constructor(seed: number, stream: number) {
    let state = (seed >>> 0) ^ Math.imul(Math.floor(seed / 0x1_0000_0000), 0x85eb_ca6b) ^ Math.imul(stream + 1, 0xc2b2_ae35);
    const mixed = (): number => {
      state = (state + 0x9e37_79b9) | 0;
      let word = state ^ (state >>> 16);
      word = Math.imul(word, 0x21f0_aaad);
      word ^= word >>> 15;
      word = Math.imul(word, 0x735a_2d97);
      return word ^ (word >>> 15);
    };
    this.#a = mixed();
    this.#b = mixed();
    this.#c = mixed();
    // All-zero is the one state that the generator cannot leave.
    this.#d = mixed() | 1;
  }

  /** 32 random bits. */
  word(): number {
    const scaled = Math.imul(this.#b, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform in [0, 1), in steps of 2^-53. */
  unit(): number {
    const high = this.word() >>> 5;
    return (high * 0x400_0000 + (this.word() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** Uniform integer from 0 to bound - 1; the bias of multiplying is below bound × 2^-53. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }
}
