import { readBand, readIndex } from "../pieces/piece-reader.js";

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
}

export const openCatalogue = (folder: string, pieces: number, bands: number): Catalogue => {
  const firsts = [0];
  for (let piece = 0; piece < pieces; piece++) firsts.push(firsts[piece]! + readIndex(folder, piece, bands).count);
  const count = firsts[pieces]!;
  const offsets = new Uint32Array(count);
  const bytes = new Uint32Array(count);
  for (let piece = 0; piece < pieces; piece++) {
    const index = readIndex(folder, piece, bands);
    offsets.set(index.offsets, firsts[piece]);
    bytes.set(index.bytes, firsts[piece]);
  }
  return { folder, pieces, firsts, count, bands, offsets, bytes };
};

type Read = Pick<Catalogue, "folder" | "bands">;

/** The first 16 bytes of SHA-256 of the texts of a piece. */
export const exactHashes = ({ folder, bands }: Read, piece: number): Uint8Array =>
  readIndex(folder, piece, bands).exact;

/** The same as four words of 32 bits each. */
export const exactColumns = (catalogue: Read, piece: number): readonly Uint32Array[] => {
  const words = new Uint32Array(exactHashes(catalogue, piece).buffer);
  return [0, 1, 2, 3].map((word) => Uint32Array.from({ length: words.length / 4 }, (_, i) => words[4 * i + word]!));
};

/** One band's keys of the texts of a piece; zero where a text has no words. */
export const bandColumns = ({ folder, bands }: Read, piece: number, band: number): readonly Uint32Array[] => {
  const { highs, lows } = readBand(folder, piece, { bands, band });
  return [highs, lows];
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
