import { plainBlocks } from "./blocks.js";
import type { Family } from "./family.js";

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
};
