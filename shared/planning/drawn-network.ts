import { BlockZeroError } from "#shared/errors/error.js";
import { checkGroups } from "#shared/model/groups.js";
import { allExperts } from "#shared/model/parameters.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type Network, networkSchema } from "#shared/protocol/network.js";

/** What a model's config does not say of a network. */
export interface DrawnOptions {
  /** Expert groups. */
  readonly groups: number;
  /** Tokens of a window. Unset: `USUAL_SEQUENCE`, or the model's longest where it takes fewer. */
  readonly sequence?: number;
  /** As `model.shard.mode` of a network file. */
  readonly shard: "restricted" | "full";
  readonly codec: CodecName;
}

/** Tokens of a window where nothing else is said. */
export const USUAL_SEQUENCE = 2048;

/** The first group of a drawn network, which has no fewer experts than another. */
export const DRAWN_GROUP = "group-1";

/** A cycle of subtensor's tempo, 360 blocks, most of it training. */
const PHASES = {
  distribute: 20,
  train: 240,
  commit: 10,
  reveal: 10,
  evaluate: 30,
  exchange: 10,
  choose: 30,
  merge: 10,
};

/**
 * A network of a model before there is one, for plans alone: its experts shared out evenly, a cycle of 360 blocks, scoring as on the localnet.
 *
 * @throws BlockZeroError EXPERT_GROUP_INVALID where there are more groups than experts, and for a dense model; USAGE for a longer window than the
 *   model takes
 */
export const drawnNetwork = (model: ModelConfig, { groups: count, sequence, shard, codec }: DrawnOptions): Network => {
  const longest = model.max_position_embeddings;
  if (sequence !== undefined && sequence > longest)
    throw new BlockZeroError(
      "USAGE",
      `--sequence ${sequence} is longer than the model takes: ${longest} tokens (max_position_embeddings)`,
      `give at most ${longest}, or leave it out`,
    );
  const layers = allExperts(model);
  const expertsOf = (group: number) =>
    layers.flatMap((experts, layer) => {
      const own = experts.filter((expert) => expert % count === group);
      return own.length === 0 ? [] : [[String(layer), own] as const];
    });
  const groups = Array.from({ length: count }, (_, group) => [
    `group-${group + 1}`,
    { experts: Object.fromEntries(expertsOf(group)), data: [{ kind: "arithmetic", weight: 1 }] },
  ]);
  const network = networkSchema.parse({
    version: 1,
    name: "drawn",
    netuid: 1,
    phases: PHASES,
    model: { ...model, ...(shard === "full" && { shard: { mode: shard } }) },
    groups: Object.fromEntries(groups),
    data: { tokenizer: "byte", sequence_length: sequence ?? Math.min(USUAL_SEQUENCE, longest), held_out: 0.1 },
    training: {},
    scoring: {
      eval_batches: 128,
      eval_batch_size: 1,
      racing: { rounds: 5 },
      top_n: 2,
      window: 4,
      max_update_norm: 0.5,
    },
    artifact: { codec },
    limits: { artifact_bytes: Number.MAX_SAFE_INTEGER },
    genesis: "0".repeat(64),
  });
  checkGroups(network);
  return network;
};
