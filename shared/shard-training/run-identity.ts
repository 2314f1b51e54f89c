import type { ShardChoice } from "#datasets/tokens.js";
import { expertsOf } from "#shared/model/groups.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import type { Network } from "#shared/protocol/network.js";
import type { ShardSettings } from "./settings.js";

export interface RunPlace {
  readonly network: Network;
  readonly group: string;
  readonly config: ShardSettings;
  /** Whose training stream it is: what `streamOwner` gives, which nobody else can know. */
  readonly miner: string;
  /** Which of the machine's replicas trains, from 0. */
  readonly replica: number;
}

/** Seed of a replica's training stream in a cycle; replica 0 of several trains on what it would alone. */
export const streamSeed = (
  { config, miner, replica }: Pick<RunPlace, "config" | "miner" | "replica">,
  cycle: number,
): string => [config.seed, miner, cycle, ...(replica === 0 ? [] : [replica])].join("/");

/** The shards of packs that a miner's replicas draw from in a cycle: the same for all of them. */
export const shardChoice = (place: Pick<RunPlace, "config" | "miner">, cycle: number): ShardChoice => ({
  seed: streamSeed({ ...place, replica: 0 }, cycle),
  most: place.config.pack_shards,
});

/** What AdamW's moments belong to: they go on in other cycles, and under other hyper-parameters. */
export const shardIdentity = ({ network, group }: RunPlace): string =>
  hashJson({ model: network.model, group, experts: expertsOf(network.model, network.groups[group]!) });

/** What decides every bit of one cycle's training on the CPU. */
export const runIdentity = (place: RunPlace, cycle: number, model: string): string => {
  const { config, network, group } = place;
  return hashJson({
    shard: shardIdentity(place),
    model,
    cycle,
    seed: streamSeed(place, cycle),
    data: network.data,
    sources: network.groups[group]!.data,
    own: config.data_path === undefined ? null : { path: config.data_path, weight: config.data_weight },
    pack_shards: config.pack_shards,
    batch_size: config.batch_size,
    gradient_accumulation_steps: config.gradient_accumulation_steps,
    learning_rate: config.learning_rate,
    warmup_steps: config.warmup_steps,
    max_steps: config.max_steps,
    weight_decay: config.weight_decay,
    affinity: config.training.affinity,
    spike_threshold: config.spike_threshold,
  });
};
