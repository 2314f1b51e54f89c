import type { DType } from "./dtype.js";
import { IS_LITTLE_ENDIAN } from "./float32.js";
import { narrowBfloat16, narrowFloat16, widenBfloat16, widenFloat16 } from "./half-precision.js";

/** The dtypes that weights are published in; the two of two bytes are converted from and to float32. */
export type FloatDType = "F32" | "BF16" | "F16";

export const isFloatDType = (dtype: DType): dtype is FloatDType =>
  dtype === "F32" || dtype === "BF16" || dtype === "F16";

/** Bytes per element. */
export const floatBytes = (dtype: FloatDType): 2 | 4 => (dtype === "F32" ? 4 : 2);

/**
 * Elements of a file → float32, exactly.
 *
 * @param bytes little-endian; may be overwritten
 * @param into  as many elements as `bytes` holds
 */
export const widen = (dtype: FloatDType, bytes: Uint8Array, into: Float32Array): void => {
  const little = IS_LITTLE_ENDIAN ? bytes : swapped(dtype, bytes);
  // Not `slice`, which of a Buffer is a view.
  const aligned = little.byteOffset % floatBytes(dtype) === 0 ? little : new Uint8Array(little);
  if (dtype === "F32") {
    into.set(new Float32Array(aligned.buffer, aligned.byteOffset, into.length));
    return;
  }
  const halves = new Uint16Array(aligned.buffer, aligned.byteOffset, into.length);
  const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
  if (dtype === "BF16") widenBfloat16(halves, bits);
  else widenFloat16(halves, bits);
};

/** float32 → little-endian elements, rounded to nearest, ties to even. A view of `values` where nothing changes. */
export const narrow = (dtype: FloatDType, values: Float32Array): Uint8Array => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (dtype !== "F32") {
    const halves = new Uint16Array(values.length);
    if (dtype === "BF16") narrowBfloat16(bits, halves);
    else narrowFloat16(bits, halves);
    bytes = new Uint8Array(halves.buffer);
  }
  return IS_LITTLE_ENDIAN ? bytes : swapped(dtype, bytes.slice());
};

const swapped = (dtype: FloatDType, bytes: Uint8Array): Uint8Array => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return dtype === "F32" ? buffer.swap32() : buffer.swap16();
};
