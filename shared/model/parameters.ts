import type { FloatTensor } from "#shared/engine/tensor.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

/** Tensors by their Hugging Face name, e.g. `model.layers.0.mlp.experts.3.up_proj.weight`. */
export type Parameters = Readonly<Record<string, FloatTensor>>;

/** Expert ids held, per layer. */
export type HeldExperts = readonly (readonly number[])[];

const EXPERT = /^model\.layers\.(\d+)\.mlp\.experts\.(\d+)\.(?:gate|up|down)_proj\.weight$/;
const ROUTER = /^model\.layers\.(\d+)\.mlp\.gate\.weight$/;

export const routerName = (layer: number): string => `model.layers.${layer}.mlp.gate.weight`;

export const expertName = (layer: number, expert: number, projection: "gate" | "up" | "down"): string =>
  `model.layers.${layer}.mlp.experts.${expert}.${projection}_proj.weight`;

/** Which expert a tensor belongs to, or null for a tensor of the hub. */
export const expertOf = (name: string): { layer: number; expert: number } | null => {
  const match = EXPERT.exec(name);
  return match ? { layer: Number(match[1]), expert: Number(match[2]) } : null;
};

/** The layer whose router the tensor is, or null. */
export const routerLayerOf = (name: string): number | null => {
  const match = ROUTER.exec(name);
  return match ? Number(match[1]) : null;
};

/** Every expert of every layer. */
export const allExperts = (config: ModelConfig): HeldExperts =>
  Array.from({ length: config.num_hidden_layers }, () => Array.from({ length: config.num_experts }, (_, id) => id));

/**
 * Names and shapes of a Qwen3-MoE model that holds the given experts. A linear layer's weight is [out, in].
 * The router has one row an expert held, in the order of `held`.
 */
export const parameterShapes = (
  config: ModelConfig,
  held: HeldExperts = allExperts(config),
): Record<string, readonly number[]> => {
  const { hidden_size: d, head_dim: h, num_attention_heads: heads, num_key_value_heads: kv } = config;
  const shapes: Record<string, readonly number[]> = { "model.embed_tokens.weight": [config.vocab_size, d] };
  for (const [layer, experts] of held.entries()) {
    const prefix = `model.layers.${layer}`;
    Object.assign(shapes, {
      [`${prefix}.input_layernorm.weight`]: [d],
      [`${prefix}.self_attn.q_proj.weight`]: [heads * h, d],
      [`${prefix}.self_attn.k_proj.weight`]: [kv * h, d],
      [`${prefix}.self_attn.v_proj.weight`]: [kv * h, d],
      [`${prefix}.self_attn.o_proj.weight`]: [d, heads * h],
      [`${prefix}.self_attn.q_norm.weight`]: [h],
      [`${prefix}.self_attn.k_norm.weight`]: [h],
      [`${prefix}.post_attention_layernorm.weight`]: [d],
      [routerName(layer)]: [experts.length, d],
    });
    for (const expert of experts) {
      shapes[expertName(layer, expert, "gate")] = [config.moe_intermediate_size, d];
      shapes[expertName(layer, expert, "up")] = [config.moe_intermediate_size, d];
      shapes[expertName(layer, expert, "down")] = [d, config.moe_intermediate_size];
    }
  }
  shapes["model.norm.weight"] = [d];
  if (!config.tie_word_embeddings) shapes["lm_head.weight"] = [config.vocab_size, d];
  return shapes;
};

/** Number of scalars in the tensors. */
export const countParameters = (shapes: Readonly<Record<string, readonly number[]>>): number =>
  Object.values(shapes).reduce((total, shape) => total + shape.reduce((product, size) => product * size, 1), 0);
