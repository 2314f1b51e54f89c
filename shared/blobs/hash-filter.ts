import { createHash, randomBytes } from "node:crypto";

/** Bits of a filter: 16 MiB. */
const BITS = 2 ** 27;
/** Bits that are set for a hash. */
const BITS_EACH = 8;

export interface HashFilter {
  add(hash: string): void;
  /**
   * True for each that was added, and for few others: one in a million where three million were added, one in five hundred where ten million were.
   */
  mayHave(hash: string): boolean;
}

/**
 * A set of hashes in memory that does not grow: a Bloom filter (B. Bloom, Space/Time Trade-offs in Hash Coding with Allowable Errors, 1970). It has a
 * key of its own, so that nobody makes a hash that it takes for one of those.
 */
export const hashFilter = (): HashFilter => {
  const key = randomBytes(32);
  const bits = new Uint8Array(BITS / 8);
  const placesOf = (hash: string): readonly number[] => {
    const digest = createHash("sha256").update(key).update(hash).digest();
    return Array.from({ length: BITS_EACH }, (_, i) => digest.readUInt32LE(4 * i) % BITS);
  };
  return {
    add: (hash) => {
      for (const place of placesOf(hash)) bits[place >>> 3]! |= 1 << (place & 7);
    },
    mayHave: (hash) => placesOf(hash).every((place) => (bits[place >>> 3]! & (1 << (place & 7))) !== 0),
  };
};
