import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { expertOf, parameterShapes, routerLayerOf } from "#shared/model/parameters.js";
import { seededPiece } from "#shared/planning/seeded-pool.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type FloatDType, floatBytes, narrow } from "#shared/tensor-files/float-dtype.js";
import type { TensorPlace } from "#shared/tensor-files/tensor-place.js";

/** Standard deviation of a uniform distribution of this width is that of the usual initialisation. */
const WIDTH = 0.07;
/** Elements that are written at a time. */
const PIECE = 1 << 20;

export interface GeneratedModel {
  readonly tensors: ModelTensors;
  /** Bytes of all tensors; the files have holes for those that nothing was written to. */
  readonly bytes: number;
}

/**
 * Writes a model of such a config to a folder, a file a layer: tensors at odd places, as in a safetensors file behind its header. Norms, routers, attention and the
 * experts of `own` have seeded weights, and so have the first `rows` rows of embedding and head. All else is holes, which read as zeros: they take no disk.
 */
export const generateModel = (
  folder: string,
  config: ModelConfig,
  { dtype, own, rows }: { readonly dtype: FloatDType; readonly own: readonly number[]; readonly rows: number },
): GeneratedModel => {
  const tensors: Record<string, TensorPlace> = {};
  const files = new Map<string, { readonly path: string; readonly file: number; size: number }>();
  let total = 0;
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const part = /^model\.layers\.(\d+)\./.exec(name)?.[1] ?? "other";
    const path = join(folder, `model-${part}.bin`);
    const into = files.get(part) ?? { path, file: openSync(path, "wx"), size: 11 };
    files.set(part, into);
    const elements = shape.reduce((product, size) => product * size, 1);
    const bytes = elements * floatBytes(dtype);
    tensors[name] = { path, offset: into.size, bytes, dtype, shape };
    write(into.file, into.size, {
      name,
      dtype,
      centre: shape.length === 1 ? 1 : 0,
      count: seeded(name, shape, { own, rows }),
    });
    into.size += bytes + 1;
    total += bytes;
  }
  for (const { file, size } of files.values()) {
    ftruncateSync(file, size);
    closeSync(file);
  }
  return { tensors, bytes: total };
};

/** How many of a tensor's elements have weights. */
const seeded = (
  name: string,
  shape: readonly number[],
  { own, rows }: { readonly own: readonly number[]; readonly rows: number },
): number => {
  const elements = shape.reduce((product, size) => product * size, 1);
  const expert = expertOf(name);
  if (expert) return own.includes(expert.expert) ? elements : 0;
  const isTable = name === "model.embed_tokens.weight" || name === "lm_head.weight";
  if (isTable) return Math.min(rows, shape[0]!) * shape[1]!;
  return elements;
};

interface Written {
  readonly name: string;
  readonly dtype: FloatDType;
  readonly centre: number;
  readonly count: number;
}

const write = (file: number, offset: number, { name, dtype, centre, count }: Written): void => {
  // Routers decide clearly, so that tokens spread over experts.
  const width = routerLayerOf(name) === null ? WIDTH : 10 * WIDTH;
  for (let at = 0; at < count; at += PIECE) {
    const values = seededPiece(`${name} ${at}`, Math.min(PIECE, count - at)).map((value) => centre + width * value);
    const bytes = narrow(dtype, values);
    writeSync(file, bytes, 0, bytes.length, offset + at * floatBytes(dtype));
  }
};
