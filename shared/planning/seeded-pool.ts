import { createRandom } from "#shared/data/random.js";

/** Elements of the pool: more than any row, and prime, so that pieces of tensors do not repeat in step with their rows. */
const SIZE = 1_048_573;

const pools = new Map<number, Float32Array>();

/**
 * Seeded numbers in [−width/2, width/2), cut from one pool a width at a place that the name says: billions of them take no longer than a copy.
 */
export const seededPiece = (name: string, length: number, width = 1): Float32Array => {
  const pool = pools.get(width) ?? drawn(width);
  const piece = new Float32Array(length);
  let from = createRandom(`large/${name}`).below(SIZE);
  for (let at = 0; at < length; ) {
    const part = pool.subarray(from, from + length - at);
    piece.set(part, at);
    at += part.length;
    from = 0;
  }
  return piece;
};

const drawn = (width: number): Float32Array => {
  const random = createRandom("large");
  const pool = Float32Array.from({ length: SIZE }, () => width * (random.next() - 0.5));
  pools.set(width, pool);
  return pool;
};
