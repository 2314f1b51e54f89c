import { floatBytes, isFloatDType } from "./float-dtype.js";
import type { SafetensorsFile } from "./safetensors-file.js";
import type { TensorPlace } from "./tensor-place.js";

/** A part of a tensor: some of its elements, in row-major order. */
export interface PartOfTensor {
  readonly shape: readonly number[];
  /** Its first element in the tensor. */
  readonly from: number;
}

/**
 * Where a tensor of an open file lies, or a part of it. It holds after the file is closed, for as long as it stays as it is.
 *
 * @throws TypeError for one that the file does not have, or that is not of floats
 */
export const placeInFile = (
  { path, header: { tensors, dataStart } }: Pick<SafetensorsFile, "path" | "header">,
  name: string,
  part?: PartOfTensor,
): TensorPlace => {
  const tensor = tensors.get(name);
  if (tensor === undefined || !isFloatDType(tensor.dtype)) throw new TypeError(`${path} has no floats ${name}`);
  const { dtype, begin } = tensor;
  const { shape, from } = part ?? { shape: tensor.shape, from: 0 };
  const size = floatBytes(dtype);
  const bytes = size * shape.reduce((product, length) => product * length, 1);
  return { path, offset: dataStart + begin + size * from, bytes, dtype, shape };
};
