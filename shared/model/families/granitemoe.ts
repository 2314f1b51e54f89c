import { plainBlocks } from "./blocks.js";
import type { Family } from "./family.js";
import { FUSED } from "./tensor-layout.js";

/** Granite 3 MoE: a softmax over the chosen logits, and factors on embeddings, blocks, scores and logits. */
export const graniteMoe: Family = {
  type: "granitemoe",
  architecture: "GraniteMoeForCausalLM",
  title: "Granite-MoE",
  blocks: (config) => {
    const {
      attention_multiplier: scale = 1,
      embedding_multiplier: embedding = 1,
      residual_multiplier: residual = 1,
    } = config;
    return {
      ...plainBlocks(config, { scale }),
      scales: { embedding, residual, logits: 1 / (config.logits_scaling ?? 1) },
    };
  },
  file: {
    names: { num_experts: ["num_local_experts", "num_experts"], moe_intermediate_size: ["intermediate_size"] },
    fixed: { norm_topk_prob: true },
    defaults: {
      attention_bias: false,
      embedding_multiplier: 1,
      residual_multiplier: 1,
      attention_multiplier: 1,
      logits_scaling: 1,
    },
  },
  layouts: [
    {
      ...FUSED,
      mixture: "block_sparse_moe",
      router: "router.layer.weight",
      experts: { kind: "fused", gateUp: "input_linear.weight", down: "output_linear.weight" },
    },
    { ...FUSED, mixture: "block_sparse_moe", router: "router.weight" },
  ],
};
