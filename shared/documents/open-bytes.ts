import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Compression } from "./formats.js";
import { unzstd } from "./zstd/unzstd.js";

const CHUNK_BYTES = 1 << 20;

/** A pipe that nobody writes to opens at once, and is refused. */
const READING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Opens a regular file for reading. @throws BlockZeroError DATASET_NOT_FOUND */
export const openDataFile = async (path: string): Promise<FileHandle> => {
  const file = await open(path, READING).catch((cause: unknown) => {
    throw new BlockZeroError(
      "DATASET_NOT_FOUND",
      `cannot open the data file ${path}: ${reasonOf(cause)}`,
      "check the path: in a file it is relative to that file, elsewhere to the current folder",
      { cause },
    );
  });
  try {
    if ((await file.stat()).isFile()) return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
  await file.close();
  throw new BlockZeroError(
    "DATASET_NOT_FOUND",
    `${path} is not a regular file`,
    "name a file: a pipe or a device cannot be read again, so write it to a file first",
  );
};

/**
 * The bytes of a file, decompressed, in chunks.
 *
 * @param onRead told of the bytes read from the file, before decompression
 * @throws BlockZeroError DATASET_NOT_FOUND, DATASET_MALFORMED, DATASET_TOO_LARGE
 */
export async function* openBytes(
  path: string,
  compression: Compression,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const file = await openDataFile(path);
  try {
    const raw = rawChunks(file, onRead);
    if (compression === "none") yield* raw;
    else if (compression === "gzip") yield* gunzipped(path, raw);
    else yield* unzstandard(path, raw);
  } finally {
    await file.close();
  }
}

async function* rawChunks(file: FileHandle, onRead: (bytes: number) => void): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    onRead(bytesRead);
    yield buffer.subarray(0, bytesRead);
  }
}

async function* gunzipped(path: string, raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // The error reaches the reader below.
  pipeline(raw, gunzip, () => {});
  try {
    for await (const chunk of gunzip) yield chunk;
  } catch (cause) {
    throw damaged(path, "gzip", cause);
  }
}

async function* unzstandard(path: string, raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of unzstd(raw, ({ window }) => refuseWindow(path, window))) yield chunk;
  } catch (cause) {
    throw cause instanceof BlockZeroError ? cause : damaged(path, "zstd", cause);
  }
}

/** Window of a zstd frame, which decompressing keeps in memory: the largest that `zstd` itself takes unasked. */
const MAX_WINDOW = 128 << 20;

/** @throws BlockZeroError DATASET_TOO_LARGE */
const refuseWindow = (path: string, window: number): void => {
  if (window > MAX_WINDOW)
    throw new BlockZeroError(
      "DATASET_TOO_LARGE",
      `${path} takes a window of ${window} bytes to decompress, at most ${MAX_WINDOW} are kept in memory`,
      "compress it again without --long and --ultra",
    );
};

const damaged = (path: string, format: string, cause: unknown): BlockZeroError =>
  new BlockZeroError(
    "DATASET_MALFORMED",
    `${path} is not whole ${format}: ${reasonOf(cause)}`,
    "fetch it again, and compare its checksum",
    { cause },
  );
