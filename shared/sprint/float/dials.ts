import { countParameters, EMBEDDING, parameterShapes } from "#shared/model/parameters.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";

/** Size of a transformer of the white paper's Appendix B. */
export interface FloatDials {
  readonly layers: number;
  /** Heads of the attention; they divide the width into even parts. */
  readonly heads: number;
  /** Width of the residual stream, and of an output. */
  readonly width: number;
  /** Inner width of the feed-forward networks. */
  readonly inner: number;
  /** Vectors of an input; the last one's output counts. */
  readonly sequence: number;
  /** Tokens that inputs are drawn from, or null where inputs are normal vectors. */
  readonly vocabulary: number | null;
}

export type FloatDialsName = "tiny" | "test" | "real" | "paper";

/**
 * `tiny` is for tests, `test` for networks on one machine, `real` for graphics cards: the paper's sizes with the feed-forward width at which
 * they have the 2.3 · 2³⁰ parameters that it states. `paper` has the widths that it spells out, which make 0.88 · 10⁹.
 */
export const FLOAT_DIALS: Readonly<Record<FloatDialsName, FloatDials>> = {
  tiny: { layers: 2, heads: 16, width: 64, inner: 256, sequence: 4, vocabulary: null },
  test: { layers: 8, heads: 64, width: 256, inner: 1024, sequence: 4, vocabulary: null },
  real: { layers: 64, heads: 128, width: 512, inner: 24_576, sequence: 4, vocabulary: null },
  paper: { layers: 64, heads: 128, width: 512, inner: 8192, sequence: 4, vocabulary: 8192 },
};

/** The transformer as a model of `shared/model`: Llama's blocks, as many key heads as query heads. */
export const modelOf = ({ layers, heads, width, inner, sequence, vocabulary }: FloatDials): ModelConfig => ({
  model_type: "llama",
  vocab_size: vocabulary ?? 2,
  hidden_size: width,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  num_key_value_heads: heads,
  head_dim: width / heads,
  intermediate_size: inner,
  num_experts: 0,
  num_experts_per_tok: 0,
  moe_intermediate_size: 0,
  norm_topk_prob: false,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  max_position_embeddings: sequence,
  tie_word_embeddings: true,
});

/** Names and shapes of the matrices that are drawn, in the order of their numbers. The norms' weights are all 1. */
export const matricesOf = (dials: FloatDials): readonly (readonly [name: string, shape: readonly number[]])[] =>
  Object.entries(parameterShapes(modelOf(dials))).filter(
    ([name, shape]) => shape.length === 2 && (dials.vocabulary !== null || name !== EMBEDDING),
  );

/** Weights of the matrices. 0.13 million of `tiny`, 8.4 million of `test`, 2.48 billion of `real`, 0.88 billion of `paper`. */
export const parametersOf = (dials: FloatDials): number => countParameters(Object.fromEntries(matricesOf(dials)));

/** Operations of the matrix products of one nonce: two a weight and vector of the sequence. The embedding multiplies nothing. */
export const flopsOf = (dials: FloatDials): number =>
  2 * dials.sequence * (parametersOf(dials) - (dials.vocabulary ?? 0) * dials.width);
