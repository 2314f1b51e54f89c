/** A set of hashes of 64 bits in a table of fixed size. */
export interface GramSet {
  add(high: number, low: number): void;
  has(high: number, low: number): boolean;
}

/**
 * Room for `count` hashes. A slot keeps 32 bits and its place says about 25 more, so that a hash that was never added is taken for one with a chance of
 * about 2^-31.
 */
export const gramSet = (count: number): GramSet => {
  const bits = Math.max(10, Math.ceil(Math.log2(2 * count + 2)));
  const slots = new Uint32Array(2 ** bits);
  const mask = slots.length - 1;
  const shift = 32 - bits;
  // Zero marks an empty slot.
  const markOf = (low: number): number => low || 1;
  const slotOf = (high: number, mark: number): number => {
    let slot = Math.imul(high, 0x9e3779b1) >>> shift;
    while (slots[slot] !== 0 && slots[slot] !== mark) slot = (slot + 1) & mask;
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
