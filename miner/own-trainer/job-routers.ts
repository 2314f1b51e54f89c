import { routerName } from "#shared/model/parameters.js";
import { shardExperts } from "#shared/model/shard.js";
import { programShapes, wholeRouter, wholeRouterLayerOf } from "#shared/model/whole-routers.js";
import type { Network } from "#shared/protocol/network.js";
import type { RunPlace } from "#shared/shard-training/run-identity.js";
import type { ShardSettings } from "#shared/shard-training/settings.js";
import { shardShape } from "#shared/shard-training/shard-layers.js";
import { writeFloats } from "#shared/training/checkpoint-tensors.js";
import type { FloatSource } from "#shared/training/float-source.js";
import type { Shapes } from "#shared/training/objective.js";

/**
 * Names and shapes of the whole routers that a job has: of each layer of which the shard holds a part of the experts; none where `training.affinity`
 * is 0.
 */
export const jobRouterShapes = (network: Network, group: string, config: ShardSettings): Shapes =>
  Object.fromEntries(
    Object.entries(programShapes(shardShape(network, group, config))).filter(
      ([name]) => wholeRouterLayerOf(name) !== null,
    ),
  );

/** Whether a job has whole routers. */
export const hasRouters = ({ network, group, config }: RunPlace): boolean =>
  Object.keys(jobRouterShapes(network, group, config)).length > 0;

/** Writes a job's whole routers as one safetensors file, float32. @throws BlockZeroError FILE_UNWRITABLE, and what reading the hub throws */
export const writeJobRouters = (
  path: string,
  { network, group, config }: RunPlace,
  hub: FloatSource,
): Promise<void> => {
  const held = shardExperts(network, group);
  return writeFloats(path, {
    shapes: jobRouterShapes(network, group, config),
    read: async (name) => {
      const layer = wholeRouterLayerOf(name)!;
      return wholeRouter(await hub.read(routerName(layer)), held[layer]!);
    },
  });
};
