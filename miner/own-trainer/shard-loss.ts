import type { Batch } from "#shared/data/loader.js";
import type { Device } from "#shared/engine/device.js";
import type { FloatTensor } from "#shared/engine/tensor.js";
import { createEvaluator } from "#shared/evaluation/evaluator.js";
import { loadTensors, openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { batchInputs, languageModelLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import { windowsOf } from "#shared/model/windows.js";
import type { Network } from "#shared/protocol/network.js";
import type { FloatSource } from "#shared/training/float-source.js";
import { batchTensors } from "#shared/training/inner-loop.js";
import { type ShardModel, wholeName } from "./shard-folder.js";

export interface ShardLosses {
  /** The group's weights, which stand in the place of the folder's. */
  readonly weights: FloatSource;
  readonly batches: readonly Batch[];
  readonly data: Network["data"];
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
  { weights, batches, data }: ShardLosses,
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
    for (const batch of batches) losses.push((await evaluator.evaluate({}, batchTensors(batch))).loss);
    return losses;
  } finally {
    await evaluator.dispose();
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
