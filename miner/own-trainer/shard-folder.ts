import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { type FloatTensor, sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { createCheckpoint } from "#shared/model/checkpoint-writer.js";
import { familyOf } from "#shared/model/families/index.js";
import { expertsOf, groupNamed, routerRows } from "#shared/model/groups.js";
import {
  allExperts,
  expertName,
  expertOf,
  type HeldExperts,
  parameterShapes,
  routerLayerOf,
} from "#shared/model/parameters.js";
import { shardExperts } from "#shared/model/shard.js";
import { storedParameters } from "#shared/model/stored-parameters.js";
import { removeWhole } from "#shared/own-program/job-folder.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { modelConfigOf, type Network } from "#shared/protocol/network.js";
import type { FloatSource } from "#shared/training/float-source.js";

/** A group's shard as a model by itself: the experts of each layer are counted from 0, in ascending order of their ids. */
export interface ShardModel {
  readonly config: ModelConfig;
  /** The ids in the whole model of each layer's experts. */
  readonly held: HeldExperts;
}

/** A tensor that the group trains, and where the shard's folder has its first value. */
export interface TrainedTensor {
  /** Its name in the whole model: what a checkpoint of the trainer calls it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly layer: number;
  /** The expert's id in the whole model, and its place among those of the shard's layer. */
  readonly expert: number;
  readonly index: number;
  readonly projection: string;
  /** The tensor of the shard's safetensors files that holds it, and from which element on. */
  readonly file: { readonly tensor: string; readonly offset: number };
}

/** The weights that a shard is made of: the hub, the group's own, and where the mode has them those of other groups. */
export interface ShardWeights {
  readonly hub: FloatSource;
  readonly own: FloatSource;
  readonly frozen: FloatSource | undefined;
}

/**
 * The model that a group's miner computes with.
 *
 * @throws BlockZeroError TRAINER_SHARD_UNEVEN where layers hold different numbers of experts, EXPERT_GROUP_UNKNOWN
 */
export const shardModel = (network: Network, group: string): ShardModel => {
  const whole = modelConfigOf(network);
  const held = shardExperts(network, group);
  const sparse = allExperts(whole).flatMap((experts, layer) => (experts.length > 0 ? [layer] : []));
  const [first = 0] = sparse;
  const count = held[first]!.length;
  const other = sparse.find((layer) => held[layer]!.length !== count);
  if (other !== undefined)
    throw new BlockZeroError(
      "TRAINER_SHARD_UNEVEN",
      `the shard of group "${group}" has ${count} experts in layer ${first} and ${held[other]!.length} in layer ${other}`,
      "a Hugging Face folder has one number for all layers: leave trainer.command out for this group",
    );
  if (count === whole.num_experts) return { config: whole, held };
  const { n_group: _groups, topk_group: _chosen, ...config } = whole;
  return {
    config: { ...config, num_experts: count, num_experts_per_tok: Math.min(whole.num_experts_per_tok, count) },
    held,
  };
};

/** The tensors that a group trains, by layer, expert and projection. */
export const trainedTensors = (network: Network, group: string): readonly TrainedTensor[] => {
  const { config, held } = shardModel(network, group);
  const own = expertsOf(network.model, groupNamed(network, group));
  const shapes = parameterShapes(config);
  return [...storedParameters(config, familyOf(config).layouts[0])].flatMap(([tensor, { holds }]) => {
    let next = 0;
    return holds.flatMap((inShard) => {
      const offset = next;
      next += sizeOf(shapes[inShard]!);
      const place = expertOf(inShard);
      if (place === null) return [];
      const expert = held[place.layer]![place.expert]!;
      if (!own[place.layer]!.includes(expert)) return [];
      return [
        {
          name: wholeName(inShard, held),
          shape: shapes[inShard]!,
          layer: place.layer,
          expert,
          index: place.expert,
          projection: projectionOf(inShard),
          file: { tensor, offset },
        },
      ];
    });
  });
};

/** The name in the whole model of a tensor of the shard. */
export const wholeName = (name: string, held: HeldExperts): string => {
  const place = expertOf(name);
  return place === null ? name : expertName(place.layer, held[place.layer]![place.expert]!, projectionOf(name));
};

const projectionOf = (name: string): "gate" | "up" | "down" => {
  if (name.endsWith("gate_proj.weight")) return "gate";
  return name.endsWith("up_proj.weight") ? "up" : "down";
};

/** The tensors of a shard's folder, by their names there. */
export interface ShardTensors {
  readonly config: ModelConfig;
  readonly names: readonly string[];
  /** What a tensor's elements are of; null where nobody knows. */
  version(name: string): string | null;
  read(name: string): Promise<FloatTensor>;
}

/** @throws BlockZeroError TRAINER_SHARD_UNEVEN; what reading the weights throws while a tensor is read */
export const shardTensors = (network: Network, group: string, { hub, own, frozen }: ShardWeights): ShardTensors => {
  const { config, held } = shardModel(network, group);
  const sources = [own, ...(frozen ? [frozen] : []), hub];
  const find = (inShard: string): { readonly name: string; readonly source: FloatSource } => {
    const name = wholeName(inShard, held);
    const source = sources.find(({ shapes }) => Object.hasOwn(shapes, name));
    if (source === undefined) throw new TypeError(`a shard that computes with ${name} needs its weights`);
    return { name, source };
  };
  return {
    config,
    names: Object.keys(parameterShapes(config)),
    version: (inShard) => {
      const { name, source } = find(inShard);
      return source.version?.(name) ?? null;
    },
    read: async (inShard) => {
      const { name, source } = find(inShard);
      const tensor = await source.read(name);
      const layer = routerLayerOf(name);
      return layer === null ? tensor : routerRows(tensor, held[layer]!);
    },
  };
};

/**
 * Writes the shard as `from_pretrained` of transformers reads it, a tensor at a time, in float32.
 *
 * @param stop asked before each tensor: it may be a hundred gigabytes. True leaves nothing
 * @returns whether the shard is there
 * @throws BlockZeroError TRAINER_SHARD_UNEVEN, FILE_UNWRITABLE, and what reading the weights throws
 */
export const writeShard = async (
  dir: string,
  network: Network,
  group: string,
  weights: ShardWeights,
  stop: () => boolean = () => false,
): Promise<boolean> => {
  const { config, names, read } = shardTensors(network, group, weights);
  await removeWhole(dir);
  const writer = await createCheckpoint(dir, config, { separators: openTokenizer(network.data) });
  try {
    for (const name of names) {
      if (stop()) return false;
      await writer.write(name, await read(name));
    }
    await writer.finish();
    return true;
  } finally {
    await writer.discard();
  }
};
