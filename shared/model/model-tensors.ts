import type { FloatTensor } from "#shared/engine/tensor.js";
import { readPlace } from "#shared/tensor-files/read-place.js";
import type { TensorPlace } from "#shared/tensor-files/tensor-place.js";

/** A tensor of a model: in memory, or in a file. */
export type ModelTensor = FloatTensor | TensorPlace;

/** All tensors of a model by name, each where it is. */
export type ModelTensors = Readonly<Record<string, ModelTensor>>;

export const isInFile = (tensor: ModelTensor): tensor is TensorPlace => "path" in tensor;

/** The tensor in memory. A tensor that is there already is given back itself. @throws what reading its file throws */
export const inMemory = async (tensor: ModelTensor): Promise<FloatTensor> =>
  isInFile(tensor) ? { dtype: "float32", shape: tensor.shape, data: await readPlace(tensor) } : tensor;

/** The same of all tensors. */
export const allInMemory = async (tensors: ModelTensors): Promise<Record<string, FloatTensor>> => {
  const read: Record<string, FloatTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) read[name] = await inMemory(tensor);
  return read;
};
