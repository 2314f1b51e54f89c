import { createRandom } from "#shared/data/random.js";
import type { Device } from "#shared/engine/device.js";
import { initialParameters } from "#shared/model/init.js";
import { batchInputs, pretrainingLoss } from "#shared/model/loss.js";
import { allExperts, type Parameters } from "#shared/model/parameters.js";
import { windowsOf } from "#shared/model/windows.js";
import { ownership } from "./group-batches.js";
import { type GroupsTraining, trainOnGroups } from "./train-on-groups.js";
import { createTrainStep } from "./train-step.js";

export interface Pretraining extends GroupsTraining {
  readonly device: Device;
  /** Weight of the routers' affinity term; 0 leaves them to the text. */
  readonly affinity?: number;
  readonly onStep?: (step: number, loss: number) => void;
}

/** Weights of the router's two terms: large enough that a short run separates the groups, small compared with the cross-entropy. */
export const AFFINITY = 0.1;
export const BALANCE = 0.02;

/** A short training of the whole model, hub and all experts, on every group's text at once. Gives the model of cycle 0. */
export const pretrain = async (options: Pretraining): Promise<Parameters> => {
  const { network, device, seed, batchSize, affinity = AFFINITY } = options;
  const { model, groups, data } = network;
  const names = Object.keys(groups);
  const shape = {
    config: model,
    held: allExperts(model),
    ...windowsOf(data, batchSize * names.length),
  };
  const tokens = shape.batchSize * shape.sequenceLength;
  const params = initialParameters(model, createRandom(`${seed}/init`));
  const trainStep = await createTrainStep({
    device,
    loss: pretrainingLoss({
      ...shape,
      groups: names.length,
      owned: ownership(network),
      affinity,
      balance: BALANCE,
    }),
    inputs: { ...batchInputs(shape), group: { shape: [tokens], dtype: "int64" } },
    params,
    trainable: Object.keys(params),
  });
  return trainOnGroups(trainStep, options, (step, metrics) => options.onStep?.(step, metrics.crossEntropy!));
};
