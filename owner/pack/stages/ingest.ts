import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readRows } from "#shared/documents/read-rows.js";
import type { Row } from "#shared/documents/row.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { bandKeys } from "../duplicates/minhash.js";
import type { Extracted } from "../extract.js";
import type { Filter } from "../filters/filter.js";
import type { PieceSeal, Position } from "../pieces/piece.js";
import { readSeal } from "../pieces/piece-reader.js";
import { exactHash, PIECE_BYTES, pieceWriter } from "../pieces/piece-writer.js";
import { createTally, leave, remark, type Tally } from "../pieces/tally.js";
import type { PackSettings } from "../settings.js";
import type { SourceFile } from "../sources/source-file.js";
import { createWords, findWords } from "../text/words.js";

export interface Ingest {
  readonly folder: string;
  readonly files: readonly SourceFile[];
  readonly settings: PackSettings;
  readonly extract: (row: Row) => Extracted;
  readonly filters: ReadonlyMap<string, Filter>;
  /** Whether a row without a document ends the work. */
  readonly isStrict: boolean;
  /** Text of a piece, bytes. */
  readonly pieceBytes?: number | undefined;
  readonly signal: AbortSignal;
  /** Bytes of the sources that have been read. */
  readonly onRead: (bytes: number) => void;
}

/**
 * Rows that are left out make pieces too, without a document: so many times the bytes of a piece's text may be read of the sources for it, and are
 * lost when the work is cut short.
 */
const READ_FOR_A_PIECE = 8;

/** Pieces that are whole. */
interface Written {
  readonly pieces: number;
  readonly seal: PieceSeal | null;
}

/**
 * Reads all rows, filters and sketches their documents, and writes them in pieces. Pieces that an earlier run finished stay: it goes on after them.
 *
 * @returns how many pieces there are
 * @throws BlockZeroError PACK_ROW where it is strict, and what reading throws
 */
export const ingest = async (options: Ingest): Promise<number> => {
  const { folder, files, settings, isStrict, signal, onRead, pieceBytes = PIECE_BYTES } = options;
  const done = wholePieces(folder);
  let { pieces } = done;
  if (done.seal?.isLast) return pieces;
  const from: Position = done.seal?.next ?? { file: 0, row: 0 };
  for (let i = 0; i < from.file; i++) onRead(files[i]!.bytes);
  let tally = createTally();
  let writer = pieceWriter(settings.duplicates.bands);
  const take = rowTaker(options);
  let readFor = 0;
  const seal = (next: Position, isLast: boolean): void => {
    writer.write(folder, pieces++, { next, isLast, tally });
    tally = createTally();
    writer = pieceWriter(settings.duplicates.bands);
    readFor = 0;
  };
  const onBytes = (bytes: number): void => {
    readFor += bytes;
    onRead(bytes);
  };
  for (let file = from.file; file < files.length; file++) {
    const { name, path } = files[file]!;
    const fields = [settings.field, ...(settings.messages ? ["tools"] : [])];
    const rows = readRows({ path, fields, textIs: settings.text_is, onRead: onBytes, signal });
    const skipped = file === from.file ? from.row : 0;
    let row = 0;
    for await (const lot of rows) {
      signal.throwIfAborted();
      for (const found of lot) {
        if (row++ < skipped) {
          readFor = 0;
          continue;
        }
        const problem = take(found, { source: name, file, row }, writer, tally);
        if (isStrict && problem !== null) throw brokenRow(name, row, problem);
        if (writer.bytes() >= pieceBytes || readFor >= READ_FOR_A_PIECE * pieceBytes) seal({ file, row }, false);
      }
    }
  }
  seal({ file: files.length, row: 0 }, true);
  return pieces;
};

/** Deals with one row; returns why it has no document, or null. */
const rowTaker = ({ settings, extract, filters }: Ingest) => {
  const { bands } = settings.duplicates;
  const keysOf = bandKeys(settings.duplicates);
  const highs = new Uint32Array(bands);
  const lows = new Uint32Array(bands);
  const words = createWords();
  return (
    found: Row,
    { source, file, row }: { readonly source: string; readonly file: number; readonly row: number },
    writer: ReturnType<typeof pieceWriter>,
    tally: Tally,
  ): string | null => {
    tally.rows++;
    const extracted = extract(found);
    if ("problem" in extracted) {
      const text = found.ok ? (JSON.stringify(found.value) ?? "") : "";
      const { problem: reason } = extracted;
      leave(tally, {
        stage: "rows",
        reason,
        bytes: 0,
        sample: { source, row, text, order: orderOf(`${text} ${row}`) },
      });
      return reason;
    }
    const { text } = extracted.document;
    const bytes = Buffer.byteLength(text);
    tally.bytes += bytes;
    const exact = exactHash(text);
    const sample = { source, row, text, order: Buffer.from(exact).readUInt32LE(0) };
    findWords(text, words);
    for (const [stage, filter] of filters) {
      const reason = filter(text, words);
      if (reason === null) continue;
      leave(tally, { stage, reason, bytes, sample });
      return null;
    }
    if (extracted.remark !== undefined) remark(tally, { reason: extracted.remark, bytes, sample });
    if (!keysOf(words, highs, lows)) {
      highs.fill(0);
      lows.fill(0);
    }
    writer.add({ ...extracted.document, exact, highs, lows, file, row });
    return null;
  };
};

const orderOf = (text: string): number => Buffer.from(exactHash(text)).readUInt32LE(0);

/** Pieces are written one after another: the first without a seal, and what follows, is of no use. */
const wholePieces = (folder: string): Written => {
  let pieces = 0;
  let seal: PieceSeal | null = null;
  for (let next = readSeal(folder, 0); next; next = readSeal(folder, ++pieces)) seal = next;
  for (const name of readdirSync(folder)) {
    const number = /^piece-(\d+)\./.exec(name)?.[1];
    if (number !== undefined && Number(number) >= pieces) rmSync(join(folder, name));
  }
  return { pieces, seal };
};

const brokenRow = (source: string, row: number, problem: string): BlockZeroError =>
  new BlockZeroError("PACK_ROW", `${source}: row ${row} has no document: ${problem}`, "mend it, or leave out --strict");
