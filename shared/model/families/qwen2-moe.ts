import { plainBlocks, sparseEvery } from "./blocks.js";
import type { Family } from "./family.js";
import { FUSED, SEPARATE } from "./tensor-layout.js";

/** Qwen1.5-MoE and Qwen2-MoE: biases of queries, keys and values, and an expert that every token takes as far as a gate lets it. */
export const qwen2Moe: Family = {
  type: "qwen2_moe",
  architecture: "Qwen2MoeForCausalLM",
  title: "Qwen2-MoE",
  blocks: (config) => ({
    ...plainBlocks(config, { biases: { qkv: config.attention_bias ?? true, output: false } }),
    isSparse: sparseEvery(config),
    shared: { width: config.shared_expert_intermediate_size!, gated: true },
  }),
  file: {
    names: { attention_bias: ["qkv_bias"], num_experts: ["num_experts", "num_local_experts"] },
    defaults: { norm_topk_prob: false, decoder_sparse_step: 1, mlp_only_layers: [], attention_bias: true },
    assumes: { use_sliding_window: false },
    write: (config) => ({ max_window_layers: config.num_hidden_layers, sliding_window: null }),
  },
  layouts: [SEPARATE, FUSED],
};
