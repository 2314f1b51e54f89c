import { BlockZeroError } from "#shared/errors/error.js";
import { keyedHash, type TableKey } from "./keyed-hash.js";

/** A set of hashes of 64 bits in a table of fixed size. */
export interface GramSet {
  add(high: number, low: number): void;
  has(high: number, low: number): boolean;
}

/**
 * Room for `count` hashes. A slot keeps 32 bits and its place says about 25 more, so that a hash that was never added is taken for one with a chance
 * of about 2^-31.
 *
 * @param key no text may have been made with it
 * @returns its methods throw BlockZeroError DATASET_MALFORMED for texts that were
 */
export const gramSet = (count: number, key: TableKey): GramSet => {
  const bits = Math.max(10, Math.ceil(Math.log2(2 * count + 2)));
  const slots = new Uint32Array(2 ** bits);
  const mask = slots.length - 1;
  const shift = 32 - bits;
  const hash = keyedHash(key);
  // Zero marks an empty slot.
  const markOf = (low: number): number => low || 1;
  const slotOf = (high: number, mark: number): number => {
    let slot = hash(high, mark) >>> shift;
    for (let steps = 0; slots[slot] !== 0 && slots[slot] !== mark; steps++) {
      if (steps === MOST_STEPS) throw chosen();
      slot = (slot + 1) & mask;
    }
    return slot;
  };
  return {
    add: (high, low) => {
      const mark = markOf(low);
      slots[slotOf(high, mark)] = mark;
    },
    has: (high, low) => {
      const mark = markOf(low);
      return slots[slotOf(high, mark)] === mark;
    },
  };
};

/** Steps from where a gram belongs to where it lies. In a table that is half full no gram of 2^25 is some hundreds away. */
const MOST_STEPS = 1 << 12;

const chosen = (): BlockZeroError =>
  new BlockZeroError(
    "DATASET_MALFORMED",
    "words of the texts were chosen so that finding what they share would take without end",
    "leave out the source that you know least",
  );
