import { join } from "node:path";
import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import type { FloatTensor } from "#shared/engine/tensor.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { createLayerMeter } from "#shared/evaluation/layers/layer-meter.js";
import { checkpointPlaces } from "#shared/model/checkpoint-places.js";
import { loadTensors, openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { allExperts, countParameters, type Parameters, parameterShapes } from "#shared/model/parameters.js";
import { windowsOf } from "#shared/model/windows.js";
import { removeWhole } from "#shared/own-program/job-folder.js";
import type { Network } from "#shared/protocol/network.js";
import { placeInFile } from "#shared/tensor-files/place-in-file.js";
import { OFFICIAL_SAFETENSORS_LIMITS } from "#shared/tensor-files/safetensors.js";
import { openSafetensorsFile } from "#shared/tensor-files/safetensors-file.js";
import { writeFloats } from "#shared/training/checkpoint-tensors.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { type ShardModel, wholeName } from "./shard-folder.js";

export interface ShardLosses {
  /** The group's weights, which stand in the place of the folder's. */
  readonly weights: FloatSource;
  readonly batches: readonly Batch[];
  readonly data: Network["data"];
  /** Ends the measurement before its next batch or, from files, before its next layer: it then throws the signal's reason. */
  readonly signal: AbortSignal;
}

/**
 * Mean loss of each batch, nats, of the shard in a folder: a forward pass alone, without an optimiser's memory.
 *
 * @throws what reading the folder and the weights throws
 */
export const shardLossesOf = async (
  device: Device,
  dir: string,
  { config, held }: ShardModel,
  { weights, batches, data, signal }: ShardLosses,
): Promise<readonly number[]> => {
  const [first] = batches;
  if (first === undefined) return [];
  const shape = { config, held: allExperts(config), ...windowsOf(data, first.batchSize) };
  const evaluator = await createEvaluator({
    device,
    loss: languageModelLoss(shape),
    inputs: batchInputs(shape),
    params: await shardWith(dir, { config, held }, weights),
  });
  try {
    const losses: number[] = [];
    for (const batch of batches) {
      signal.throwIfAborted();
      losses.push((await evaluator.evaluate({}, batchTensors(batch))).loss);
    }
    return losses;
  } finally {
    await evaluator.dispose();
  }
};

/** Bytes of hidden states that may be in memory where a shard is measured from its files. */
const STATE_BYTES = 256 << 20;

/** Whether the weights of a shard may be in memory for a measurement. */
export const isWithin = (memory: number, { config }: ShardModel): boolean =>
  4 * countParameters(parameterShapes(config)) <= memory;

/**
 * The same layer by layer, from the folder's files and one that it writes of the group's weights: in memory are one layer's, as the system's file
 * cache.
 *
 * @param folder where that file and hidden states are meanwhile
 * @throws what reading the folder and the weights throws, and FILE_UNWRITABLE
 */
export const shardLossesInFiles = async (
  device: Device,
  dir: string,
  { config, held }: ShardModel,
  { weights, batches, data, signal, folder }: ShardLosses & { readonly folder: string },
): Promise<readonly number[]> => {
  const [first] = batches;
  if (first === undefined) return [];
  const { batchSize } = first;
  const path = join(folder, "measured.safetensors");
  const meter = createLayerMeter(device, { model: config, data }, { batchSize, memory: STATE_BYTES, folder, signal });
  try {
    await writeFloats(path, weights);
    return await meter.losses(await placesWith(dir, { config, held }, path), batches);
  } finally {
    await meter.dispose();
    await removeWhole(path);
  }
};

/** Where the shard's tensors lie: in the folder, and the group's weights in a file. */
const placesWith = async (dir: string, { config, held }: ShardModel, path: string): Promise<ModelTensors> => {
  const measured = await openSafetensorsFile(path, OFFICIAL_SAFETENSORS_LIMITS);
  try {
    const checkpoint = await openCheckpoint(dir, { model: config });
    const places = Object.entries(checkpointPlaces(checkpoint)).map(([inShard, place]) => {
      const whole = wholeName(inShard, held);
      const isOwn = measured.header.tensors.has(whole);
      return [inShard, isOwn ? placeInFile(measured, whole) : place] as const;
    });
    await checkpoint.close();
    return Object.fromEntries(places);
  } finally {
    await measured.close();
  }
};

const shardWith = async (dir: string, { config, held }: ShardModel, weights: FloatSource): Promise<Parameters> => {
  const checkpoint = await openCheckpoint(dir, { model: config });
  try {
    const parameters: Record<string, FloatTensor> = {};
    const names = [...checkpoint.tensors.keys()];
    const others = names.filter((name) => !Object.hasOwn(weights.shapes, wholeName(name, held)));
    Object.assign(parameters, await loadTensors(checkpoint, others));
    for (const name of names) parameters[name] ??= await weights.read(wholeName(name, held));
    return parameters;
  } finally {
    await checkpoint.close();
  }
};
