import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type Blocks, plainBlocks } from "./blocks.js";
import type { Family } from "./family.js";
import { yarnMagnitude } from "./rope.js";
import { FUSED, SEPARATE } from "./tensor-layout.js";

const SHARED = "shared_experts";
const GREEDY = "greedy";
const GROUPED = "group_limited_greedy";

/** DeepSeek-V2 (arXiv 2405.04434): latent attention, shared experts, dense first layers. */
export const deepseekV2: Family = {
  type: "deepseek_v2",
  architecture: "DeepseekV2ForCausalLM",
  title: "DeepSeek-V2",
  blocks: (config): Blocks => {
    const { qk_nope_head_dim: still, qk_rope_head_dim: turning, v_head_dim: value, kv_lora_rank: rank } = config;
    const { n_shared_experts: shared, n_group: count = 1, topk_group: chosen = 1, first_k_dense_replace = 0 } = config;
    const biased = config.attention_bias ?? false;
    return {
      ...plainBlocks(config),
      attention: {
        kind: "latent",
        queryRank: config.q_lora_rank ?? null,
        rank: rank!,
        still: still!,
        turning: turning!,
        value: value!,
        biases: { qkv: biased, output: biased },
        scale: yarnScale(config) / Math.sqrt(still! + turning!),
      },
      isSparse: (layer) => layer >= first_k_dense_replace,
      router: {
        normalise: config.norm_topk_prob,
        scale: config.routed_scaling_factor ?? 1,
        groups: count > 1 ? { count, chosen } : null,
      },
      shared: shared === undefined ? null : { width: shared * config.moe_intermediate_size, gated: false },
    };
  },
  file: {
    names: { num_experts: ["n_routed_experts", "num_experts"] },
    fixed: { norm_topk_prob: false },
    defaults: { attention_bias: false, first_k_dense_replace: 0, routed_scaling_factor: 1 },
    assumes: { norm_topk_prob: false, moe_layer_freq: 1, scoring_func: "softmax", mlp_bias: false },
    knows: { topk_method: [GREEDY, GROUPED] },
    read: ({ num_attention_heads, qk_rope_head_dim, topk_method, n_group, topk_group }) => ({
      head_dim: qk_rope_head_dim,
      num_key_value_heads: num_attention_heads,
      ...(topk_method === GROUPED ? { n_group, topk_group } : { n_group: undefined, topk_group: undefined }),
    }),
    write: ({ n_group, topk_group, q_lora_rank }) => ({
      topk_method: n_group === undefined ? GREEDY : GROUPED,
      n_group: n_group ?? 1,
      topk_group: topk_group ?? 1,
      // Left out it would be 1536.
      q_lora_rank: q_lora_rank ?? null,
    }),
  },
  layouts: [
    { ...SEPARATE, shared: SHARED },
    { ...FUSED, shared: SHARED },
  ],
};

/** Attention over more positions than it was trained for is sharpened: DeepSeek's `mscale_all_dim`, squared for query and key. */
const yarnScale = ({ rope_scaling: scaling }: ModelConfig): number =>
  scaling?.rope_type === "yarn" && scaling.mscale_all_dim !== undefined
    ? yarnMagnitude(scaling.factor, scaling.mscale_all_dim) ** 2
    : 1;
