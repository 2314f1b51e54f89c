import { plainBlocks } from "./blocks.js";
import type { Family } from "./family.js";
import { FUSED, SEPARATE } from "./tensor-layout.js";

/** OLMoE (arXiv 2409.02060): queries and keys are normalised over all heads at once. */
export const olmoe: Family = {
  type: "olmoe",
  architecture: "OlmoeForCausalLM",
  title: "OLMoE",
  blocks: (config) => plainBlocks(config, { norm: "width" }),
  file: {
    names: { num_experts: ["num_experts", "num_local_experts"], moe_intermediate_size: ["intermediate_size"] },
    defaults: { norm_topk_prob: false, attention_bias: false },
    assumes: { clip_qkv: null },
  },
  layouts: [SEPARATE, FUSED],
};
