import { plainBlocks } from "./blocks.js";
import { type Family, WITHOUT_EXPERTS } from "./family.js";
import { SEPARATE } from "./tensor-layout.js";

/** Qwen3 (arXiv 2505.09388): dense. */
export const qwen3: Family = {
  type: "qwen3",
  architecture: "Qwen3ForCausalLM",
  title: "Qwen3",
  blocks: (config) => ({ ...plainBlocks(config, { norm: "head" }), isSparse: () => false }),
  file: {
    fixed: WITHOUT_EXPERTS,
    defaults: { head_dim: 128, attention_bias: false },
    assumes: { use_sliding_window: false },
    write: (config) => ({ max_window_layers: config.num_hidden_layers, sliding_window: null }),
  },
  layouts: [SEPARATE],
};
