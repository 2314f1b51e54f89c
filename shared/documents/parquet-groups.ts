import type { FileHandle } from "node:fs/promises";
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { openDataFile } from "./open-bytes.js";
import { brokenRow, MAX_ROW_BYTES, type Row, rowOf } from "./row.js";

/** Largest column of a row group in memory, bytes before compression. */
const MAX_COLUMN_BYTES = 512 << 20;

/** Text of a lot of rows, UTF-16 units, and their number, at most; a longer row is a lot by itself. */
const LOT_UNITS = 4 << 20;
const LOT_ROWS = 10_000;

/**
 * The rows of a parquet file with the columns that are asked for, in lots; a row group is in memory at once. A file that was made to may end the
 * process: call it in one of its own.
 *
 * @param onRead told of the bytes read from the file
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_MALFORMED, DATASET_TOO_LARGE
 */
export async function* parquetLots(
  path: string,
  columns: readonly string[],
  onRead: (bytes: number) => void,
): AsyncGenerator<readonly Row[]> {
  const handle = await openDataFile(path);
  try {
    const file = await fileBuffer(handle, onRead);
    const metadata = await orDamaged(path, () => parquetMetadataAsync(file));
    const names = metadata.schema.map(({ name }) => name);
    const present = columns.length === 0 ? undefined : columns.filter((name) => names.includes(name));
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      refuseLarge(path, group, present);
      const limited = limitedCompressors(path, group.columns.length);
      const read = { file, metadata, compressors: limited, rowStart, rowEnd, ...(present && { columns: present }) };
      const rows = await orDamaged(path, () => parquetReadObjects(read));
      rowStart = rowEnd;
      yield* lotsOf(rows);
    }
  } finally {
    await handle.close();
  }
}

function* lotsOf(rows: readonly unknown[]): Generator<readonly Row[]> {
  let lot: Row[] = [];
  let units = 0;
  for (const value of rows) {
    const row = rowOf(value);
    const whole = row.ok ? unitsOf(value) : 0;
    const isTooLong = whole > MAX_ROW_BYTES;
    const own = isTooLong ? 0 : whole;
    if (lot.length > 0 && (units + own > LOT_UNITS || lot.length === LOT_ROWS)) {
      yield lot;
      lot = [];
      units = 0;
    }
    lot.push(isTooLong ? brokenRow(`longer than ${MAX_ROW_BYTES} bytes`) : row);
    units += own;
  }
  if (lot.length > 0) yield lot;
}

/** UTF-16 units and bytes of a value. */
const unitsOf = (value: unknown): number => {
  if (typeof value === "string") return value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== "object" || value === null) return 8;
  return Object.values(value).reduce((sum, part) => sum + unitsOf(part), 8);
};

const fileBuffer = async (handle: FileHandle, onRead: (bytes: number) => void): Promise<AsyncBuffer> => {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const from = start < 0 ? Math.max(0, size + start) : start;
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - from));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
      onRead(bytesRead);
      return bytes.buffer.slice(0, bytesRead);
    },
  };
};

const refuseLarge = (
  path: string,
  { columns }: FileMetaData["row_groups"][number],
  wanted: readonly string[] | undefined,
): void => {
  for (const { meta_data: column } of columns) {
    if (!column || wanted?.includes(column.path_in_schema[0] ?? "") === false) continue;
    if (Number(column.total_uncompressed_size) > MAX_COLUMN_BYTES)
      throw tooLarge(path, `column "${column.path_in_schema.join(".")}" takes ${column.total_uncompressed_size} bytes`);
  }
};

/** The decompressors, which expand at most so many columns as may be: a page may be larger than its column says. */
const limitedCompressors = (path: string, columns: number): Compressors => {
  let left = columns * MAX_COLUMN_BYTES;
  return Object.fromEntries(
    Object.entries(compressors).map(([codec, decompress]) => [
      codec,
      (input: Uint8Array, length: number): Uint8Array => {
        left -= length;
        if (length > MAX_COLUMN_BYTES || left < 0) throw tooLarge(path, "pages take more than they say");
        return decompress(input, length);
      },
    ]),
  );
};

const tooLarge = (path: string, what: string): BlockZeroError =>
  new BlockZeroError(
    "DATASET_TOO_LARGE",
    `${path} has a row group whose ${what}, at most ${MAX_COLUMN_BYTES} are read`,
    "write it again with smaller row groups",
  );

const orDamaged = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw cause instanceof BlockZeroError ? cause : damagedParquet(path, reasonOf(cause), cause);
  }
};

export const damagedParquet = (path: string, reason: string, cause?: unknown): BlockZeroError =>
  new BlockZeroError(
    "DATASET_MALFORMED",
    `${path} cannot be read as parquet: ${reason}`,
    "fetch it again, and compare its checksum",
    { cause },
  );
