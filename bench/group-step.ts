import type { Device } from "#shared/engine/device.js";
import { zeros } from "#shared/engine/tensor.js";
import { groupNamed, groupShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import { groupShard } from "#shared/model/shard.js";
import { wholeRouters } from "#shared/model/whole-routers.js";
import type { Network } from "#shared/protocol/network.js";
import type { ShardSettings } from "#shared/shard-training/settings.js";
import { shardShape } from "#shared/shard-training/shard-layers.js";
import { shardStep } from "#shared/shard-training/shard-trainer.js";
import { mapValues, type NamedFloats } from "#shared/training/objective.js";
import { createTrainStep, type TrainState, type TrainStep } from "#shared/training/train-step.js";

/** The tensors of a whole model that a group's miners train, by name in ascending order. */
export const groupTensors = (network: Network, group: string, whole: Parameters): Parameters => {
  const names = Object.keys(groupShapes(network.model, groupNamed(network, group))).sort();
  return Object.fromEntries(names.map((name) => [name, whole[name]!]));
};

/** The step of a group's training as its miners compile it, for text of the caller's own. Dispose of it. @param whole all tensors of the model */
export const compileGroupStep = (
  device: Device,
  network: Network,
  group: string,
  { config, whole }: { readonly config: ShardSettings; readonly whole: Parameters },
): Promise<TrainStep> => {
  const own = groupTensors(network, group, whole);
  return createTrainStep({
    ...shardStep(network, group, config),
    device,
    params: { ...groupShard(network, group, whole, own), ...wholeRouters(shardShape(network, group, config), whole) },
    trainable: Object.keys(own),
  });
};

/** AdamW's moments before the first step. */
export const freshMoments = (own: Parameters): Omit<TrainState, "params"> => {
  const still = mapValues(own, ({ shape }) => zeros(shape));
  return { m: still, v: still, step: 0 };
};

/** trained − base. */
export const gained = (base: Parameters, trained: NamedFloats): Parameters =>
  mapValues(base, (before, name) => ({
    ...before,
    data: trained[name]!.data.map((value, i) => value - before.data[i]!),
  }));
