import { BlockZeroError } from "#shared/errors/error.js";
import type { ExpertGroup } from "#shared/protocol/expert-group.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Network } from "#shared/protocol/network.js";
import { DEFAULT_SAFETENSORS_LIMITS } from "#shared/tensor-files/safetensors.js";
import type { TensorShapes } from "#shared/tensor-files/tensor-shapes.js";
import { checkAnchors } from "./anchors.js";
import { blocksOf, familyOf } from "./families/index.js";
import { sizeFault } from "./model-size.js";
import {
  allExperts,
  expertOf,
  type HeldExperts,
  type Parameters,
  parameterShapes,
  routerLayerOf,
} from "./parameters.js";

/** The group's experts of each layer, ascending; a dense layer has none. */
export const expertsOf = (config: ModelConfig, group: ExpertGroup): HeldExperts =>
  Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    [...(group.experts[String(layer)] ?? [])].sort((a, b) => a - b),
  );

/**
 * Refuses groups that do not fit the model: a sparse layer without experts, an expert that does not exist, one in two groups.
 *
 * @throws BlockZeroError EXPERT_GROUP_INVALID, SHARD_ANCHORS_INVALID; NETWORK_UNWORKABLE for more tensors than files hold, and
 *         more weights than can be counted
 */
export const checkGroups = ({ model, groups }: Pick<Network, "model" | "groups">): void => {
  const owner = new Map<string, string>();
  checkCount(model, Object.keys(groups).length);
  checkSize(model);
  const { isSparse } = blocksOf(model);
  const all = Array.from({ length: model.num_hidden_layers }, (_, layer) => layer);
  if (!all.some(isSparse))
    throw new BlockZeroError(
      "EXPERT_GROUP_INVALID",
      `a ${familyOf(model).title} model of dense layers has no experts to share out`,
      "take a model with experts, or make one of this by upcycling",
    );
  // As text: "01" is no layer's name, and would be passed over by whoever asks for "1".
  const layers = new Set(all.map(String));
  for (const [name, group] of Object.entries(groups)) {
    const fail = (message: string) =>
      new BlockZeroError(
        "EXPERT_GROUP_INVALID",
        `expert group "${name}": ${message}`,
        "list, for every layer of the model, expert ids that no other group lists",
      );
    const extra = Object.keys(group.experts).find((layer) => !layers.has(layer));
    if (extra !== undefined) throw fail(`layer ${extra} does not exist, the model has ${model.num_hidden_layers}`);
    for (const [layer, experts] of expertsOf(model, group).entries()) {
      if (experts.length > 0 && !isSparse(layer)) throw fail(`layer ${layer} is dense: it has no experts`);
      if (experts.length === 0 && isSparse(layer)) throw fail(`layer ${layer} has no expert`);
      for (const expert of experts) {
        if (expert >= model.num_experts) throw fail(`layer ${layer} has no expert ${expert}`);
        const other = owner.get(`${layer}.${expert}`);
        if (other === name) throw fail(`expert ${expert} of layer ${layer} is listed twice`);
        if (other !== undefined) throw fail(`expert ${expert} of layer ${layer} is also listed by "${other}"`);
        owner.set(`${layer}.${expert}`, name);
      }
    }
  }
  const sparse = allExperts(model).flatMap((experts, layer) => (experts.length > 0 ? [layer] : []));
  checkAnchors(model, sparse, (layer, expert) => owner.get(`${layer}.${expert}`));
};

/** Before any of them is listed: the hub and each group are files of so many tensors at most. */
const checkCount = ({ num_hidden_layers: layers, num_experts: experts }: ModelConfig, groups: number): void => {
  const most = (groups + 1) * DEFAULT_SAFETENSORS_LIMITS.tensors;
  const tensors = layers * (experts + 1);
  if (tensors <= most) return;
  throw new BlockZeroError(
    "NETWORK_UNWORKABLE",
    `model: ${layers} layers of ${experts} experts are more than the ${most} tensors that ${groups + 1} files hold`,
    "take a smaller model, or more groups; docs/network-file.md has every key",
  );
};

const checkSize = (model: ModelConfig): void => {
  const fault = sizeFault(model);
  if (fault === null) return;
  throw new BlockZeroError(
    "NETWORK_UNWORKABLE",
    `model: ${fault}`,
    "see vocab_size, hidden_size and the other widths there",
  );
};

/** The group by that name, or EXPERT_GROUP_UNKNOWN with the names that exist. */
export const groupNamed = (network: Pick<Network, "name" | "groups">, name: string): ExpertGroup => {
  const group = Object.hasOwn(network.groups, name) ? network.groups[name] : undefined;
  if (group) return group;
  throw new BlockZeroError(
    "EXPERT_GROUP_UNKNOWN",
    `expert group "${name}" does not exist in network "${network.name}"`,
    `set expert_group to one of: ${Object.keys(network.groups).join(", ")}`,
  );
};

/** Name → shape of the tensors that a group trains. */
export const groupShapes = (config: ModelConfig, group: ExpertGroup): Record<string, readonly number[]> =>
  pick(parameterShapes(config, expertsOf(config, group)), (name) => expertOf(name) !== null);

/** The same of a group by its name, as a map, for readers of files. */
export const groupShapeMap = ({ model, groups }: Pick<Network, "model" | "groups">, name: string): TensorShapes =>
  new Map(Object.entries(groupShapes(model, groups[name]!)));

/** Name → shape of the tensors that every participant holds: all but the experts that some group owns. */
export const hubShapes = (config: ModelConfig, groups: Network["groups"]): Record<string, readonly number[]> => {
  const owned = new Set(Object.values(groups).flatMap((group) => Object.keys(groupShapes(config, group))));
  return pick(parameterShapes(config), (name) => !owned.has(name));
};

/**
 * What a miner computes with: the hub with each router cut to the rows of the held experts, those of them that are in the hub, and
 * `experts`.
 */
export const shardOf = (hub: Parameters, experts: Parameters, held: HeldExperts): Parameters => {
  const shard: Record<string, Parameters[string]> = { ...experts };
  for (const [name, tensor] of Object.entries(hub)) {
    const layer = routerLayerOf(name);
    const owner = expertOf(name);
    if (layer !== null) shard[name] = routerRows(tensor, held[layer] ?? []);
    else if (owner === null || held[owner.layer]?.includes(owner.expert)) shard[name] = tensor;
  }
  return shard;
};

/** A router with the rows of some experts, in their order. */
export const routerRows = (tensor: Parameters[string], ids: readonly number[]): Parameters[string] => {
  const width = tensor.shape[1] as number;
  const data = new Float32Array(ids.length * width);
  for (const [row, id] of ids.entries()) data.set(tensor.data.subarray(id * width, (id + 1) * width), row * width);
  return { dtype: "float32", shape: [ids.length, width], data };
};

const pick = <T>(record: Readonly<Record<string, T>>, keep: (name: string) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => keep(name)));
