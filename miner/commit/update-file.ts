import type { Codec } from "#shared/artifact/codec/codec.js";
import { encodeTensor, type Feedback } from "#shared/artifact/codec/encode-update.js";
import { encodedSpecs } from "#shared/artifact/codec/index.js";
import { type ByteSource, bytesSource, hashOfSource } from "#shared/files/byte-source.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { sha256 } from "#shared/protocol/hash.js";
import { writeSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";
import type { FloatSource } from "#shared/training/float-source.js";

/** The file of an update, to be read from where it is. */
export interface UpdateFile extends ByteSource {
  readonly hash: string;
}

/** The file is in memory. */
export const updateInMemory = (bytes: Uint8Array, hash = sha256(bytes)): UpdateFile => ({
  ...bytesSource(bytes),
  hash,
});

/**
 * Encodes an update into a file, a tensor at a time: of the others nothing is in memory. Close it.
 *
 * @throws BlockZeroError FILE_UNWRITABLE, FILE_UNREADABLE, and as `encodeTensor`
 */
export const writeUpdate = async (
  path: string,
  codec: Codec,
  { shapes, read }: FloatSource,
  feedback?: Feedback,
): Promise<UpdateFile> => {
  const specs = encodedSpecs(codec, new Map(Object.entries(shapes)));
  await writeSafetensorsFile(path, specs, { mode: 0o600, isTemporary: true }, async (file) => {
    for (const name of Object.keys(shapes))
      for (const [piece, { data }] of await encodeTensor(codec, name, await read(name), feedback))
        await file.write(piece, data);
  });
  const source = await openRegularFile(path);
  return { ...source, hash: await hashOfSource(source) };
};
