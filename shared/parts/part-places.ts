import { openRegularFile } from "#shared/files/regular-file.js";
import type { BlobRef, PartRef } from "#shared/protocol/model-manifest.js";
import type { TensorPlaces } from "#shared/tensor-files/tensor-place.js";
import { openPart, type Shapes } from "./open-part.js";

/**
 * Where on this machine the tensors of a part lie, for a reader that maps files. The files are checked as `openPart` does, and closed.
 *
 * @param locate the path of a blob whose bytes have been verified; as long as it stays there the places hold
 * @throws BlockZeroError what `openPart` throws
 */
export const partPlaces = async (
  locate: (blob: BlobRef) => Promise<string>,
  part: PartRef,
  shapes: Shapes,
  what: string,
): Promise<TensorPlaces> => {
  const paths: string[] = [];
  const open = async (blob: BlobRef) => {
    const path = await locate(blob);
    paths.push(path);
    return openRegularFile(path);
  };
  const { tensors, close } = await openPart(open, part, shapes, what);
  await close();
  return new Map(
    [...tensors].map(([name, { blob, offset, bytes, shape }]) => [
      name,
      { path: paths[blob]!, offset, bytes, dtype: "F32", shape },
    ]),
  );
};
