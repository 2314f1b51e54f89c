import { keyedHash, type TableKey } from "./keyed-hash.js";

/** A table of fixed size that knows of each key the member that had it first. */
export interface FirstTable {
  /**
   * The member that had the key first; this one where none had it.
   * @param columns the words of the keys, 32 bits each, as many as the table's
   * @param row     which key
   */
  firstOf(columns: readonly Uint32Array[], row: number, member: number): number;
}

/** A hash of a key's words, 32 bits. */
export const rowHash = (key: TableKey): ((columns: readonly Uint32Array[], row: number) => number) => {
  const hash = keyedHash(key);
  return (columns, row) => {
    let sum = 0;
    for (const column of columns) sum = hash(sum, column[row]!);
    return sum;
  };
};

/** Different keys of `width` words that a table of so many bytes has room for. */
export const roomWithin = (bytes: number, width: number): number =>
  2 ** (Math.floor(Math.log2(bytes / (4 * (width + 1)))) - 1) - 1;

/** Room for `count` different keys of `width` words of 32 bits. Half of the slots stay empty. */
export const firstTable = (count: number, width: number, hash: ReturnType<typeof rowHash>): FirstTable => {
  const bits = Math.max(4, Math.ceil(Math.log2(2 * count + 1)));
  const mask = 2 ** bits - 1;
  const shift = 32 - bits;
  const keys = Array.from({ length: width }, () => new Uint32Array(2 ** bits));
  // A member's number and one: zero marks an empty slot.
  const members = new Uint32Array(2 ** bits);
  return {
    firstOf: (columns, row, member) => {
      let slot = hash(columns, row) >>> shift;
      for (let steps = 0; members[slot] !== 0; steps++, slot = (slot + 1) & mask) {
        if (steps > mask) throw new RangeError("the table is full");
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
