import { createHash } from "node:crypto";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import type { PieceDocument, PieceSeal } from "./piece.js";
import { indexFile, pieceFile, sealFile } from "./piece-files.js";

/** Text of a piece, bytes: as much is lost when the work is cut short. */
export const PIECE_BYTES = 32 << 20;

/** The first bytes of SHA-256 that stand for a text. */
export const EXACT_BYTES = 16;

export const exactHash = (text: string): Uint8Array =>
  createHash("sha256").update(text, "utf8").digest().subarray(0, EXACT_BYTES);

/** A document with what was computed of it. */
export interface Sketched extends PieceDocument {
  readonly exact: Uint8Array;
  readonly highs: Uint32Array;
  readonly lows: Uint32Array;
  /** Where it came from: the file's number, and the row's from 1. */
  readonly file: number;
  readonly row: number;
}

/** Collects the documents of a piece in memory. */
export interface PieceWriter {
  /** The keys are copied. */
  add(document: Sketched): void;
  readonly count: () => number;
  readonly bytes: () => number;
  /** Writes the piece: its documents, its index and, last, its seal. */
  write(folder: string, number: number, seal: PieceSeal): void;
}

export const pieceWriter = (bands: number): PieceWriter => {
  const records: Buffer[] = [];
  const exact: Uint8Array[] = [];
  const keys: { readonly highs: Uint32Array; readonly lows: Uint32Array }[] = [];
  const offsets: number[] = [];
  const lengths: number[] = [];
  const files: number[] = [];
  const rows: number[] = [];
  let bytes = 0;
  return {
    count: () => records.length,
    bytes: () => bytes,
    add: ({ text, parts = [], exact: hash, highs, lows, file, row }) => {
      const length = Buffer.byteLength(text);
      const at = 8 + 4 * parts.length;
      const record = Buffer.allocUnsafe(at + length);
      record.writeUInt32LE(length, 0);
      record.writeUInt32LE(parts.length, 4);
      for (const [i, part] of parts.entries()) record.writeUInt32LE(part, 8 + 4 * i);
      record.write(text, at, "utf8");
      records.push(record);
      exact.push(hash);
      keys.push({ highs: highs.slice(), lows: lows.slice() });
      offsets.push(bytes);
      lengths.push(length);
      files.push(file);
      rows.push(row);
      bytes += record.length;
    },
    write: (folder, number, seal) => {
      const columns: Uint32Array[] = [Uint32Array.of(records.length)];
      for (let band = 0; band < bands; band++) columns.push(Uint32Array.from(keys, ({ highs }) => highs[band]!));
      for (let band = 0; band < bands; band++) columns.push(Uint32Array.from(keys, ({ lows }) => lows[band]!));
      columns.push(...[offsets, lengths, files, rows].map((column) => Uint32Array.from(column)));
      const index = [...columns.map(({ buffer }) => Buffer.from(buffer)), ...exact];
      writeFileAtomic(pieceFile(folder, number), Buffer.concat(records));
      writeFileAtomic(indexFile(folder, number), Buffer.concat(index));
      writeFileAtomic(sealFile(folder, number), JSON.stringify(seal));
    },
  };
};
