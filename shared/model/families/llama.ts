import { plainBlocks } from "./blocks.js";
import { type Family, WITHOUT_EXPERTS } from "./family.js";
import { SEPARATE } from "./tensor-layout.js";

/** Llama (arXiv 2302.13971) and what is built like it, SmolLM2 for one: dense. */
export const llama: Family = {
  type: "llama",
  architecture: "LlamaForCausalLM",
  title: "Llama",
  blocks: (config) => ({ ...plainBlocks(config), isSparse: () => false }),
  file: { fixed: WITHOUT_EXPERTS, defaults: { attention_bias: false }, assumes: { mlp_bias: false } },
  layouts: [SEPARATE],
};
