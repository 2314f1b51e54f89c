import { sizeOf } from "#shared/engine/tensor.js";
import { floatBytes } from "#shared/tensor-files/float-dtype.js";
import type { TensorPlaces } from "#shared/tensor-files/tensor-place.js";
import type { OpenCheckpoint } from "./checkpoint-reader.js";

/** Where in its files the tensors of a checkpoint lie, in their own precision. */
export const checkpointPlaces = ({ tensors }: Pick<OpenCheckpoint, "tensors">): TensorPlaces =>
  new Map(
    [...tensors].map(([name, { dtype, shape, file, name: stored, from }]) => {
      const { dataStart, tensors: infos } = file.header;
      const size = floatBytes(dtype);
      const offset = dataStart + infos.get(stored)!.begin + from * size;
      return [name, { path: file.path, offset, bytes: sizeOf(shape) * size, dtype, shape }];
    }),
  );
