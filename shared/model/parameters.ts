import type { FloatTensor } from "#shared/engine/tensor.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { GroupedAttention, LatentAttention } from "./families/blocks.js";
import { blocksOf } from "./families/index.js";
import type { Projection } from "./families/tensor-layout.js";

/** Tensors by name, e.g. `model.layers.0.mlp.experts.3.up_proj.weight`: Qwen3-MoE's names, in every family. */
export type Parameters = Readonly<Record<string, FloatTensor>>;

/** Expert ids held, per layer. */
export type HeldExperts = readonly (readonly number[])[];

type Shapes = Record<string, readonly number[]>;

/** The embedding: the output head too, where the config ties them. */
export const EMBEDDING = "model.embed_tokens.weight";

const EXPERT = /^model\.layers\.(\d+)\.mlp\.experts\.(\d+)\.(?:gate|up|down)_proj\.weight$/;
const ROUTER = /^model\.layers\.(\d+)\.mlp\.gate\.weight$/;

export const routerName = (layer: number): string => `model.layers.${layer}.mlp.gate.weight`;

export const expertName = (layer: number, expert: number, projection: Projection): string =>
  `model.layers.${layer}.mlp.experts.${expert}.${projection}_proj.weight`;

/** Of a dense layer. */
export const denseName = (layer: number, projection: Projection): string =>
  `model.layers.${layer}.mlp.${projection}_proj.weight`;

/** Of the expert that every token takes. */
export const sharedName = (layer: number, projection: Projection): string =>
  `model.layers.${layer}.mlp.shared_expert.${projection}_proj.weight`;

export const sharedGateName = (layer: number): string => `model.layers.${layer}.mlp.shared_expert_gate.weight`;

/** Of the projection to the vocabulary: the embedding's where the config ties them. */
export const headName = ({ tie_word_embeddings: isTied }: Pick<ModelConfig, "tie_word_embeddings">): string =>
  isTied ? EMBEDDING : "lm_head.weight";

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

/** Every expert of every layer; a dense layer has none. */
export const allExperts = (config: ModelConfig): HeldExperts => {
  const { isSparse } = blocksOf(config);
  const all = Array.from({ length: config.num_experts }, (_, id) => id);
  return Array.from({ length: config.num_hidden_layers }, (_, layer) => (isSparse(layer) ? all : []));
};

/**
 * Names and shapes of a model that holds the given experts. A linear layer's weight is [out, in]. A sparse layer's router has one row an
 * expert held, in the order of `held`.
 */
export const parameterShapes = (config: ModelConfig, held: HeldExperts = allExperts(config)): Shapes => {
  const { hidden_size: d } = config;
  const { attention, isSparse, denseWidth, shared } = blocksOf(config);
  const shapes: Shapes = { [EMBEDDING]: [config.vocab_size, d] };
  for (const [layer, experts] of held.entries()) {
    const prefix = `model.layers.${layer}`;
    shapes[`${prefix}.input_layernorm.weight`] = [d];
    Object.assign(shapes, attentionShapes(`${prefix}.self_attn`, config, attention));
    shapes[`${prefix}.post_attention_layernorm.weight`] = [d];
    if (!isSparse(layer)) {
      Object.assign(
        shapes,
        mlpShapes(d, denseWidth, (projection) => denseName(layer, projection)),
      );
      continue;
    }
    shapes[routerName(layer)] = [experts.length, d];
    for (const expert of experts)
      Object.assign(
        shapes,
        mlpShapes(d, config.moe_intermediate_size, (projection) => expertName(layer, expert, projection)),
      );
    if (shared === null) continue;
    Object.assign(
      shapes,
      mlpShapes(d, shared.width, (projection) => sharedName(layer, projection)),
    );
    if (shared.gated) shapes[sharedGateName(layer)] = [1, d];
  }
  shapes["model.norm.weight"] = [d];
  if (!config.tie_word_embeddings) shapes["lm_head.weight"] = [config.vocab_size, d];
  return shapes;
};

const mlpShapes = (d: number, width: number, name: (projection: Projection) => string): Shapes => ({
  [name("gate")]: [width, d],
  [name("up")]: [width, d],
  [name("down")]: [d, width],
});

const attentionShapes = (prefix: string, config: ModelConfig, attention: GroupedAttention | LatentAttention): Shapes =>
  attention.kind === "grouped" ? grouped(prefix, config, attention) : latent(prefix, config, attention);

const grouped = (prefix: string, config: ModelConfig, { norm, biases }: GroupedAttention): Shapes => {
  const { hidden_size: d, head_dim: h, num_attention_heads: heads, num_key_value_heads: kv } = config;
  return {
    [`${prefix}.q_proj.weight`]: [heads * h, d],
    ...(biases.qkv && { [`${prefix}.q_proj.bias`]: [heads * h] }),
    [`${prefix}.k_proj.weight`]: [kv * h, d],
    ...(biases.qkv && { [`${prefix}.k_proj.bias`]: [kv * h] }),
    [`${prefix}.v_proj.weight`]: [kv * h, d],
    ...(biases.qkv && { [`${prefix}.v_proj.bias`]: [kv * h] }),
    [`${prefix}.o_proj.weight`]: [d, heads * h],
    ...(biases.output && { [`${prefix}.o_proj.bias`]: [d] }),
    ...(norm !== "none" && {
      [`${prefix}.q_norm.weight`]: [norm === "head" ? h : heads * h],
      [`${prefix}.k_norm.weight`]: [norm === "head" ? h : kv * h],
    }),
  };
};

const latent = (prefix: string, config: ModelConfig, attention: LatentAttention): Shapes => {
  const { hidden_size: d, num_attention_heads: heads } = config;
  const { queryRank, rank, still, turning, value, biases } = attention;
  const width = heads * (still + turning);
  const queries =
    queryRank === null
      ? { [`${prefix}.q_proj.weight`]: [width, d] }
      : {
          [`${prefix}.q_a_proj.weight`]: [queryRank, d],
          ...(biases.qkv && { [`${prefix}.q_a_proj.bias`]: [queryRank] }),
          [`${prefix}.q_a_layernorm.weight`]: [queryRank],
          [`${prefix}.q_b_proj.weight`]: [width, queryRank],
        };
  return {
    ...queries,
    [`${prefix}.kv_a_proj_with_mqa.weight`]: [rank + turning, d],
    ...(biases.qkv && { [`${prefix}.kv_a_proj_with_mqa.bias`]: [rank + turning] }),
    [`${prefix}.kv_a_layernorm.weight`]: [rank],
    [`${prefix}.kv_b_proj.weight`]: [heads * (still + value), rank],
    [`${prefix}.o_proj.weight`]: [d, heads * value],
    ...(biases.output && { [`${prefix}.o_proj.bias`]: [d] }),
  };
};

/** Number of scalars in the tensors. */
export const countParameters = (shapes: Readonly<Record<string, readonly number[]>>): number =>
  Object.values(shapes).reduce((total, shape) => total + shape.reduce((product, size) => product * size, 1), 0);
