import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { readFileIfAny } from "#shared/files/atomic-file.js";
import type { Keys, PieceDocument, PieceIndex, PieceSeal } from "./piece.js";
import { indexFile, pieceFile, sealFile } from "./piece-files.js";
import { EXACT_BYTES } from "./piece-writer.js";

/**
 * An index is 32-bit numbers, little-endian: the count; the bands' high keys, band after band; the low ones; offsets; lengths; files; rows. Then the
 * texts' hashes.
 */
const withIndex = <T>(
  folder: string,
  number: number,
  use: (column: (at: number, length: number) => Uint32Array, count: number) => T,
): T => {
  const file = openSync(indexFile(folder, number), "r");
  try {
    const column = (at: number, length: number): Uint32Array =>
      new Uint32Array(Uint8Array.from(readAt(file, 4 * at, 4 * length)).buffer);
    const [count = 0] = column(0, 1);
    return use(column, count);
  } finally {
    closeSync(file);
  }
};

/** A piece's index without its bands' keys. */
export const readIndex = (folder: string, number: number, bands: number): PieceIndex =>
  withIndex(folder, number, (column, count) => {
    const at = 1 + 2 * bands * count;
    const hashes = column(at + 4 * count, (EXACT_BYTES / 4) * count);
    return {
      count,
      offsets: column(at, count),
      bytes: column(at + count, count),
      files: column(at + 2 * count, count),
      rows: column(at + 3 * count, count),
      exact: new Uint8Array(hashes.buffer),
    };
  });

/** One band's keys of a piece; zero where a text has no words. */
export const readBand = (
  folder: string,
  number: number,
  { bands, band }: { readonly bands: number; readonly band: number },
): Keys =>
  withIndex(folder, number, (column, count) => ({
    highs: column(1 + band * count, count),
    lows: column(1 + (bands + band) * count, count),
  }));

/** The seal of a piece, or null where it is not whole. */
export const readSeal = (folder: string, number: number): PieceSeal | null => {
  const text = readFileIfAny(sealFile(folder, number));
  return text === null ? null : JSON.parse(text);
};

/** The documents of a piece in its order. One piece is in memory. */
export function* documentsOf(folder: string, number: number): Generator<PieceDocument> {
  const bytes = readFileSync(pieceFile(folder, number));
  for (let at = 0; at < bytes.length; ) {
    const { document, length } = parse(bytes, at);
    yield document;
    at += length;
  }
}

/** Reads documents of pieces in any order. Close it. */
export interface PieceFiles {
  document(piece: number, offset: number, bytes: number): PieceDocument;
  close(): void;
}

export const openPieces = (folder: string): PieceFiles => {
  const files = new Map<number, number>();
  const fileOf = (piece: number): number => {
    const file = files.get(piece) ?? openSync(pieceFile(folder, piece), "r");
    files.set(piece, file);
    return file;
  };
  return {
    document: (piece, offset, bytes) => {
      const file = fileOf(piece);
      const head = readAt(file, offset, 8);
      return parse(readAt(file, offset, 8 + 4 * head.readUInt32LE(4) + bytes), 0).document;
    },
    close: () => {
      for (const file of files.values()) closeSync(file);
    },
  };
};

const readAt = (file: number, position: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(file, bytes, done, length - done, position + done);
    if (count === 0) throw new RangeError(`a piece of ${fstatSync(file).size} bytes ends before ${position + length}`);
    done += count;
  }
  return bytes;
};

const parse = (bytes: Buffer, at: number): { readonly document: PieceDocument; readonly length: number } => {
  const textBytes = bytes.readUInt32LE(at);
  const parts = Array.from({ length: bytes.readUInt32LE(at + 4) }, (_, i) => bytes.readUInt32LE(at + 8 + 4 * i));
  const start = at + 8 + 4 * parts.length;
  const text = bytes.toString("utf8", start, start + textBytes);
  return { document: { text, ...(parts.length > 0 && { parts }) }, length: start + textBytes - at };
};
