import { firstTable, roomWithin, rowHash } from "../duplicates/first-table.js";
import { randomTableKey } from "../duplicates/keyed-hash.js";
import { giveWay } from "../give-way.js";
import type { Catalogue } from "./catalogue.js";

/** Bytes that a table of keys may take: more keys take another pass over the index. */
const TABLE_BYTES = 1 << 28;

/**
 * Finds documents whose keys are equal.
 *
 * @param columnsOf the words of the keys of a piece's documents; a key of zeros is none
 * @param onEqual   called with a document and the first one that has its key
 * @param bytes     that the table may take
 */
export const eachEqual = async (
  { pieces, firsts, count }: Pick<Catalogue, "pieces" | "firsts" | "count">,
  columnsOf: (piece: number) => readonly Uint32Array[],
  onEqual: (first: number, document: number) => void,
  { signal, bytes = TABLE_BYTES }: { readonly signal: AbortSignal; readonly bytes?: number | undefined },
): Promise<void> => {
  if (count === 0) return;
  const width = columnsOf(0).length;
  const room = roomWithin(bytes, width);
  // What is found does not depend on it.
  const hash = rowHash(randomTableKey());
  // One and a half times as many passes as fit on the average: keys are spread evenly, but not exactly so.
  const passes = count <= room ? 1 : Math.ceil((1.5 * count) / room);
  for (let pass = 0; pass < passes; pass++) {
    const table = firstTable(Math.min(count, room), width, hash);
    for (let piece = 0; piece < pieces; piece++) {
      await giveWay(signal);
      const columns = columnsOf(piece);
      const { length } = columns[0]!;
      for (let row = 0; row < length; row++) {
        if (hash(columns, row) % passes !== pass || columns.every((column) => column[row] === 0)) continue;
        const document = firsts[piece]! + row;
        const first = table.firstOf(columns, row, document);
        if (first !== document) onEqual(first, document);
      }
    }
  }
};
