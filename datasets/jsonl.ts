import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { z } from "zod";
import type { DocumentSource } from "#shared/data/source.js";
import { parseLenientJson } from "#shared/documents/lenient-json.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";

export interface JsonlLimits {
  readonly fileBytes: number;
  readonly lineBytes: number;
  readonly lines: number;
}

/** What is read where nothing else is said. */
export const JSONL_LIMITS: JsonlLimits = { fileBytes: 2 ** 32 - 1, lineBytes: 16 * 2 ** 20, lines: 5_000_000 };
const CHUNK_BYTES = 2 ** 20;
const NEWLINE = 0x0a;

const record = z.object({ text: z.string().nullable() });

/** A pipe that nobody writes to opens at once, and is refused. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Where a line stands in the file: bytes, and its number from 1. */
interface Line {
  readonly number: number;
  readonly start: number;
  readonly length: number;
}

export interface JsonlOptions {
  readonly limits?: JsonlLimits | undefined;
  /** What the file must be, by the SHA-256 of its bytes; unset: anything. */
  readonly sha256?: string | undefined;
}

/**
 * An operator's own documents: UTF-8, one JSON object with a `text` a line; other fields, blank lines and those whose text is empty or null are
 * ignored, and so is a byte order mark. Numbers that JSON lacks, as Python writes them, count as null. The whole file is checked on opening;
 * afterwards only the places of the lines stay in memory.
 *
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_MALFORMED (with the line), DATASET_TOO_LARGE, DATASET_EMPTY, DATASET_MISMATCH,
 *         and DATASET_CHANGED from `document` when the file changed since
 */
export const openJsonl = (path: string, { limits = JSONL_LIMITS, sha256 }: JsonlOptions = {}): DocumentSource => {
  const { version, lines, digest } = withFile(path, (file) => ({
    version: versionOf(file),
    ...scanLines(path, file, limits),
  }));
  if (sha256 !== undefined && digest !== sha256) {
    throw new BlockZeroError(
      "DATASET_MISMATCH",
      `${path} is not the file that the network file names: its SHA-256 is ${digest}, not ${sha256}`,
      "give the owner's file, or leave the path out and it is fetched",
    );
  }
  if (lines.length === 0) {
    throw new BlockZeroError("DATASET_EMPTY", `${path} holds no document`, 'write one {"text": …} a line');
  }
  return {
    kind: "jsonl",
    size: lines.length,
    document(index) {
      const line = lines[index];
      if (line === undefined) throw new RangeError(`${path} has documents 0 to ${lines.length - 1}, not ${index}`);
      return withFile(path, (file) => {
        if (versionOf(file) !== version) {
          throw new BlockZeroError(
            "DATASET_CHANGED",
            `${path} changed while it was in use`,
            "restart to read it anew; replace a data file only while nothing reads it",
          );
        }
        return textOf(path, line.number, read(file, line.start, line.length));
      });
    },
  };
};

const withFile = <T>(path: string, use: (file: number) => T): T => {
  let file: number;
  try {
    file = openSync(path, READING);
  } catch (thrown) {
    throw new BlockZeroError(
      "DATASET_NOT_FOUND",
      `cannot open the data file ${path}: ${reasonOf(thrown)}`,
      "check the path: in a file it is relative to that file, elsewhere to the current folder",
      { cause: thrown },
    );
  }
  try {
    if (!fstatSync(file).isFile()) {
      throw new BlockZeroError("DATASET_NOT_FOUND", `${path} is not a file`, "name a file, not a folder or a device");
    }
    return use(file);
  } finally {
    closeSync(file);
  }
};

const versionOf = (file: number): string => {
  const { size, mtimeMs } = fstatSync(file);
  return `${size} ${mtimeMs}`;
};

const read = (file: number, start: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(file, bytes, filled, length - filled, start + filled);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
};

const scanLines = (
  path: string,
  file: number,
  limits: JsonlLimits,
): { readonly lines: readonly Line[]; readonly digest: string } => {
  const hash = createHash("sha256");
  const { size } = fstatSync(file);
  if (size > limits.fileBytes) throw tooLarge(`${path} has ${size} bytes, more than ${limits.fileBytes}`);

  const lines: Line[] = [];
  let number = 0;
  let start = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;

  const keep = (part: Buffer): void => {
    pendingBytes += part.length;
    if (pendingBytes > limits.lineBytes) {
      throw tooLarge(`${path}:${number + 1}: the line has more than ${limits.lineBytes} bytes`);
    }
    pending.push(part);
  };
  const endLine = (): void => {
    number += 1;
    const bytes = pending.length === 1 ? (pending[0] ?? Buffer.alloc(0)) : Buffer.concat(pending);
    if (!bytes.every(isBlank)) {
      if (lines.length >= limits.lines) throw tooLarge(`${path} has more than ${limits.lines} documents`);
      if (textOf(path, number, bytes) !== "") lines.push({ number, start, length: bytes.length });
    }
    start += bytes.length + 1;
    pending = [];
    pendingBytes = 0;
  };

  for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
    const chunk = read(file, offset, Math.min(CHUNK_BYTES, size - offset));
    hash.update(chunk);
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      keep(chunk.subarray(from, end));
      endLine();
      from = end + 1;
    }
    keep(chunk.subarray(from));
  }
  if (pendingBytes > 0) endLine();
  return { lines, digest: hash.digest("hex") };
};

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The text of a line; empty where it is null. */
const textOf = (path: string, line: number, bytes: Uint8Array): string => {
  let value: unknown;
  try {
    value = parseLenientJson(utf8.decode(bytes));
  } catch (thrown) {
    throw malformed(path, line, thrown instanceof TypeError ? "not UTF-8" : "not JSON", thrown);
  }
  const parsed = record.safeParse(value);
  if (!parsed.success) throw malformed(path, line, 'no string "text"', parsed.error);
  return parsed.data.text ?? "";
};

const malformed = (path: string, line: number, what: string, cause: unknown): BlockZeroError =>
  new BlockZeroError(
    "DATASET_MALFORMED",
    `${path}:${line}: ${what}`,
    'every line must be a JSON object such as {"text": "…"}',
    { cause },
  );

const tooLarge = (message: string): BlockZeroError =>
  new BlockZeroError("DATASET_TOO_LARGE", message, "split it into smaller files or shorter documents");
