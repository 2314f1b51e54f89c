import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { ensureFolder } from "#shared/files/ensure-folder.js";
import { syncFolder } from "#shared/files/sync-folder.js";
import { writeAt } from "#shared/files/write-at.js";
import { writing } from "#shared/files/writing.js";
import { quote } from "#shared/protocol/parsed.js";
import { canonicalHeader, type TensorSpec } from "./safetensors.js";

/** A canonical safetensors file that is being written, tensor by tensor. */
export interface SafetensorsWriter {
  /**
   * A tensor's little-endian data, whole, or a part of it from byte `offset` on. Tensors and parts may come in any order, each once.
   *
   * @throws BlockZeroError SAFETENSORS_INVALID, FILE_UNWRITABLE
   */
  write(name: string, data: Uint8Array, offset?: number): Promise<void>;
  /**
   * Makes the file appear under its name, durably unless it is temporary.
   *
   * @throws BlockZeroError SAFETENSORS_INVALID while a tensor is missing, FILE_UNWRITABLE
   */
  finish(): Promise<void>;
  /** Leaves nothing behind; after `finish` it does nothing. */
  discard(): Promise<void>;
}

export interface SafetensorsWriterOptions {
  readonly metadata?: ReadonlyMap<string, string>;
  /** Permissions; readable by everybody if not given. */
  readonly mode?: number;
  /** A temporary file is not synced: after a crash of the machine it may be anything. */
  readonly isTemporary?: boolean;
}

/**
 * Begins the file that `encodeSafetensors` would make of such tensors, without holding more than the header. Under a temporary name
 * until it is finished.
 *
 * @throws BlockZeroError SAFETENSORS_INVALID, FILE_UNWRITABLE
 */
export const createSafetensorsFile = async (
  path: string,
  specs: ReadonlyMap<string, TensorSpec>,
  { metadata, mode = 0o644, isTemporary = false }: SafetensorsWriterOptions = {},
): Promise<SafetensorsWriter> => {
  const { bytes: header, tensors } = canonicalHeader(specs, metadata);
  const missing = new Map([...tensors].map(([name, { begin, end }]) => [name, end - begin]));
  const unfinished = `${path}.tmp`;
  const file = await writing(path, async () => {
    await ensureFolder(dirname(path));
    return open(unfinished, "w", mode);
  });
  const discard = async (): Promise<void> => {
    await file.close();
    await rm(unfinished, { force: true });
  };
  try {
    await writing(path, () => writeAt(file, header, 0));
  } catch (thrown) {
    await discard();
    throw thrown;
  }
  return {
    write: async (name, data, offset) => {
      const info = tensors.get(name);
      const size = info && info.end - info.begin;
      const fits = offset === undefined ? data.length === size : offset >= 0 && offset + data.length <= (size ?? 0);
      if (info === undefined || !fits)
        throw invalid(`${path}: tensor ${quote(name)} is not announced, or not with ${data.length} bytes`);
      await writing(path, () => writeAt(file, data, header.length + info.begin + (offset ?? 0)));
      missing.set(name, offset === undefined ? 0 : missing.get(name)! - data.length);
    },
    finish: async () => {
      const first = [...missing].find(([, bytes]) => bytes > 0)?.[0];
      if (first !== undefined) throw invalid(`${path}: tensor ${quote(first)} was not written`);
      await writing(path, async () => {
        if (!isTemporary) await file.sync();
        await file.close();
        await rename(unfinished, path);
        if (!isTemporary) await syncFolder(dirname(path));
      });
    },
    discard,
  };
};

/**
 * Writes the same file whole or not at all.
 *
 * @throws what `write` throws, and as `createSafetensorsFile`; SAFETENSORS_INVALID where a tensor is missing
 */
export const writeSafetensorsFile = async (
  path: string,
  specs: ReadonlyMap<string, TensorSpec>,
  options: SafetensorsWriterOptions,
  write: (file: Pick<SafetensorsWriter, "write">) => Promise<void>,
): Promise<void> => {
  const file = await createSafetensorsFile(path, specs, options);
  try {
    await write(file);
    await file.finish();
  } catch (thrown) {
    await file.discard();
    throw thrown;
  }
};

const invalid = (problem: string) =>
  new BlockZeroError("SAFETENSORS_INVALID", problem, "write every tensor that was announced, each with its own bytes");
