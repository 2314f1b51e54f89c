import type { Random } from "#shared/data/random.js";
import { type RandomState, xoshiro } from "#shared/data/xoshiro.js";

const HALF = 2 ** 16;

/** A generator whose state is the first 16 bytes of a hash, little-endian. */
export const keyedRandom = (key: Buffer): Random =>
  xoshiro([0, 4, 8, 12].map((at) => key.readUInt32LE(at)) as unknown as RandomState);

/**
 * Fills with deviation · z, z nearly normal: the sum of twelve uniforms less six (Irwin and Hall), whose mean is 0 and variance 1. A uniform is 16
 * bits, the low half of a 32-bit word before the high one, so z is a whole number of 2⁻¹⁶ and exact; the product is rounded once to a double
 * and once to a float. No logarithm or cosine takes part, which differ between machines.
 */
export const fillNormals = (random: Random, deviation: number, into: Float32Array): void => {
  for (let i = 0; i < into.length; i++) {
    let sum = 0;
    for (let word = 0; word < 6; word++) {
      const bits = random.uint32();
      sum += (bits & 0xffff) + (bits >>> 16);
    }
    into[i] = deviation * (sum / HALF - 6);
  }
};
