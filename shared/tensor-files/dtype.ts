/** Bits per element of every safetensors dtype that the protocol's files may have. */
const BITS = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  BOOL: 8,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
} as const;

/** Those that the official library knows besides. */
const OTHER_BITS = { F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8 } as const;

export type DType = keyof typeof BITS | keyof typeof OTHER_BITS;

export const DTYPES: readonly DType[] = Object.keys(BITS).filter((name): name is DType => isDType(name));

export function isDType(name: unknown): name is keyof typeof BITS {
  return typeof name === "string" && Object.hasOwn(BITS, name);
}

/** Whether the official library knows the dtype. */
export const isOfficialDType = (name: unknown): name is DType =>
  isDType(name) || (typeof name === "string" && Object.hasOwn(OTHER_BITS, name));

/** Most dimensions of a tensor in the protocol's files. */
const MAX_DIMENSIONS = 8;

/**
 * Bytes of a tensor, or null when the shape is not one: at most so many dimensions, whole, and a size that fills whole bytes and is a safe
 * integer of bits, the product of the leading dimensions alone too.
 */
export const byteLength = (dtype: DType, shape: readonly unknown[], maxDimensions = MAX_DIMENSIONS): number | null => {
  if (shape.length > maxDimensions) return null;
  let bits: number = { ...BITS, ...OTHER_BITS }[dtype];
  for (const side of shape) {
    if (typeof side !== "number" || !Number.isSafeInteger(side) || side < 0) return null;
    bits *= side;
    if (!Number.isSafeInteger(bits)) return null;
  }
  return bits % 8 === 0 ? bits / 8 : null;
};
