/** Bytes per element of every safetensors dtype that fills whole bytes. */
const SIZES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;

export type DType = keyof typeof SIZES;

export const isDType = (name: unknown): name is DType => typeof name === "string" && Object.hasOwn(SIZES, name);

/** Bytes of a tensor, or null when the shape is not one: at most 8 dimensions, whole, and a size that is a safe integer. */
export const byteLength = (dtype: DType, shape: readonly unknown[]): number | null => {
  if (shape.length > 8) return null;
  let bytes: number = SIZES[dtype];
  for (const side of shape) {
    if (typeof side !== "number" || !Number.isSafeInteger(side) || side < 0) return null;
    bytes *= side;
    if (!Number.isSafeInteger(bytes)) return null;
  }
  return bytes;
};
