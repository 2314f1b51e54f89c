import { INITIALIZER_RANGE } from "#shared/model/init.js";
import { openStream } from "#shared/sprint/exact/stream.js";
import type { FloatDials } from "./dials.js";
import { fillNormals, keyedRandom } from "./normals.js";

const DOMAIN = "blockzero/sprint-normals/1";

/** Weights that one key draws. */
const BLOCK = 65_536;

const BLOCKS_OF_A_TENSOR = 2 ** 32;

/** The width that `INITIALIZER_RANGE` is for. */
const REAL_WIDTH = 512;

/**
 * Standard deviation of a matrix's weights: 0.02 · √(512/d), so that at any width a product has 0.45 of its input's deviation. With much more
 * outputs share a direction: gate and up are correlated by chance, so the mean of silu(g)·u is not 0.
 */
export const deviationOf = ({ width }: Pick<FloatDials, "width">): number =>
  INITIALIZER_RANGE * Math.sqrt(REAL_WIDTH / width);

/**
 * Weights [from, from + into.length) of a matrix, row-major. Block b of 65,536 weights of matrix t is drawn by `fillNormals` from
 * xoshiro128** 1.1, whose state is the first 16 bytes, little-endian, of SHA-256("blockzero/sprint-normals/1" ‖ seed ‖ u64le(2³² · t + b)).
 *
 * @param seed of the network, 64 hex digits
 * @param from a multiple of 65,536
 */
export const drawNormals = (
  seed: string,
  { matrix, from, deviation }: { readonly matrix: number; readonly from: number; readonly deviation: number },
  into: Float32Array,
): void => {
  if (from % BLOCK !== 0) throw new RangeError(`${from} is not the beginning of a block of ${BLOCK} weights`);
  const stream = openStream(DOMAIN, seed);
  for (let at = 0; at < into.length; at += BLOCK) {
    const key = stream.block(BLOCKS_OF_A_TENSOR * matrix + (from + at) / BLOCK);
    fillNormals(keyedRandom(key), deviation, into.subarray(at, at + BLOCK));
  }
};
