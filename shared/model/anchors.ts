import { BlockZeroError } from "#shared/errors/error.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Shard } from "#shared/protocol/network-file/shard.js";

/** The anchors of each layer, ascending; none in another mode than `anchored`. */
export const anchorsOf = (config: ModelConfig, shard: Shard | undefined): readonly (readonly number[])[] =>
  Array.from({ length: config.num_hidden_layers }, (_, layer) =>
    shard?.mode === "anchored" ? [...(shard.anchors[String(layer)] ?? [])].sort((a, b) => a - b) : [],
  );

/**
 * Refuses anchors that do not fit the model: a layer with experts but without an anchor, one that does not exist, one that a group owns.
 *
 * @param sparse  layers that have experts
 * @param ownerOf the group that owns an expert of a layer
 * @throws BlockZeroError SHARD_ANCHORS_INVALID
 */
export const checkAnchors = (
  config: ModelConfig & { readonly shard?: Shard | undefined },
  sparse: readonly number[],
  ownerOf: (layer: number, expert: number) => string | undefined,
): void => {
  const { shard } = config;
  if (shard?.mode !== "anchored") return;
  const layers = new Set(sparse.map(String));
  const extra = Object.keys(shard.anchors).find((layer) => !layers.has(layer));
  if (extra !== undefined) throw invalid(`layer ${extra} has no experts`);
  const anchors = anchorsOf(config, shard);
  for (const layer of sparse) {
    const ids = anchors[layer]!;
    if (ids.length === 0) throw invalid(`layer ${layer} has none`);
    for (const [i, id] of ids.entries()) {
      if (id >= config.num_experts) throw invalid(`layer ${layer} has no expert ${id}`);
      if (id === ids[i - 1]) throw invalid(`expert ${id} of layer ${layer} is listed twice`);
      const owner = ownerOf(layer, id);
      if (owner !== undefined) throw invalid(`expert ${id} of layer ${layer} is of group "${owner}"`);
    }
  }
};

const invalid = (problem: string) =>
  new BlockZeroError(
    "SHARD_ANCHORS_INVALID",
    `model.shard.anchors: ${problem}`,
    "list, for every layer with experts, ids of experts that no group lists",
  );
