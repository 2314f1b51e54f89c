import { narrow, widen } from "#shared/tensor-files/float-dtype.js";
import { IS_LITTLE_ENDIAN, toFloats } from "#shared/tensor-files/float32.js";
import { allocateNew, type Codec } from "./codec.js";

/** Every element unchanged. */
export const float32: Codec = {
  name: "float32",
  feedback: false,
  layout: (shape) => new Map([["", { dtype: "F32", shape }]]),
  encode: (values) => new Map([["", narrow("F32", values)]]),
  decode: (pieces) => toFloats({ data: pieces.get("")! }),
};

/** The upper half of every element, rounded to nearest, ties to even. */
export const bfloat16: Codec = {
  name: "bfloat16",
  feedback: false,
  layout: (shape) => new Map([["", { dtype: "BF16", shape }]]),
  encode: (values) => new Map([["", narrow("BF16", values)]]),
  decode: (pieces, length, allocate) => widenBfloats(pieces.get("")!, length, allocate),
};

/** bfloat16 elements of a file as float32, exactly. The bytes are not changed. */
export const widenBfloats = (bytes: Uint8Array, length: number, allocate = allocateNew): Float32Array => {
  const values = allocate(length);
  // The byte order is changed in place, so this needs a copy.
  widen("BF16", IS_LITTLE_ENDIAN ? bytes : new Uint8Array(bytes), values);
  return values;
};
