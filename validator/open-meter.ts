import { thisMachine } from "#shared/doctor/machine.js";
import type { Device } from "#shared/engine/device.js";
import { createLayerMeter } from "#shared/evaluation/layers/layer-meter.js";
import { createLossMeter, type LossMeter } from "#shared/evaluation/loss-meter.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { loadModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import type { Participant } from "#shared/participant/participant.js";
import type { Network } from "#shared/protocol/network.js";
import type { ValidatorConfig } from "./config.js";

/** Bytes of a model's weights as the whole-model meter holds them: the meter's own and the cycle's, in float32. */
export const wholeModelBytes = ({ model }: Pick<Network, "model">): number =>
  2 * 4 * countParameters(parameterShapes(model));

/** Part of evaluation's memory that hidden states may take. The rest is for a layer and its intermediate results. */
export const STATES_SHARE = 1 / 4;

/** Bytes that evaluation may take. */
export const evaluationMemory = ({ evaluation }: Pick<ValidatorConfig, "evaluation">): number =>
  evaluation.memory_gib === 0 ? thisMachine({}).memory().total / 2 : evaluation.memory_gib * 2 ** 30;

/**
 * Opens the meter that the model needs: of the whole model where that fits in evaluation's memory, else layer by layer.
 *
 * @param hash of the model to begin with, whose files are here
 */
export const openMeter = async (
  { models, network, home, signal, log }: Pick<Participant, "models" | "network" | "home" | "signal" | "log">,
  device: Device,
  hash: string,
  memory: number,
): Promise<LossMeter> => {
  const batchSize = network.scoring.eval_batch_size;
  const needed = wholeModelBytes(network);
  if (needed <= memory) {
    const base = await loadModel({ models, network, signal }, hash);
    return createLossMeter(device, network, { batchSize, parameters: wholeModel(base) });
  }
  log.info("judging layer by layer", { wholeModelBytes: needed, memoryBytes: Math.floor(memory) });
  return createLayerMeter(device, network, { batchSize, memory: STATES_SHARE * memory, folder: home, signal });
};
