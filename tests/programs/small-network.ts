import type { NetworkTemplate } from "#owner/network/network-template.js";
import { template } from "../support/micro-network.js";

/** A network whose model compiles and trains in a moment. */
export const smallNetwork: NetworkTemplate = {
  version: 1,
  name: "small",
  netuid: 1,
  first_cycle: 0,
  phases: { distribute: 4, train: 16, commit: 4, reveal: 4, evaluate: 12, exchange: 6, choose: 8, merge: 6 },
  model: {
    vocab_size: 264,
    hidden_size: 16,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 8,
    num_experts: 2,
    num_experts_per_tok: 1,
    moe_intermediate_size: 16,
    norm_topk_prob: true,
    rms_norm_eps: 1e-6,
    rope_theta: 10_000,
    max_position_embeddings: 32,
    tie_word_embeddings: true,
  },
  groups: {
    prose: { experts: { "0": [0] }, data: [{ kind: "moby-dick", weight: 1 }] },
    math: { experts: { "0": [1] }, data: [{ kind: "arithmetic", weight: 1 }] },
  },
  data: { tokenizer: "byte", split: "sha256", sequence_length: 16, held_out: 0.1 },
  training: template.training,
  scoring: { ...template.scoring, eval_batches: 2, eval_batch_size: 2 },
  voting: template.voting,
  artifact: template.artifact,
  limits: template.limits,
};
