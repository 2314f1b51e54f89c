import { byteLength } from "#shared/tensor-files/dtype.js";
import { byName, type CanonicalHeader, canonicalHeader, type TensorSpec } from "#shared/tensor-files/safetensors.js";

/** Bytes of tensors in one blob of a part, where the network file says nothing: 1 GiB. */
const DEFAULT_PART_BYTES = 2 ** 30;

/** Name → shape of tensors. */
type Shapes = ReadonlyMap<string, readonly number[]>;

/**
 * The blobs of a part, in which every participant must write it: the headers of their canonical float32 files. The tensors follow one another in ascending
 * order of their names' UTF-8 bytes. A blob begins where the next tensor would take the last above `partBytes`, so that only a tensor that is
 * larger by itself makes a larger blob. A part that fits is one blob.
 */
export const partLayout = (shapes: Shapes, partBytes = DEFAULT_PART_BYTES): readonly CanonicalHeader[] => {
  const blobs: [string, TensorSpec][][] = [[]];
  let filled = 0;
  for (const [name, shape] of byName(shapes)) {
    const bytes = byteLength("F32", shape) ?? Number.POSITIVE_INFINITY;
    if (filled > 0 && filled + bytes > partBytes) {
      blobs.push([]);
      filled = 0;
    }
    blobs.at(-1)!.push([name, { dtype: "F32", shape }]);
    filled += bytes;
  }
  return blobs.map((specs) => canonicalHeader(new Map(specs)));
};
