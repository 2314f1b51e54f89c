import type { ModelConfig } from "#shared/protocol/model-config.js";

const common = {
  norm_topk_prob: true,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: true,
} as const;

/** The one dial for size. A preset fixes every shape; a network file may also spell its own out. */
export const PRESETS = {
  /** The localnet's: 1.3 M parameters, byte vocabulary (256 bytes, a separator, padding to a multiple of 8). */
  tiny: {
    ...common,
    vocab_size: 264,
    hidden_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 32,
    num_experts: 8,
    num_experts_per_tok: 2,
    moe_intermediate_size: 192,
    max_position_embeddings: 256,
  },
  /** The benchmark's: 13.9 M parameters, the shape that every figure in docs/ about speed refers to. */
  bench: {
    ...common,
    vocab_size: 2048,
    hidden_size: 256,
    num_hidden_layers: 4,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 32,
    num_experts: 8,
    num_experts_per_tok: 2,
    moe_intermediate_size: 512,
    max_position_embeddings: 512,
  },
} as const satisfies Record<string, ModelConfig>;

export type Preset = keyof typeof PRESETS;
