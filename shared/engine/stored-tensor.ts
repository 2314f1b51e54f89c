/** Elements of a float tensor in a file, row-major and little-endian: a program reads them from there, as float32. */
export interface StoredTensor {
  readonly path: string;
  /** Of the first byte in the file. Any number: elements need not be aligned. */
  readonly offset: number;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
}

/** By safetensors' names. */
export type StoredDType = "F32" | "F16" | "BF16";

/** By name of a graph's input. */
export type StoredTensors = Readonly<Record<string, StoredTensor>>;

export const STORED_BYTES: Readonly<Record<StoredDType, number>> = { F32: 4, F16: 2, BF16: 2 };
