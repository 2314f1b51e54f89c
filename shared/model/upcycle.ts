import { normal } from "#shared/data/normal.js";
import type { Random } from "#shared/data/random.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { isDenseFamily, type ModelConfig, modelConfigSchema } from "#shared/protocol/model-config.js";
import { familyOf } from "./families/index.js";
import { INITIALIZER_RANGE } from "./init.js";
import { denseName, expertOf, type Parameters, parameterShapes, routerLayerOf } from "./parameters.js";

export interface Upcycling {
  /** Experts of each layer, all copies of the layer's feed-forward network. */
  readonly experts: number;
  /** Experts that a token is sent to. */
  readonly perToken: number;
}

/** Families whose experts are like a dense family's feed-forward networks, all else equal, and that transformers loads. */
const UPCYCLED = { llama: "mixtral", qwen3: "qwen3_moe" } as const;

/**
 * The model that a dense one becomes (sparse upcycling, arXiv 2212.05055). The chosen probabilities sum to 1, so that with equal experts every token
 * gets what the dense network gives, whatever the router does.
 *
 * @throws BlockZeroError UPCYCLE_UNSUPPORTED
 */
export const upcycledConfig = (dense: ModelConfig, { experts, perToken }: Upcycling): ModelConfig => {
  const { model_type: type, intermediate_size: width, attention_bias: biased, ...shape } = dense;
  if (!isDenseFamily(dense) || (type !== "llama" && type !== "qwen3"))
    throw unsupported(`a ${familyOf(dense).title} model has experts already`, "leave out --experts");
  if (type === "llama" && biased)
    throw unsupported("a Llama model whose attention has biases has no family with experts", "take another checkpoint");
  const upcycled = modelConfigSchema.safeParse({
    ...shape,
    ...(UPCYCLED[type] !== "qwen3_moe" && { model_type: UPCYCLED[type] }),
    ...(biased && { attention_bias: biased }),
    num_experts: experts,
    num_experts_per_tok: perToken,
    moe_intermediate_size: width,
    norm_topk_prob: true,
  });
  if (upcycled.success) return upcycled.data;
  const { path, message } = upcycled.error.issues[0]!;
  throw unsupported(`${path.join(".")} ${message}`, "choose --experts and --experts-per-token otherwise");
};

/** The dense model's tensor that one of the upcycled model is a copy of; null for a router, which is new. */
export const denseNameOf = (name: string): string | null => {
  if (routerLayerOf(name) !== null) return null;
  const expert = expertOf(name);
  if (expert === null) return name;
  const projection = /(gate|up|down)_proj\.weight$/.exec(name)![1] as "gate" | "up" | "down";
  return denseName(expert.layer, projection);
};

/** New routers, normal(0, 0.02). */
export const newRouters = (config: ModelConfig, random: Random): Parameters =>
  Object.fromEntries(
    Object.entries(parameterShapes(config)).flatMap(([name, shape]) => {
      if (routerLayerOf(name) === null) return [];
      const data = Float32Array.from({ length: shape[0]! * shape[1]! }, () => INITIALIZER_RANGE * normal(random));
      return [[name, { dtype: "float32", shape, data }]];
    }),
  );

/** The upcycled model in memory: copies of a tensor are the same object. @param config of the upcycled model */
export const upcycledParameters = (config: ModelConfig, dense: Parameters, routers: Parameters): Parameters =>
  Object.fromEntries(
    Object.keys(parameterShapes(config)).map((name) => {
      const source = denseNameOf(name);
      return [name, source === null ? routers[name]! : dense[source]!];
    }),
  );

const unsupported = (problem: string, hint: string) => new BlockZeroError("UPCYCLE_UNSUPPORTED", problem, hint);
