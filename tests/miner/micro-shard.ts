import { type MinerConfig, minerSettings } from "#miner/config.js";
import { loadConfig } from "#shared/config/load.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Network } from "#shared/protocol/network.js";
import { createShardTrainer, type ShardTrainerOptions } from "#shared/shard-training/shard-trainer.js";
import type { ShardTrainer } from "#shared/shard-training/trainer.js";
import { frozenInMemory } from "#shared/training/frozen-source.js";
import { device } from "../shared/model/micro.js";
import { parameters, template } from "../support/micro-network.js";

export const network: Network = { ...template, genesis: "0".repeat(64) };

const pick = (names: object): Parameters =>
  Object.fromEntries(Object.keys(names).map((name) => [name, parameters[name]!]));

export const hub = pick(hubShapes(network.model, network.groups));
/** The weights of the group that is trained, "math". */
export const base = pick(groupShapes(network.model, network.groups.math!));

/** A miner's settings for it: a rate at which every step shows. */
export const configOf = (flags: Record<string, string | number>): MinerConfig =>
  loadConfig(minerSettings, {
    env: {},
    flags: { expert_group: "math", batch_size: 2, gradient_accumulation_steps: 1, learning_rate: 0.02, ...flags },
  });

/** Trains it, in this process. */
export const openTrainer = (config: MinerConfig, options: Partial<ShardTrainerOptions> = {}): Promise<ShardTrainer> =>
  createShardTrainer({
    device,
    network,
    group: "math",
    config,
    miner: config.wallet.hotkey,
    hub: frozenInMemory(hub),
    ...options,
  });
