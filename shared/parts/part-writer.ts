import type { BlobWriter } from "#shared/blobs/blob-writer.js";
import { type PartDTypes, partLayout } from "#shared/model/part-layout.js";
import { type BlobRef, type PartRef, partOf } from "#shared/protocol/model-manifest.js";
import { type FloatDType, floatBytes, narrow } from "#shared/tensor-files/float-dtype.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";

/** A part of a model that is being written, in the blobs of its layout. */
export interface PartWriter {
  /**
   * Appends the elements of the next tensor in ascending order of name, or the next of them. They must not change until this resolves.
   *
   * @throws RangeError for elements of two tensors, or too many
   */
  append(data: Float32Array): Promise<void>;
  /** The manifest's reference to the part, once its blobs are safely stored. @throws RangeError while elements are missing */
  finish(): Promise<PartRef>;
  /** Deletes the blob that is being written. Does nothing after `finish`. */
  discard(): Promise<void>;
}

/**
 * @param partBytes bytes of tensors in one blob, as `partLayout` takes them
 * @param dtypes    of tensors whose elements all are numbers of half precision
 */
export const beginPart = (
  create: () => Promise<BlobWriter>,
  shapes: TensorShapes,
  partBytes?: number,
  dtypes?: PartDTypes,
): PartWriter => {
  const layout = partLayout(shapes, partBytes, dtypes);
  const made: BlobRef[] = [];
  let blob: BlobWriter | null = null;
  /** Elements that the tensors of the blob under way lack. */
  let missing: { elements: number; readonly dtype: FloatDType }[] = [];

  const begin = async (): Promise<BlobWriter> => {
    const header = layout[made.length];
    if (header === undefined) throw new RangeError("elements after the last tensor of a part");
    const begun = await create();
    blob = begun;
    missing = [...header.tensors].map(([name, { begin, end }]) => {
      const dtype = dtypes?.get(name) ?? "F32";
      return { elements: (end - begin) / floatBytes(dtype), dtype };
    });
    await begun.append(header.bytes);
    return begun;
  };

  return {
    append: async (data) => {
      const writer = blob ?? (await begin());
      const tensor = missing[0]!;
      if (data.length > tensor.elements) throw new RangeError("elements of more than one tensor");
      await writer.append(narrow(tensor.dtype, data));
      tensor.elements -= data.length;
      if (tensor.elements === 0) missing.shift();
      if (missing.length > 0) return;
      made.push(await writer.finish());
      blob = null;
    },
    finish: async () => {
      const [first, ...others] = made;
      if (first === undefined || made.length < layout.length) throw new RangeError("a tensor of a part is missing");
      return partOf([first, ...others]);
    },
    discard: async () => {
      await blob?.discard();
      blob = null;
    },
  };
};
