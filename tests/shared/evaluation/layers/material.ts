import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { createRandom } from "#shared/data/random.js";
import { groupShapes } from "#shared/model/groups.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type FloatDType, narrow } from "#shared/tensor-files/float-dtype.js";
import type { TensorPlace } from "#shared/tensor-files/tensor-place.js";
import { microIds } from "../../model/micro.js";

/** A group with these experts of each layer. */
export const groupOf = (layers: readonly (readonly number[])[]): ExpertGroup => ({
  experts: Object.fromEntries(layers.flatMap((ids, layer) => (ids.length === 0 ? [] : [[String(layer), [...ids]]]))),
  data: [],
});

/** Batches of random tokens. */
export const batchesOf = (
  model: ModelConfig,
  count: number,
  batchSize: number,
  sequenceLength: number,
): readonly Batch[] =>
  Array.from({ length: count }, (_, i) => {
    const ids = (what: string) =>
      BigInt64Array.from(microIds(batchSize * sequenceLength, `${what} ${i}`, model), (id) => BigInt(id));
    const counted = batchSize * sequenceLength;
    return { ids: ids("ids"), targets: ids("targets"), counted, bytes: counted, batchSize, sequenceLength };
  });

/** A random update of a group. */
export const updateOf = (model: ModelConfig, group: ExpertGroup, seed: string): FloatTensors => {
  const random = createRandom(seed);
  return new Map(
    Object.entries(groupShapes(model, group)).map(([name, shape]) => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.next() - 0.5);
      return [name, { shape, data }];
    }),
  );
};

/** A model in one file, its tensors at odd places. */
export const placed = (parameters: Parameters, dtype: FloatDType, path: string): ModelTensors => {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, "w");
  const places: Record<string, TensorPlace> = {};
  let offset = 13;
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    const bytes = narrow(dtype, data);
    writeSync(file, bytes, 0, bytes.length, offset);
    places[name] = { path, offset, bytes: bytes.length, dtype, shape };
    offset += bytes.length + 1;
  }
  closeSync(file);
  return places;
};
