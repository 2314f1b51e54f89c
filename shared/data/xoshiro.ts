/** A seeded stream of numbers: the same on every machine, and no secret. */
export interface Random {
  /** Uniform over the 32-bit integers. */
  uint32(): number;
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Uniform integer in [0, bound), without modulo bias; 1 ≤ bound ≤ 2^32. */
  below(bound: number): number;
  /** One of the items, all alike. */
  pick<T>(items: readonly [T, ...T[]]): T;
  /** Where the stream stands: a new one started there goes on from it. */
  state(): RandomState;
}

/** The generator's four 32-bit words. */
export type RandomState = readonly [number, number, number, number];

const TWO_32 = 2 ** 32;

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

  const next = (): number => ((uint32() >>> 5) * 2 ** 26 + (uint32() >>> 6)) / 2 ** 53;

  const below = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > TWO_32) {
      throw new RangeError(`bound must be an integer from 1 to 2^32, got ${bound}`);
    }
    const limit = TWO_32 - (TWO_32 % bound);
    let draw = uint32();
    while (draw >= limit) draw = uint32();
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
