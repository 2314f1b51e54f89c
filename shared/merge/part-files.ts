import { CODECS, type TensorShapes } from "#shared/artifact/codec/index.js";
import { type UpdateReader, updateReader } from "#shared/artifact/update-reader.js";
import type { BlobWriter } from "#shared/blobs/blob-writer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { ByteSource } from "#shared/files/byte-source.js";
import { createScratch, type Scratch } from "#shared/files/scratch.js";
import { addSquares } from "#shared/kernels/sum-of-squares.js";
import { checkShapes } from "#shared/model/part-parameters.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import type { BlobRef } from "#shared/protocol/model-manifest.js";
import { fromFloats, toFloats } from "#shared/tensor-files/float32.js";
import { byName, canonicalHeader, type TensorSpec } from "#shared/tensor-files/safetensors.js";
import { openSafetensors } from "#shared/tensor-files/safetensors-file.js";

/** A part of a model. Only the requested tensor is in memory. */
export interface PartReader {
  /** The elements of one tensor. They lie in `scratch`, and the caller may change them. */
  read(name: string, scratch: Scratch): Promise<Float32Array>;
  /** L2 norm over all its tensors, in the order of the file. */
  norm(): Promise<number>;
}

/** The caller closes the file. @throws BlockZeroError SAFETENSORS_INVALID, CHECKPOINT_MISMATCH, and what reading the file throws */
export const openPart = async (file: ByteSource, shapes: TensorShapes, what: string): Promise<PartReader> => {
  const { header, read: fill } = await openSafetensors(file);
  const { tensors } = header;
  checkShapes(Object.fromEntries(tensors), Object.fromEntries(shapes), what);
  for (const [name, { dtype }] of tensors)
    if (dtype !== "F32")
      throw new BlockZeroError("SAFETENSORS_INVALID", `${what}: tensor ${name} is ${dtype}`, "only F32 is merged");
  const read: PartReader["read"] = async (name, scratch) => {
    const { begin, end } = tensors.get(name)!;
    const data = scratch(end - begin);
    await fill(name, data);
    return toFloats({ data });
  };
  return {
    read,
    norm: async () => {
      const scratch = createScratch();
      let squares = 0;
      for (const [name] of tensors) squares = addSquares(squares, await read(name, scratch));
      return Math.sqrt(squares);
    },
  };
};

/** Reads an update that passed the gates. The caller closes the file. */
export const openUpdate = async (file: ByteSource, codec: CodecName, shapes: TensorShapes): Promise<UpdateReader> =>
  updateReader(await openSafetensors(file), CODECS[codec], shapes);

/** The canonical float32 file of a part, written tensor by tensor. */
export interface PartWriter {
  /** Appends the next tensor in ascending order of name. Its elements must not change until this resolves. */
  append(data: Float32Array): Promise<void>;
  /** Returns the manifest's reference to the file, once it is safely stored. */
  finish(): Promise<BlobRef>;
}

export const beginPart = async (writer: BlobWriter, shapes: TensorShapes): Promise<PartWriter> => {
  const specs = new Map(byName(shapes).map(([name, shape]): [string, TensorSpec] => [name, { dtype: "F32", shape }]));
  await writer.append(canonicalHeader(specs).bytes);
  return {
    append: (data) => writer.append(fromFloats({ shape: [data.length], data }).data),
    finish: () => writer.finish(),
  };
};
