import { createRandom } from "#shared/data/random.js";

/** Elements of the pool: more than any row, and prime, so that pieces of tensors do not repeat in step with their rows. */
const SIZE = 1_048_573;

let pool: Float32Array | undefined;

/** Seeded numbers in [−½, ½), cut from one pool at a place that the name says: billions of them take no time to draw. */
export const seededPiece = (name: string, length: number): Float32Array => {
  if (!pool) {
    const random = createRandom("large");
    pool = Float32Array.from({ length: SIZE }, () => random.next() - 0.5);
  }
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
