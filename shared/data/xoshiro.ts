/** A seeded stream of numbers: the same on every machine, and no secret. */
export interface Random {
  /** Uniform over the 32-bit integers. */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, bound), without modulo bias; 1 ≤ bound ≤ 2^53. Takes 32 bits a try up to 2^32, above it 53 bits of two words. */
  below(bound: number): number;
  /** One of the items, all alike. */
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Where the stream stands: a new one started there goes on from it. */
  state(): RandomState;
}

/** The generator's four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/** xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021; prng.di.unimi.it). */
export const xoshiro = (start: RandomState): Random => {
  let [a, b, c, d] = start;

  const uint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };

  const uint53 = (): number => (uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6);
  const next = (): number => uint53() / TWO_53;

  const below = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > TWO_53) {
      throw new RangeError(`bound must be an integer from 1 to 2^53, got ${bound}`);
    }
    const [range, take] = bound <= TWO_32 ? [TWO_32, uint32] : [TWO_53, uint53];
    const limit = range - (range % bound);
    let draw = take();
    while (draw >= limit) draw = take();
    return draw % bound;
  };

  return {
    uint32,
    next,
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
    state: () => [a >>> 0, b >>> 0, c >>> 0, d >>> 0],
  };
};

const rotateLeft = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));
