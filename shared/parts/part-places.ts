import { openRegularFile } from "#shared/files/regular-file.js";
import type { BlobRef, PartRef } from "#shared/protocol/model-manifest.js";
import type { TensorPlaces } from "#shared/tensor-files/tensor-place.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";
import { type OpenPart, openPart } from "./open-part.js";

/** A part whose tensors may be read here, and mapped from their files. */
export interface PlacedPart extends OpenPart {
  /** Where on this machine each tensor lies, also after the part is closed. */
  readonly places: TensorPlaces;
}

/**
 * Opens a part as `openPart` does, for a reader that maps files. Close it.
 *
 * @param locate the path of a blob whose bytes have been verified; as long as it stays there the places hold
 * @throws BlockZeroError what `openPart` throws
 */
export const openPlacedPart = async (
  locate: (blob: BlobRef) => Promise<string>,
  part: PartRef,
  shapes: TensorShapes | null,
  what: string,
): Promise<PlacedPart> => {
  const paths: string[] = [];
  const open = async (blob: BlobRef) => {
    const path = await locate(blob);
    paths.push(path);
    return openRegularFile(path);
  };
  const opened = await openPart(open, part, shapes, what);
  const places: TensorPlaces = new Map(
    [...opened.tensors].map(([name, { blob, offset, bytes, dtype, shape }]) => [
      name,
      { path: paths[blob]!, offset, bytes, dtype, shape },
    ]),
  );
  return { ...opened, places };
};
