import { plainBlocks, sparseEvery } from "./blocks.js";
import type { Family } from "./family.js";
import { FUSED, SEPARATE } from "./tensor-layout.js";

/** Qwen3-MoE (arXiv 2505.09388): queries and keys are normalised in each head. */
export const qwen3Moe: Family = {
  type: "qwen3_moe",
  architecture: "Qwen3MoeForCausalLM",
  title: "Qwen3-MoE",
  blocks: (config) => ({ ...plainBlocks(config, { norm: "head" }), isSparse: sparseEvery(config) }),
  file: {
    names: { num_experts: ["num_experts", "num_local_experts"] },
    defaults: { norm_topk_prob: false, decoder_sparse_step: 1, mlp_only_layers: [], attention_bias: false },
    assumes: { use_sliding_window: false },
    write: (config) => ({ max_window_layers: config.num_hidden_layers, sliding_window: null }),
  },
  layouts: [SEPARATE, FUSED],
};
