import type { Device } from "#shared/engine/device.js";
import type { ForwardShape } from "#shared/model/forward.js";
import { groupNamed, groupShapes, routerRows } from "#shared/model/groups.js";
import { routerLayerOf, routerName } from "#shared/model/parameters.js";
import { frozenShapes, shardExperts } from "#shared/model/shard.js";
import { programShapes, wholeRouter, wholeRouterLayerOf } from "#shared/model/whole-routers.js";
import { windowsOf } from "#shared/model/windows.js";
import type { Network } from "#shared/protocol/network.js";
import { chooseProgram, type StepProgram } from "#shared/training/choose-program.js";
import { type FrozenSource, firstOf } from "#shared/training/frozen-source.js";
import type { Layered } from "#shared/training/layers/layered.js";
import type { ShardSettings } from "./settings.js";

/** The forward pass of a shard. */
export const shardShape = (
  network: Pick<Network, "name" | "model" | "groups" | "data">,
  group: string,
  config: Pick<ShardSettings, "batch_size" | "training">,
): ForwardShape => ({
  config: network.model,
  held: shardExperts(network, group),
  heldAffinity: config.training.affinity,
  ...windowsOf(network.data, config.batch_size),
});

/**
 * Whether a shard is trained as one graph or layer by layer: what is set, or the whole graph where there is memory for it.
 *
 * @param memory bytes; by default a share of this machine's
 */
export const shardProgram = async (
  network: Network,
  group: string,
  config: ShardSettings,
  device: Pick<Device, "hostMemory">,
  memory?: number,
): Promise<StepProgram> => {
  const { program } = config.training;
  if (program !== "auto") return program;
  const { program: chosen } = await chooseProgram({
    shape: shardShape(network, group, config),
    trainable: Object.keys(groupShapes(network.model, groupNamed(network, group))),
    accumulation: config.gradient_accumulation_steps,
    hostMemory: device.hostMemory,
    workers: config.workers,
    ...(memory !== undefined && { memory }),
  });
  return chosen;
};

/** A shard whose frozen weights are read from the hub when a layer needs them. Other groups' experts come with each training. */
export const layeredShard = (network: Network, group: string, config: ShardSettings, hub: FrozenSource): Layered => {
  const shape = shardShape(network, group, config);
  return { shape, frozen: firstOf([shardHub(shape, hub), unread(frozenShapes(network, group))]) };
};

/**
 * The hub's tensors that a shard computes with, each router with the rows of the experts that are held, and whole where tokens are kept with these.
 */
const shardHub = (shape: ForwardShape, hub: FrozenSource): FrozenSource => {
  const { held } = shape;
  const inHub = (name: string) => {
    const layer = wholeRouterLayerOf(name);
    return layer === null ? name : routerName(layer);
  };
  const shapes = Object.fromEntries(
    Object.entries(programShapes(shape)).filter(([name]) => Object.hasOwn(hub.shapes, inHub(name))),
  );
  return {
    shapes,
    async read(name) {
      const whole = wholeRouterLayerOf(name);
      if (whole !== null) return wholeRouter(await hub.read(routerName(whole)), held[whole]!);
      const tensor = await hub.read(name);
      const layer = routerLayerOf(name);
      const ids = layer === null ? null : held[layer]!;
      if (ids === null || ids.length === tensor.shape[0]) return tensor;
      return routerRows(tensor, ids);
    },
    rows: (name, first, end) => hub.rows(name, first, end),
  };
};

/** Weights that a training brings; it never begins without. */
const unread = (shapes: FrozenSource["shapes"]): FrozenSource => {
  const read = () => Promise.reject(new TypeError("the weights of other groups are not given"));
  return { shapes, read, rows: read };
};
