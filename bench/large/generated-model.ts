import { closeSync, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import { sizeOf } from "#shared/engine/tensor.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { parameterShapes } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type FloatDType, floatBytes } from "#shared/tensor-files/float-dtype.js";
import type { TensorPlace } from "#shared/tensor-files/tensor-place.js";
import { type Seeds, writeSeeded } from "./seeded-weights.js";

export interface GeneratedModel {
  readonly tensors: ModelTensors;
  /** Bytes of all tensors; the files have holes for those that nothing was written to. */
  readonly bytes: number;
}

/** Writes a model of such a config to a folder, a file a layer: tensors at odd places, as in a safetensors file behind its header. */
export const generateModel = (
  folder: string,
  config: ModelConfig,
  { dtype, ...seeds }: Seeds & { readonly dtype: FloatDType },
): GeneratedModel => {
  const tensors: Record<string, TensorPlace> = {};
  const files = new Map<string, { readonly path: string; readonly file: number; size: number }>();
  let total = 0;
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const part = /^model\.layers\.(\d+)\./.exec(name)?.[1] ?? "other";
    const path = join(folder, `model-${part}.bin`);
    const into = files.get(part) ?? { path, file: openSync(path, "wx"), size: 11 };
    files.set(part, into);
    const elements = sizeOf(shape);
    const bytes = elements * floatBytes(dtype);
    tensors[name] = { path, offset: into.size, bytes, dtype, shape };
    writeSeeded(into.file, into.size, { name, shape, dtype }, seeds);
    into.size += bytes + 1;
    total += bytes;
  }
  for (const { file, size } of files.values()) {
    ftruncateSync(file, size);
    closeSync(file);
  }
  return { tensors, bytes: total };
};
