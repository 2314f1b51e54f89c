import { withSource } from "#shared/files/byte-source.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { widen } from "./float-dtype.js";
import type { TensorPlace } from "./tensor-place.js";

/** The elements of a tensor in a file, as float32 in new memory. @throws BlockZeroError FILE_SHRANK, FILE_UNREADABLE */
export const readPlace = async ({ path, offset, bytes, dtype, shape }: TensorPlace): Promise<Float32Array> =>
  withSource(await openRegularFile(path), async (file) => {
    const into = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const read = dtype === "F32" ? new Uint8Array(into.buffer) : new Uint8Array(bytes);
    await file.fill(read, offset);
    widen(dtype, read, into);
    return into;
  });
