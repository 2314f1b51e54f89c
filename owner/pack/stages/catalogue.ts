import type { Keys } from "../pieces/piece.js";
import { readBand, readIndex } from "../pieces/piece-reader.js";
import { EXACT_BYTES } from "../pieces/piece-writer.js";

/** All documents by number, in the order of the sources: what fits into memory of as many as a corpus has. */
export interface Catalogue {
  readonly folder: string;
  readonly pieces: number;
  /** The number of each piece's first document, and at the end how many documents there are. */
  readonly firsts: readonly number[];
  readonly count: number;
  readonly bands: number;
  /** Where each document stands in its piece, and UTF-8 bytes of its text. */
  readonly offsets: Uint32Array;
  readonly bytes: Uint32Array;
  /** The first 16 bytes of each text's SHA-256. */
  readonly exact: Uint8Array;
}

export const openCatalogue = (folder: string, pieces: number, bands: number): Catalogue => {
  const firsts = [0];
  for (let piece = 0; piece < pieces; piece++) firsts.push(firsts[piece]! + readIndex(folder, piece, bands).count);
  const count = firsts[pieces]!;
  const offsets = new Uint32Array(count);
  const bytes = new Uint32Array(count);
  const exact = new Uint8Array(EXACT_BYTES * count);
  for (let piece = 0; piece < pieces; piece++) {
    const index = readIndex(folder, piece, bands);
    offsets.set(index.offsets, firsts[piece]);
    bytes.set(index.bytes, firsts[piece]);
    exact.set(index.exact, EXACT_BYTES * firsts[piece]!);
  }
  return { folder, pieces, firsts, count, bands, offsets, bytes, exact };
};

/** One band's keys of all documents. */
export const bandColumn = ({ folder, pieces, firsts, count, bands }: Catalogue, band: number): Keys => {
  const highs = new Uint32Array(count);
  const lows = new Uint32Array(count);
  for (let piece = 0; piece < pieces; piece++) {
    const found = readBand(folder, piece, { bands, band });
    highs.set(found.highs, firsts[piece]);
    lows.set(found.lows, firsts[piece]);
  }
  return { highs, lows };
};

/** The piece that has a document. */
export const pieceOf = ({ firsts }: Pick<Catalogue, "firsts">, document: number): number => {
  let low = 0;
  let high = firsts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (firsts[middle]! <= document) low = middle;
    else high = middle - 1;
  }
  return low;
};
