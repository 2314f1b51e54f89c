import { placeInFile } from "#shared/tensor-files/place-in-file.js";
import type { TensorPlace } from "#shared/tensor-files/tensor-place.js";
import type { OpenCheckpoint } from "./checkpoint-reader.js";

/** Where each tensor of a checkpoint lies, by its name. The places hold after it is closed, for as long as its files stay as they are. */
export const checkpointPlaces = ({ tensors }: Pick<OpenCheckpoint, "tensors">): Readonly<Record<string, TensorPlace>> =>
  Object.fromEntries(
    [...tensors].map(([own, { file, name, shape, from }]) => [own, placeInFile(file, name, { shape, from })]),
  );
