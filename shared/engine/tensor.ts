import { BlockZeroError } from "#shared/errors/error.js";

export type DType = "float32" | "int64" | "bool";

/** Bytes per element. */
export const BYTES: Readonly<Record<DType, number>> = { float32: 4, int64: 8, bool: 1 };

export interface FloatTensor {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface IntTensor {
  readonly dtype: "int64";
  readonly shape: readonly number[];
  readonly data: BigInt64Array;
}

/** One byte per element, 0 or 1. */
export interface BoolTensor {
  readonly dtype: "bool";
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A dense row-major tensor in host memory. The shape is fixed. The elements belong to the code that created it. */
export type Tensor = FloatTensor | IntTensor | BoolTensor;

/** Number of elements of a shape; 1 for a scalar's `[]`. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, dim) => size * dim, 1);

/** Wraps a Float32Array (no copy), or copies other numbers into one. Without a shape the tensor is 1-D. Throws TENSOR_SHAPE. */
export const floatTensor = (values: ArrayLike<number>, shape: readonly number[] = [values.length]): FloatTensor => {
  checkSize(values.length, shape);
  return { dtype: "float32", shape, data: values instanceof Float32Array ? values : Float32Array.from(values) };
};

/** Wraps a BigInt64Array (no copy), or converts integers into one. Without a shape the tensor is 1-D. Throws TENSOR_SHAPE. */
export const intTensor = (
  values: BigInt64Array | ArrayLike<number>,
  shape: readonly number[] = [values.length],
): IntTensor => {
  checkSize(values.length, shape);
  const data =
    values instanceof BigInt64Array
      ? values
      : BigInt64Array.from({ length: values.length }, (_, i) => BigInt(values[i]!));
  return { dtype: "int64", shape, data };
};

/** Float zeros. */
export const zeros = (shape: readonly number[]): FloatTensor => floatTensor(new Float32Array(sizeOf(shape)), shape);

/** A tensor of any type. Its elements are 0 until they are written. */
export const emptyTensor = (dtype: DType, shape: readonly number[]): Tensor => {
  const size = sizeOf(shape);
  switch (dtype) {
    case "float32":
      return { dtype, shape, data: new Float32Array(size) };
    case "int64":
      return { dtype, shape, data: new BigInt64Array(size) };
    case "bool":
      return { dtype, shape, data: new Uint8Array(size) };
  }
};

const checkSize = (length: number, shape: readonly number[]): void => {
  if (length === sizeOf(shape)) return;
  throw new BlockZeroError(
    "TENSOR_SHAPE",
    `${length} values do not fill shape [${shape.join(", ")}]`,
    "give as many values as the product of the dimensions",
  );
};
