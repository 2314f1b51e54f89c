import { BlockZeroError } from "#shared/errors/error.js";
import { kindOf } from "./formats.js";
import { jsonRow } from "./lenient-json.js";
import { openBytes } from "./open-bytes.js";
import { parquetRows } from "./parquet-rows.js";
import { brokenRow, MAX_ROW_BYTES, type Row, rowOf } from "./row.js";
import { splitArray } from "./split-array.js";
import { splitLines } from "./split-lines.js";

export interface ReadRows {
  readonly path: string;
  /** The fields that are wanted: of parquet no other column is read. None: all. */
  readonly fields: readonly string[];
  /** Whether a text file is one document, or one a line. Its field is the first of `fields`, or `text`. */
  readonly textIs?: "document" | "lines";
  /** Told of the bytes read from the file, before decompression. */
  readonly onRead?: (bytes: number) => void;
  /** Ends the wait for the rows of a parquet file: what it says of itself may keep its reader for ever. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The rows of a file of documents in its order, in lots: of JSON Lines a line, of JSON an array's elements, of text the file or a line, of parquet
 * a row. Memory does not grow with the file.
 *
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_FORMAT, DATASET_MALFORMED, DATASET_TOO_LARGE
 */
export const readRows = ({ path, fields, textIs, onRead, signal }: ReadRows): AsyncGenerator<readonly Row[]> => {
  const kind = kindOf(path);
  if (kind === null) throw unknownFormat(path);
  const { format, compression } = kind;
  const field = fields[0] ?? "text";
  const bytes = () => openBytes(path, compression, onRead);
  switch (format) {
    case "jsonl":
      return splitLines(bytes(), jsonRow);
    case "json":
      return splitArray(bytes());
    case "text":
      return textIs === "lines" ? splitLines(bytes(), (line) => textRow(line, field)) : wholeText(bytes(), field);
    case "parquet":
      if (compression !== "none") throw compressedParquet(path);
      return parquetRows(path, fields, { onRead, signal });
  }
};

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Without a byte order mark, and with newlines as Unix has them. */
const textRow = (bytes: Uint8Array, field: string): Row => {
  try {
    return rowOf({ [field]: decoder.decode(bytes).replaceAll("\r\n", "\n").replace(/\r$/, "") });
  } catch {
    return brokenRow("not UTF-8");
  }
};

async function* wholeText(chunks: AsyncIterable<Buffer>, field: string): AsyncGenerator<readonly Row[]> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_ROW_BYTES) return yield [brokenRow(`longer than ${MAX_ROW_BYTES} bytes: read it by lines`)];
    parts.push(chunk);
  }
  yield [textRow(Buffer.concat(parts), field)];
}

const unknownFormat = (name: string): BlockZeroError =>
  new BlockZeroError(
    "DATASET_FORMAT",
    `the name of ${name} says no format`,
    "name it .jsonl, .json, .txt or .parquet; the first three may end in .gz or .zst",
  );

const compressedParquet = (name: string): BlockZeroError =>
  new BlockZeroError(
    "DATASET_FORMAT",
    `${name} is parquet in another compression`,
    "decompress it: parquet compresses its own columns",
  );
