import { byteLength } from "#shared/tensor-files/dtype.js";
import type { FloatDType } from "#shared/tensor-files/float-dtype.js";
import { byName, type CanonicalHeader, canonicalHeader, type TensorSpec } from "#shared/tensor-files/safetensors.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";

/** Bytes of tensors in one blob of a part, where the network file says nothing: 1 GiB. */
const DEFAULT_PART_BYTES = 2 ** 30;

/** Name → precision of the tensors of a part that are not float32. */
export type PartDTypes = ReadonlyMap<string, FloatDType>;

/**
 * The blobs of a part, in which every participant must write it: the headers of their canonical files. The tensors follow one another in ascending
 * order of their names' UTF-8 bytes. A blob begins where the next tensor would take the last above `partBytes`, so that only a tensor that is
 * larger by itself makes a larger blob. A part that fits is one blob.
 */
export const partLayout = (
  shapes: TensorShapes,
  partBytes = DEFAULT_PART_BYTES,
  dtypes: PartDTypes = new Map(),
): readonly CanonicalHeader[] => {
  const blobs: [string, TensorSpec][][] = [[]];
  let filled = 0;
  for (const [name, shape] of byName(shapes)) {
    const dtype = dtypes.get(name) ?? "F32";
    const bytes = byteLength(dtype, shape) ?? Number.POSITIVE_INFINITY;
    if (filled > 0 && filled + bytes > partBytes) {
      blobs.push([]);
      filled = 0;
    }
    blobs.at(-1)!.push([name, { dtype, shape }]);
    filled += bytes;
  }
  return blobs.map((specs) => canonicalHeader(new Map(specs)));
};
