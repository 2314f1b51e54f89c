import { BlockZeroError } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { quote } from "#shared/protocol/parsed.js";
import {
  type CanonicalHeader,
  DEFAULT_SAFETENSORS_LIMITS,
  headerLength,
  PREFIX_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type SafetensorsLimits,
} from "./safetensors.js";

/** A safetensors file of which no more than the header is in memory. */
export interface SafetensorsReader {
  readonly header: SafetensorsHeader;
  /**
   * Fills `into` with a tensor's bytes, from `offset` on.
   *
   * @throws BlockZeroError SAFETENSORS_INVALID outside the tensor, and what reading the source throws
   */
  read(name: string, into: Uint8Array, offset?: number): Promise<void>;
  close(): Promise<void>;
}

/** One on disk; reading it throws FILE_SHRANK, FILE_UNREADABLE. */
export interface SafetensorsFile extends SafetensorsReader {
  readonly path: string;
}

/**
 * Reads the header of a file from a stranger, and checks all that `parseHeader` does. Nothing is allocated for a header that is
 * longer than the file or the limit.
 *
 * @param what the file's name in an error, if it has one
 * @throws BlockZeroError SAFETENSORS_INVALID, and what reading the source throws
 */
export const openSafetensors = async (
  source: ByteSource,
  what?: string,
  limits: SafetensorsLimits = DEFAULT_SAFETENSORS_LIMITS,
): Promise<SafetensorsReader> => {
  const prefix = new Uint8Array(Math.min(PREFIX_BYTES, source.size));
  await source.fill(prefix, 0);
  const bytes = new Uint8Array(naming(what, () => headerLength(prefix, source.size, limits)));
  await source.fill(bytes, PREFIX_BYTES);
  return readerOf(
    source,
    naming(what, () => parseHeader(bytes, source.size, limits)),
    what,
  );
};

/**
 * Opens the canonical file of such tensors without parsing what a stranger wrote: its header can be no other. Null where it is another file, or of
 * another length.
 *
 * @throws what reading the source throws
 */
export const openCanonical = async (
  source: ByteSource,
  { bytes, tensors }: CanonicalHeader,
): Promise<SafetensorsReader | null> => {
  const dataBytes = [...tensors.values()].at(-1)?.end ?? 0;
  if (source.size !== bytes.length + dataBytes) return null;
  const found = new Uint8Array(bytes.length);
  await source.fill(found, 0);
  if (Buffer.compare(found, bytes) !== 0) return null;
  return readerOf(source, { tensors, metadata: new Map(), dataStart: bytes.length });
};

const readerOf = (source: ByteSource, header: SafetensorsHeader, what?: string): SafetensorsReader => ({
  header,
  read: async (name, into, offset = 0) => {
    const info = header.tensors.get(name);
    if (info === undefined || offset < 0 || offset + into.length > info.end - info.begin)
      throw outside(what, name, offset, into.length);
    await source.fill(into, header.dataStart + info.begin + offset);
  },
  close: () => source.close(),
});

/** The same of a file on disk. @throws BlockZeroError SAFETENSORS_INVALID, FILE_SHRANK, FILE_UNREADABLE; each names the file */
export const openSafetensorsFile = async (path: string, limits?: SafetensorsLimits): Promise<SafetensorsFile> => {
  const file = await openRegularFile(path);
  try {
    return { ...(await openSafetensors(file, path, limits)), path };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
};

const naming = <T>(what: string | undefined, work: () => T): T => {
  try {
    return work();
  } catch (cause) {
    if (what === undefined || !(cause instanceof BlockZeroError)) throw cause;
    throw new BlockZeroError(cause.code, `${what}: ${cause.message}`, cause.hint, { cause });
  }
};

const outside = (what: string | undefined, name: string, offset: number, length: number) =>
  new BlockZeroError(
    "SAFETENSORS_INVALID",
    `${what === undefined ? "" : `${what}: `}tensor ${quote(name)} has no bytes ${offset} to ${offset + length}`,
    "read what the header lists",
  );
