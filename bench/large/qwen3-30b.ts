import type { ModelConfig } from "#shared/protocol/model-config.js";

/** Layers of Qwen3-30B-A3B. */
export const LAYERS = 48;

/** Qwen3-30B-A3B's shapes (its config.json), or a cut of it in depth. */
export const qwen3 = (layers = LAYERS): ModelConfig => ({
  model_type: "qwen3_moe",
  vocab_size: 151_936,
  hidden_size: 2048,
  num_hidden_layers: layers,
  num_attention_heads: 32,
  num_key_value_heads: 4,
  head_dim: 128,
  num_experts: 128,
  num_experts_per_tok: 8,
  moe_intermediate_size: 768,
  norm_topk_prob: true,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  max_position_embeddings: 40_960,
  tie_word_embeddings: false,
});
