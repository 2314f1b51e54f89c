import type { FloatDType } from "./float-dtype.js";

/** Where the bytes of a tensor lie: row-major, little-endian, in one piece of one file. */
export interface TensorPlace {
  readonly path: string;
  /** Of its first byte in the file; not always a multiple of its element's size. */
  readonly offset: number;
  readonly bytes: number;
  readonly dtype: FloatDType;
  readonly shape: readonly number[];
}

/** By the tensor's name. */
export type TensorPlaces = ReadonlyMap<string, TensorPlace>;
