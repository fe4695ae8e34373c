// A dense quantum state, changed in place by gates; bit k of an index is qubit position k.

/** A 2×2 complex matrix: real and imaginary parts of the entries 00, 01, 10, 11. */
export type Matrix2 = readonly [number, number, number, number, number, number, number, number];

export class StateVector {
  readonly positions: number;
  readonly re: Float64Array;
  readonly im: Float64Array;

  /** All qubits 0. 16 bytes for each of 2^positions amplitudes. */
  constructor(positions: number) {
    this.positions = positions;
    this.re = new Float64Array(2 ** positions);
    this.im = new Float64Array(2 ** positions);
    this.re[0] = 1;
  }

  copyFrom(other: StateVector): void {
    this.re.set(other.re);
    this.im.set(other.im);
  }

  /** X on one position wherever all control bits are set. */
  flip(position: number, controls: number): void {
    const { re, im } = this;
    const stride = 2 ** position;
    for (let base = 0; base < re.length; base += 2 * stride) {
      for (let low = base; low < base + stride; low += 1) {
        if ((low & controls) !== controls) continue;
        const high = low + stride;
        const lowRe = re[low] as number;
        const lowIm = im[low] as number;
        re[low] = re[high] as number;
        im[low] = im[high] as number;
        re[high] = lowRe;
        im[high] = lowIm;
      }
    }
  }

  /** Multiplies by a phase wherever the position and all control bits are set. */
  phase(position: number, controls: number, phaseRe: number, phaseIm: number): void {
    const { re, im } = this;
    const stride = 2 ** position;
    for (let base = stride; base < re.length; base += 2 * stride) {
      for (let index = base; index < base + stride; index += 1) {
        if ((index & controls) !== controls) continue;
        const oldRe = re[index] as number;
        const oldIm = im[index] as number;
        re[index] = oldRe * phaseRe - oldIm * phaseIm;
        im[index] = oldRe * phaseIm + oldIm * phaseRe;
      }
    }
  }

  /** A 2×2 matrix on one position wherever all control bits are set. */
  mix(position: number, controls: number, matrix: Matrix2): void {
    const { re, im } = this;
    const [aRe, aIm, bRe, bIm, cRe, cIm, dRe, dIm] = matrix;
    const stride = 2 ** position;
    for (let base = 0; base < re.length; base += 2 * stride) {
      for (let low = base; low < base + stride; low += 1) {
        if ((low & controls) !== controls) continue;
        const high = low + stride;
        const lowRe = re[low] as number;
        const lowIm = im[low] as number;
        const highRe = re[high] as number;
        const highIm = im[high] as number;
        re[low] = aRe * lowRe - aIm * lowIm + bRe * highRe - bIm * highIm;
        im[low] = aRe * lowIm + aIm * lowRe + bRe * highIm + bIm * highRe;
        re[high] = cRe * lowRe - cIm * lowIm + dRe * highRe - dIm * highIm;
        im[high] = cRe * lowIm + cIm * lowRe + dRe * highIm + dIm * highRe;
      }
    }
  }

  /** Turns the state into running sums of its probabilities, in `re`, and gives them; the state is spent. */
  collapse(): Float64Array {
    const { re, im } = this;
    let sum = 0;
    for (let index = 0; index < re.length; index += 1) {
      sum += (re[index] as number) ** 2 + (im[index] as number) ** 2;
      re[index] = sum;
    }
    return re;
  }
}

/** The index whose share of the running sums holds `unit` × their total. */
export function drawn(sums: Float64Array, unit: number): number {
  const wanted = unit * (sums.at(-1) ?? 0);
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] as number) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
