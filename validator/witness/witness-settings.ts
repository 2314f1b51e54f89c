import type { WitnessTraining } from "#shared/protocol/network-file/witness.js";
import type { ShardSettings } from "#shared/shard-training/settings.js";

/** What a miner's settings are of a training as the network file describes it; the rest as a miner's defaults are, but fewer shards of packs to fetch. */
export const witnessSettings = (witness: WitnessTraining): ShardSettings => ({
  batch_size: witness.batch_size,
  gradient_accumulation_steps: witness.gradient_accumulation_steps,
  learning_rate: witness.learning_rate,
  warmup_steps: witness.warmup_steps,
  max_steps: witness.steps,
  weight_decay: 0.1,
  training: { program: "auto", affinity: 0.1 },
  spike_threshold: 6,
  pack_shards: 8,
  data_weight: 0,
  seed: 42,
  threads: 0,
  workers: 1,
  checkpoint_keep_top_k: 1,
});
