import type { Network } from "#shared/protocol/network.js";
import { anchorsOf } from "./anchors.js";
import { expertsOf, groupNamed, groupShapes, routerRows, shardOf } from "./groups.js";
import { inMemory, type ModelTensors } from "./model-tensors.js";
import { allExperts, type HeldExperts, type Parameters, routerName } from "./parameters.js";

type Sharded = Pick<Network, "model" | "groups" | "name">;
type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * The experts of each layer that a group's shard computes with, ascending: its own (`restricted`), those and the anchors (`anchored`), or all
 * (`full`). It trains its own alone.
 *
 * @throws BlockZeroError EXPERT_GROUP_UNKNOWN
 */
export const shardExperts = (network: Sharded, group: string): HeldExperts => {
  const { model } = network;
  const own = expertsOf(model, groupNamed(network, group));
  if (model.shard?.mode === "full") return allExperts(model);
  const anchors = anchorsOf(model, model.shard);
  return own.map((experts, layer) => [...experts, ...anchors[layer]!].sort((a, b) => a - b));
};

/** The other groups whose experts the shard computes with, frozen: all of them in `full`, else none. Anchors are in the hub. */
export const frozenGroups = ({ model, groups }: Pick<Network, "model" | "groups">, group: string): readonly string[] =>
  model.shard?.mode === "full"
    ? Object.keys(groups)
        .filter((name) => name !== group)
        .sort()
    : [];

/** Name → shape of those groups' tensors. They change from cycle to cycle, as their own miners train them. */
export const frozenShapes = ({ model, groups }: Pick<Network, "model" | "groups">, group: string): Shapes =>
  Object.assign({}, ...frozenGroups({ model, groups }, group).map((name) => groupShapes(model, groups[name]!)));

/**
 * What a miner of a group computes with.
 *
 * @param experts tensors of the group's own experts, and of `frozenGroups`
 */
export const groupShard = (network: Sharded, group: string, hub: Parameters, experts: Parameters): Parameters =>
  shardOf(hub, experts, shardExperts(network, group));

/**
 * The same of a whole model whose tensors may be in files: they stay where they are, but for routers of which some rows are held, which are in
 * memory.
 *
 * @throws what reading a router's file throws
 */
export const shardTensors = async (model: ModelTensors, held: HeldExperts): Promise<ModelTensors> => {
  const rows: Record<string, Parameters[string]> = {};
  for (const [layer, experts] of held.entries()) {
    const name = routerName(layer);
    const router = model[name];
    if (router !== undefined && experts.length < router.shape[0]!)
      rows[name] = routerRows(await inMemory(router), experts);
  }
  return { ...model, ...rows };
};
