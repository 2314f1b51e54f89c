import { fromFloats, toFloats } from "#shared/tensor-files/float32.js";
import { allocateNew, type Codec, elementsOf, malformed } from "./codec.js";
import { scaleFault } from "./scales.js";

/** Consecutive elements that share a scale. */
export const INT8_BLOCK = 256;
const LARGEST = 127;

/**
 * Symmetric eight-bit integers: a block's scale is its largest magnitude divided by 127. A decoded element is the float32 product of scale
 * and code.
 */
export const int8: Codec = {
  name: "int8",
  feedback: false,
  layout: (shape) =>
    new Map([
      ["", { dtype: "I8", shape }],
      [".scales", { dtype: "F32", shape: [blocksOf(elementsOf(shape))] }],
    ]),
  encode(values) {
    const codes = new Int8Array(values.length);
    const scales = new Float32Array(blocksOf(values.length));
    for (let block = 0; block < scales.length; block++) {
      const begin = block * INT8_BLOCK;
      const end = Math.min(begin + INT8_BLOCK, values.length);
      let largest = 0;
      for (let i = begin; i < end; i++) {
        const magnitude = Math.abs(values[i]!);
        if (magnitude > largest) largest = magnitude;
      }
      const scale = Math.fround(largest / LARGEST);
      scales[block] = scale;
      // The scale is below the smallest float32, so all codes stay zero.
      if (scale === 0) continue;
      for (let i = begin; i < end; i++) codes[i] = clamp(Math.round(values[i]! / scale));
    }
    return new Map([
      ["", new Uint8Array(codes.buffer)],
      [".scales", fromFloats({ shape: [scales.length], data: scales }).data],
    ]);
  },
  decode(pieces, length, allocate = allocateNew) {
    const { buffer, byteOffset } = pieces.get("")!;
    const codes = new Int8Array(buffer, byteOffset, length);
    const scales = toFloats({ data: pieces.get(".scales")! });
    const fault = scaleFault(scales);
    if (fault) return fault;
    const values = allocate(length);
    for (let block = 0; block < scales.length; block++) {
      const scale = scales[block]!;
      const end = Math.min((block + 1) * INT8_BLOCK, length);
      for (let i = block * INT8_BLOCK; i < end; i++) {
        const code = codes[i]!;
        if (code < -LARGEST) return malformed(`element ${i} has the code ${code}`);
        // The product of 24 and 7 bits is exact in float64. Storing it rounds once, as a float32 product does.
        values[i] = scale * code;
      }
    }
    return values;
  },
};

const blocksOf = (elements: number): number => Math.ceil(elements / INT8_BLOCK);

const clamp = (code: number): number => Math.max(-LARGEST, Math.min(LARGEST, code));
