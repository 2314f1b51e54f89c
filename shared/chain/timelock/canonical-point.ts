/** What is needed of a point of BLS12-381. */
export interface CurvePoint {
  assertValidity(): void;
  is0(): boolean;
  toBytes(isCompressed: boolean): Uint8Array;
}

/**
 * A point of the right subgroup from its compressed form. The curve library also reads a coordinate x as x + p where that has 381 bits, and points
 * that are not compressed: a signature, which is one point, would have two texts, and whoever publishes it could choose between two hashes.
 *
 * @throws Error if the bytes are not the one compressed form of a point of the subgroup
 */
export const canonicalPoint = <P extends CurvePoint>(
  group: { fromBytes(bytes: Uint8Array): P },
  bytes: Uint8Array,
): P => {
  // The library clears the flags of a compressed point in its input bytes, so it gets a copy.
  const point = group.fromBytes(Uint8Array.from(bytes));
  point.assertValidity();
  if (Buffer.compare(point.toBytes(true), bytes) !== 0) throw new Error("not the compressed form of a point");
  return point;
};
