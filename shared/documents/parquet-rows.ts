import type { FileHandle } from "node:fs/promises";
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { openDataFile } from "./open-bytes.js";
import { type Row, rowOf } from "./row.js";

/** Largest column of a row group in memory, bytes before compression. */
const MAX_COLUMN_BYTES = 512 << 20;

/**
 * The rows of a parquet file with the columns that are asked for, a row group after another: a whole one is in memory.
 *
 * @param onRead told of the bytes read from the file
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_MALFORMED, DATASET_TOO_LARGE
 */
export async function* parquetRows(
  path: string,
  columns: readonly string[],
  onRead: (bytes: number) => void = () => {},
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
      const options = { file, metadata, compressors, rowStart, rowEnd, ...(present && { columns: present }) };
      const rows = await orDamaged(path, () => parquetReadObjects(options));
      rowStart = rowEnd;
      yield rows.map(rowOf);
    }
  } finally {
    await handle.close();
  }
}

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
      throw new BlockZeroError(
        "DATASET_TOO_LARGE",
        `${path} has a row group whose column "${column.path_in_schema.join(".")}" takes ${column.total_uncompressed_size} bytes, at most ${MAX_COLUMN_BYTES} are read`,
        "write it again with smaller row groups",
      );
  }
};

const orDamaged = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new BlockZeroError(
      "DATASET_MALFORMED",
      `${path} cannot be read as parquet: ${reasonOf(cause)}`,
      "fetch it again, and compare its checksum",
      { cause },
    );
  }
};
