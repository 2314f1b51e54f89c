import type { ExactDials } from "./dials.js";
import { openStream } from "./stream.js";

const DOMAIN = "blockzero/sprint-weights/1";

/** Weights that one key draws. */
export const BLOCK = 65_536;

const BLOCKS_OF_A_TENSOR = 2 ** 32;

/** Number of a network's tensors: `first`, `second` and `third` of each layer, in this order. Each is [inner, width], row-major. */
export const tensorCount = ({ layers }: ExactDials): number => 3 * layers;

/**
 * Weights [from, from + into.length) of a tensor, uniform over the integers −7 … 7. Block b of 65,536 weights of tensor t is drawn by
 * xoshiro128** 1.1, whose state is the first 16 bytes, little-endian, of SHA-256(domain ‖ seed ‖ u64le(2³² · t + b)). Each of its numbers
 * gives eight nibbles, the lowest first: 15 is skipped, any other n gives n − 7.
 *
 * @param seed   of the network, 64 hex digits
 * @param from   a multiple of 65,536
 */
export const drawWeights = (seed: string, tensor: number, from: number, into: Int8Array): void => {
  if (from % BLOCK !== 0) throw new RangeError(`${from} is not the beginning of a block of ${BLOCK} weights`);
  const stream = openStream(DOMAIN, seed);
  for (let at = 0; at < into.length; at += BLOCK) {
    const key = stream.block(BLOCKS_OF_A_TENSOR * tensor + (from + at) / BLOCK);
    drawBlock(key, into.subarray(at, at + BLOCK));
  }
};

/** xoshiro128** as in `shared/data`, unrolled into eight nibbles a number: billions of weights come from here. */
const drawBlock = (key: Buffer, into: Int8Array): void => {
  let [a, b, c, d] = [key.readInt32LE(0), key.readInt32LE(4), key.readInt32LE(8), key.readInt32LE(12)];
  const { length } = into;
  let made = 0;
  while (made < length) {
    const product = Math.imul(b, 5);
    let bits = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    for (let nibble = 0; nibble < 8 && made < length; nibble++) {
      const drawn = bits & 15;
      bits >>>= 4;
      into[made] = drawn - 7;
      // The next nibble takes the place of one that is 15.
      if (drawn !== 15) made++;
    }
  }
};
