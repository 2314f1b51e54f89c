import { addToBuckets, BUCKETS } from "#shared/kernels/bucket-sums.js";
import { sha256 } from "#shared/protocol/hash.js";

const DOMAIN = "blockzero/sketch/1";

/** Bytes of a sketch. */
export const SKETCH_BYTES = 4 * BUCKETS;

/** Makes an update's sketch in one pass over its tensors, in the order of their names. */
export type Sketcher = (tensors: readonly Float32Array[]) => Float32Array;

/** A sketch that tensors are added to, one after another. */
export interface GrowingSketch {
  add(data: Float32Array): void;
  finish(): Float32Array;
}

/**
 * Count sketches (Charikar, Chen and Farach-Colton, "Finding frequent items in data streams", 2002): element i is added to or subtracted
 * from bucket h(i), in float64. A sketch is linear in the update and keeps dot products in expectation, so Gram matrices of sketches stand
 * for those of updates. The error of a dot product of two sketches is about 1/√16384 = 0.008 of the product of the updates' norms.
 *
 * The seed is public, so everybody computes the same. Nobody knew it when updates were committed: a miner that knew it could hide in the
 * buckets.
 *
 * @param seed the group's evaluation seed, 64 hex digits; the two keys of h are the first 8 bytes of SHA-256("blockzero/sketch/1" ‖ seed)
 */
export const createSketcher = (seed: string): Sketcher => {
  const begin = sketchBeginner(seed);
  return (tensors) => {
    const sketch = begin();
    for (const data of tensors) sketch.add(data);
    return sketch.finish();
  };
};

/** The same for tensors that are not in memory together. */
export const sketchBeginner = (seed: string): (() => GrowingSketch) => {
  const hash = Buffer.from(sha256(Buffer.from(DOMAIN), Buffer.from(seed, "hex")), "hex");
  const keys = [hash.readInt32LE(0), hash.readInt32LE(4)] as const;
  return () => {
    const buckets = new Float64Array(BUCKETS);
    let from = 0;
    const add = (data: Float32Array): void => {
      addToBuckets(buckets, data, from, keys);
      from += data.length;
    };
    return { add, finish: () => Float32Array.from(buckets) };
  };
};
