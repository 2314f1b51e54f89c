import type { Device } from "#shared/engine/device.js";
import { STATES_SHARE, wholeModelBytes } from "#shared/evaluation/evaluation-memory.js";
import { removeHiddenStates } from "#shared/evaluation/layers/hidden-states.js";
import { createLayerMeter } from "#shared/evaluation/layers/layer-meter.js";
import { createLossMeter, type LossMeter } from "#shared/evaluation/loss-meter.js";
import { type ShardBatches, shardBatchLosses } from "#shared/evaluation/shard-losses.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { loadModel, mapModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import type { Participant } from "#shared/participant/participant.js";

/** What measures, and the model that it was opened with. */
export interface OpenedMeter {
  readonly meter: LossMeter;
  readonly shardLosses: ShardLosses;
  readonly model: ModelTensors;
}

/** Mean loss of each batch of a group's text, nats per token, as the group's miners compute it: with the model's shard. */
export type ShardLosses = (
  model: ModelTensors,
  text: Pick<ShardBatches, "group" | "batches" | "signal">,
) => Promise<readonly number[]>;

/**
 * Opens the meter that the model needs: of the whole model where that fits in evaluation's memory, else layer by layer.
 *
 * @param hash of the model to begin with, whose files are here
 */
export const openMeter = async (
  participant: Pick<Participant, "models" | "network" | "home" | "signal" | "log">,
  device: Device,
  hash: string,
  memory: number,
): Promise<OpenedMeter> => {
  const { network, home, signal, log } = participant;
  const batchSize = network.scoring.eval_batch_size;
  const needed = wholeModelBytes(network);
  await removeHiddenStates(home);
  const states = { memory: STATES_SHARE * memory, folder: home };
  const shardLosses: ShardLosses = (model, text) => shardBatchLosses(device, network, model, { ...states, ...text });
  if (needed <= memory) {
    const parameters = wholeModel(await loadModel(participant, hash));
    return { meter: await createLossMeter(device, network, { batchSize, parameters }), shardLosses, model: parameters };
  }
  log.info("judging layer by layer", { wholeModelBytes: needed, memoryBytes: Math.floor(memory) });
  return {
    meter: createLayerMeter(device, network, { batchSize, ...states, signal }),
    shardLosses,
    model: wholeModel(await mapModel(participant, hash)),
  };
};
