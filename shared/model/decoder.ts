import type { Value, Values } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { feedForward, sharedExpert } from "./blocks/feed-forward.js";
import { type AttentionPlace, groupedAttention } from "./blocks/grouped-attention.js";
import { latentAttention } from "./blocks/latent-attention.js";
import { mixtureOfExperts, type Routing } from "./blocks/mixture.js";
import { strayMass } from "./blocks/stray-mass.js";
import { scaled, type Weights } from "./blocks/weights.js";
import { blocksOf } from "./families/index.js";
import type { ForwardShape } from "./forward.js";
import type { ForwardContext } from "./forward-context.js";
import { headName } from "./parameters.js";
import { keepsTokens } from "./whole-routers.js";

/** Rows of the embedding: ids int64 [N] → the hidden state before the first layer [N, d]. */
export const embedTokens = (ids: Value, weights: Weights, config: ModelConfig): Value =>
  scaled(op.gather(weights.of("model.embed_tokens"), ids), blocksOf(config).scales.embedding);

/** One layer of a decoder, where it stands. */
export interface LayerPlace {
  readonly shape: Pick<ForwardShape, "config" | "batchSize" | "sequenceLength" | "heldAffinity">;
  /** Holds the layer's tensors, with `model.layers.<layer>.` before their names. */
  readonly weights: Weights;
  readonly context: Pick<ForwardContext, "rotation" | "mask" | "remember">;
  readonly layer: number;
  /** Ids of the experts that are held; none in a dense layer. */
  readonly experts: readonly number[];
}

export interface LayerOutput {
  /** The hidden state after the layer [N, d]. */
  readonly hidden: Value;
  /** What the experts and the router, or the dense network, were given: [N, d]. */
  readonly inner: Value;
  /** Null for a dense layer. */
  readonly routing: Routing | null;
  /**
   * What the backward pass need not make again where it is kept: what attention made, then products of the experts. Of what comes first a byte saves
   * the most. Each entry is kept whole or not at all: one node gives all of attention's chunks, so that a part of them would save nothing.
   */
  readonly kept: readonly Values[];
}

/** Attention, then experts or a dense network, each added to the hidden state: [N, d] → [N, d]. */
export const decoderLayer = (hidden: Value, given: LayerPlace): LayerOutput => {
  const { shape, weights, context, layer, experts } = given;
  const { config } = shape;
  const { attention, isSparse, router: rule, shared, scales } = blocksOf(config);
  const { linear, norm } = weights;
  const { rotation, mask, remember = (_, current) => current } = context;
  const prefix = `model.layers.${layer}`;
  const attend = (x: Value, place: AttentionPlace) =>
    attention.kind === "grouped" ? groupedAttention(x, attention, place) : latentAttention(x, attention, place);
  const add = (x: Value, change: Value) => op.add(x, scaled(change, scales.residual));

  const place = { shape, weights, prefix: `${prefix}.self_attn`, rotation, mask, remember };
  const { output: change, kept } = attend(norm(hidden, `${prefix}.input_layernorm`), place);
  const x = add(hidden, change);
  const inner = norm(x, `${prefix}.post_attention_layernorm`);
  if (!isSparse(layer))
    return { hidden: add(x, feedForward(inner, weights, `${prefix}.mlp`)), inner, routing: null, kept: [kept, [x]] };

  const {
    output,
    routing,
    kept: { outputs, gate, up },
  } = mixtureOfExperts(inner, {
    layer,
    rule: experts.length === config.num_experts ? rule : { ...rule, groups: null },
    experts: experts.length,
    choices: config.num_experts_per_tok,
    router: weights.of(`${prefix}.mlp.gate`),
    project: (rows, slot, projection) => linear(rows, `${prefix}.mlp.experts.${experts[slot]}.${projection}_proj`),
  });
  const mixed = shared === null ? output : op.add(output, sharedExpert(inner, weights, `${prefix}.mlp`, shared));
  const passed = add(x, mixed);
  const term = () =>
    op.scale(strayMass(inner, weights.of(`${prefix}.mlp.whole_gate`), experts.length), shape.heldAffinity!);
  return {
    hidden: keepsTokens(shape, experts) ? op.auxiliaryLoss(passed, term()) : passed,
    inner,
    routing,
    kept: [kept, [outputs], [x], [gate], [up]],
  };
};

/** The last norm and the projection to the vocabulary: hidden state [N, d] → logits [N, vocabulary]. */
export const decoderHead = (hidden: Value, weights: Weights, config: ModelConfig): Value => {
  const head = headName(config).slice(0, -".weight".length);
  return scaled(weights.linear(weights.norm(hidden, "model.norm"), head), blocksOf(config).scales.logits);
};
