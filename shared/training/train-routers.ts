import type { Device } from "#shared/engine/device.js";
import { batchInputs } from "#shared/model/loss.js";
import type { Parameters } from "#shared/model/parameters.js";
import { routerLoss } from "#shared/model/router-loss.js";
import { windowsOf } from "#shared/model/windows.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { ownership } from "./group-batches.js";
import { AFFINITY, BALANCE } from "./pretrain.js";
import { type GroupsTraining, trainOnGroups } from "./train-on-groups.js";
import { createTrainStep } from "./train-step.js";

/** The network is of the upcycled model. */
export interface RouterTraining extends GroupsTraining {
  /** The dense model: frozen. */
  readonly dense: { readonly config: ModelConfig; readonly parameters: Parameters };
  /** The initial routers of the upcycled model. */
  readonly routers: Parameters;
  readonly device: Device;
  /** @param mass mean of the routers' mass on the experts of the documents' own groups, 0–1 */
  readonly onStep?: (step: number, mass: number) => void;
}

/** Trains only the routers of an upcycled model, to send a group's text to the group's experts and to use all of these. */
export const trainRouters = async (options: RouterTraining): Promise<Parameters> => {
  const { network, dense, routers, device, batchSize } = options;
  const { model, groups, data } = network;
  const names = Object.keys(groups);
  const shape = {
    config: dense.config,
    ...windowsOf(data, batchSize * names.length),
  };
  const inputs = batchInputs(shape);
  const trainStep = await createTrainStep({
    device,
    loss: routerLoss({
      ...shape,
      experts: model.num_experts,
      perToken: model.num_experts_per_tok,
      groups: names.length,
      owned: ownership(network),
      affinity: AFFINITY,
      balance: BALANCE,
    }),
    inputs: { ...inputs, group: inputs.ids },
    params: { ...dense.parameters, ...routers },
    trainable: Object.keys(routers),
  });
  return trainOnGroups(trainStep, options, (step, metrics) => options.onStep?.(step, metrics.mass!));
};
