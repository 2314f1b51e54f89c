import { BlockZeroError } from "#shared/errors.js";
import { quote } from "#shared/protocol/parsed.js";
import { openRegularFile } from "./regular-file.js";
import {
  DEFAULT_SAFETENSORS_LIMITS,
  headerLength,
  PREFIX_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type SafetensorsLimits,
} from "./safetensors.js";

/** A safetensors file on disk of which no more than the header is in memory. */
export interface SafetensorsFile {
  readonly path: string;
  readonly header: SafetensorsHeader;
  /**
   * Fills `into` with a tensor's bytes, from `offset` on.
   *
   * @throws BlockZeroError SAFETENSORS_INVALID outside the tensor, FILE_SHRANK, FILE_UNREADABLE
   */
  read(name: string, into: Uint8Array, offset?: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file from a stranger: reads its header, and checks all that `parseHeader` does. Nothing is allocated for a header that is
 * longer than the file or the limit.
 *
 * @throws BlockZeroError SAFETENSORS_INVALID, FILE_SHRANK, FILE_UNREADABLE; each names the file
 */
export const openSafetensorsFile = async (
  path: string,
  limits: SafetensorsLimits = DEFAULT_SAFETENSORS_LIMITS,
): Promise<SafetensorsFile> => {
  const file = await openRegularFile(path);
  try {
    const prefix = new Uint8Array(Math.min(PREFIX_BYTES, file.size));
    await file.fill(prefix, 0);
    const bytes = new Uint8Array(naming(path, () => headerLength(prefix, file.size, limits)));
    await file.fill(bytes, PREFIX_BYTES);
    const header = naming(path, () => parseHeader(bytes, file.size, limits));
    return {
      path,
      header,
      read: async (name, into, offset = 0) => {
        const info = header.tensors.get(name);
        if (info === undefined || offset < 0 || offset + into.length > info.end - info.begin)
          throw outside(path, name, offset, into.length);
        await file.fill(into, header.dataStart + info.begin + offset);
      },
      close: () => file.close(),
    };
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
};

const naming = <T>(path: string, work: () => T): T => {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof BlockZeroError)) throw cause;
    throw new BlockZeroError(cause.code, `${path}: ${cause.message}`, cause.hint, { cause });
  }
};

const outside = (path: string, name: string, offset: number, length: number) =>
  new BlockZeroError(
    "SAFETENSORS_INVALID",
    `${path}: tensor ${quote(name)} has no bytes ${offset} to ${offset + length}`,
    "read what the header lists",
  );
