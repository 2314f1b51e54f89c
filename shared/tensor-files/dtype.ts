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

/** Bytes of a tensor, or null where `measureShape` finds a fault. */
export const byteLength = (dtype: DType, shape: readonly unknown[]): number | null => {
  const measured = measureShape(dtype, shape);
  return measured.ok ? measured.bytes : null;
};

export type MeasuredShape =
  | { readonly ok: true; readonly bytes: number }
  | {
      readonly ok: false;
      readonly problem: string;
      /** Whether it is a shape that is too large for any file. */
      readonly isTooLarge: boolean;
    };

/**
 * Bytes of a tensor, or why its shape is none: at most so many dimensions, whole, and a size that fills whole bytes and is a safe integer of bits,
 * the product of the leading dimensions alone too.
 */
export const measureShape = (
  dtype: DType,
  shape: readonly unknown[],
  maxDimensions = MAX_DIMENSIONS,
): MeasuredShape => {
  const fault = (problem: string, isTooLarge = false) => ({ ok: false, problem, isTooLarge }) as const;
  if (shape.length > maxDimensions) return fault(`${shape.length} dimensions, at most ${maxDimensions} are read`);
  let bits: number = { ...BITS, ...OTHER_BITS }[dtype];
  for (const side of shape) {
    if (typeof side !== "number" || !Number.isInteger(side) || side < 0)
      return fault("its shape is not of whole numbers");
    bits *= side;
    if (!Number.isSafeInteger(side) || !Number.isSafeInteger(bits))
      return fault("its shape has 2^53 bits or more, which no file holds", true);
  }
  return bits % 8 === 0 ? { ok: true, bytes: bits / 8 } : fault("its elements do not fill whole bytes");
};
