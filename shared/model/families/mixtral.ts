import { plainBlocks } from "./blocks.js";
import type { Family } from "./family.js";
import { FUSED, SEPARATE } from "./tensor-layout.js";

/** Mixtral (arXiv 2401.04088). */
export const mixtral: Family = {
  type: "mixtral",
  architecture: "MixtralForCausalLM",
  title: "Mixtral",
  blocks: (config) => plainBlocks(config),
  file: {
    names: { num_experts: ["num_local_experts", "num_experts"], moe_intermediate_size: ["intermediate_size"] },
    fixed: { norm_topk_prob: true },
    assumes: { sliding_window: null },
    ropeTheta: 1_000_000,
  },
  layouts: [
    {
      ...SEPARATE,
      mixture: "block_sparse_moe",
      experts: { kind: "separate", names: { gate: "w1", up: "w3", down: "w2" } },
    },
    FUSED,
  ],
};
