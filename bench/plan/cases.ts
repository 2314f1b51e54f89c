import { batchesOfRun } from "#shared/evaluation/loss-meter.js";
import { PRESETS } from "#shared/model/presets.js";
import { drawnNetwork } from "#shared/planning/drawn-network.js";
import type { Network } from "#shared/protocol/network.js";

export interface PlanCase {
  readonly name: string;
  readonly network: Network;
  readonly batchSize: number;
}

/** So that a validator's work on all groups takes seconds. */
const ofFewBatches = (network: Network): Network => ({
  ...network,
  scoring: { ...network.scoring, eval_batches: 6 * batchesOfRun(network.scoring.eval_batch_size, network.data) },
});

const usual = { groups: 4, shard: "restricted", codec: "float32" } as const;

/** A small model and one of 200 M parameters; each group trains 2 of 8 experts a layer. */
export const planCases: readonly PlanCase[] = [
  {
    name: "small",
    network: ofFewBatches(drawnNetwork(PRESETS.bench, { ...usual, sequence: 128 })),
    batchSize: 8,
  },
  {
    name: "middle",
    network: ofFewBatches(
      drawnNetwork(
        {
          ...PRESETS.bench,
          vocab_size: 32_000,
          hidden_size: 768,
          num_hidden_layers: 8,
          num_attention_heads: 12,
          num_key_value_heads: 4,
          head_dim: 64,
          moe_intermediate_size: 1024,
        },
        { ...usual, sequence: 512 },
      ),
    ),
    batchSize: 2,
  },
];
