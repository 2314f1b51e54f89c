import type { Tensor } from "./safetensors.js";

/** A float32 tensor in memory, row-major. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The elements of an F32 tensor: a view of its bytes where they are aligned, else a copy. */
export const toFloats = ({ data }: Pick<Tensor, "data">): Float32Array => {
  // Not `slice`, which of a Buffer is a view.
  const aligned = data.byteOffset % 4 === 0 ? data : new Uint8Array(data);
  const view = new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  return IS_LITTLE_ENDIAN ? view : swapped(aligned);
};

/** An F32 tensor of the same elements; a view of them on little-endian machines. */
export const fromFloats = ({ shape, data }: FloatTensor): Tensor => {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { dtype: "F32", shape, data: IS_LITTLE_ENDIAN ? bytes : new Uint8Array(swapped(bytes).buffer) };
};

/** Whether this machine keeps numbers as the file does. */
export const IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const swapped = (bytes: Uint8Array): Float32Array =>
  new Float32Array(Uint8Array.from(Buffer.from(bytes).swap32()).buffer);
