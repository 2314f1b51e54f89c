import { readFileSync, writeFileSync } from "node:fs";
import { encodeSafetensors, parseSafetensors, type Tensor } from "#shared/tensor-files/safetensors.js";

/** Changes tensors of a safetensors file in place. */
export const editTensors = (path: string, edit: (tensors: Map<string, Tensor>) => void): void => {
  const { tensors, metadata } = parseSafetensors(readFileSync(path));
  const copy = new Map(tensors);
  edit(copy);
  writeFileSync(path, encodeSafetensors(copy, metadata));
};
