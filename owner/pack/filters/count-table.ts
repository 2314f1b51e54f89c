import { keyedHash, randomTableKey } from "../duplicates/keyed-hash.js";

/** Counts of 32-bit keys, in memory that is used again for text after text. */
export const countTable = () => {
  // The counts do not depend on it.
  const hash = keyedHash(randomTableKey());
  let keys = new Uint32Array(1 << 12);
  let counts = new Uint32Array(1 << 12);
  /** The round in which a slot was filled: an older one is empty. */
  let rounds = new Uint32Array(1 << 12);
  let round = 0;
  return {
    /** Forgets all, and makes room for so many. */
    clear: (room: number): void => {
      round++;
      if (2 * room <= keys.length) return;
      const size = 2 ** Math.ceil(Math.log2(2 * room));
      keys = new Uint32Array(size);
      counts = new Uint32Array(size);
      rounds = new Uint32Array(size);
    },
    /** How often the key was added, now included. */
    add: (signed: number): number => {
      const key = signed >>> 0;
      const mask = keys.length - 1;
      let slot = hash(key, 0) & mask;
      while (rounds[slot] === round && keys[slot] !== key) slot = (slot + 1) & mask;
      if (rounds[slot] !== round) {
        rounds[slot] = round;
        keys[slot] = key;
        counts[slot] = 0;
      }
      return ++counts[slot]!;
    },
  };
};
