import type { WitnessTraining } from "#shared/protocol/network-file/witness.js";
import { SHARD_DEFAULTS, type ShardSettings } from "#shared/shard-training/settings.js";

/**
 * A training as the network file describes it, in a miner's settings. The rest is as a miner's defaults are, but with fewer shards of packs to fetch.
 */
export const witnessSettings = ({ steps, ...training }: WitnessTraining): ShardSettings => ({
  ...SHARD_DEFAULTS,
  ...training,
  max_steps: steps,
  pack_shards: 8,
  data_weight: 0,
  threads: 0,
  checkpoint_keep_top_k: 1,
});
