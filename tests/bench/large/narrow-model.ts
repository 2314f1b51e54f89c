import { qwen3 } from "#bench/large/qwen3-30b.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

/** A cut of four layers of the large model, in small widths. */
export const narrowModel = (experts = 128): ModelConfig => ({
  ...qwen3(4),
  vocab_size: 512,
  hidden_size: 64,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
  num_experts: experts,
  num_experts_per_tok: Math.min(8, experts / 4),
  moe_intermediate_size: 32,
});
