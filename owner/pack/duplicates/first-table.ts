/** A table of fixed size that knows of each key the member that had it first. */
export interface FirstTable {
  /**
   * The member that had the key first; this one where none had it.
   * @param columns the words of the keys, 32 bits each, as many as the table's
   * @param row     which key
   */
  firstOf(columns: readonly Uint32Array[], row: number, member: number): number;
}

/** Different keys of `width` words that a table of so many bytes has room for. */
export const roomWithin = (bytes: number, width: number): number =>
  2 ** (Math.floor(Math.log2(bytes / (4 * (width + 1)))) - 1) - 1;

/** Room for `count` different keys of `width` words of 32 bits, whose first word is spread evenly, as a hash's is. Half of the slots stay empty. */
export const firstTable = (count: number, width: number): FirstTable => {
  const bits = Math.max(4, Math.ceil(Math.log2(2 * count + 1)));
  const mask = 2 ** bits - 1;
  const shift = 32 - bits;
  const keys = Array.from({ length: width }, () => new Uint32Array(2 ** bits));
  // A member's number and one: zero marks an empty slot.
  const members = new Uint32Array(2 ** bits);
  return {
    firstOf: (columns, row, member) => {
      let slot = Math.imul(columns[0]![row]!, 0x9e3779b1) >>> shift;
      for (; members[slot] !== 0; slot = (slot + 1) & mask) {
        let word = 0;
        while (word < width && keys[word]![slot] === columns[word]![row]) word++;
        if (word === width) return members[slot]! - 1;
      }
      for (let word = 0; word < width; word++) keys[word]![slot] = columns[word]![row]!;
      members[slot] = member + 1;
      return member;
    },
  };
};
