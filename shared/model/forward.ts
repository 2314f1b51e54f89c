import type { Graph, Value } from "#shared/engine/graph.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { Routing } from "./blocks/mixture.js";
import { weightsIn } from "./blocks/weights.js";
import { decoderHead, decoderLayer, embedTokens } from "./decoder.js";
import { type ForwardContext, plainContext } from "./forward-context.js";
import type { HeldExperts } from "./parameters.js";

export interface ForwardShape {
  readonly config: ModelConfig;
  /** Expert ids held in each layer; the router chooses among these only. */
  readonly held: HeldExperts;
  readonly batchSize: number;
  readonly sequenceLength: number;
  /**
   * Weight of a term that keeps tokens with the held experts: of the share of the whole router's probability mass that falls on others, in each layer
   * the mean of its tokens. It is no part of the loss, and counts in gradients alone. 0 by default, and without effect in layers of which all experts
   * are held.
   */
  readonly heldAffinity?: number;
  /** Whether tokens see their own document alone: a batch then says where each document begins. */
  readonly isolated?: boolean;
  /** How much is made at once; by default as much as takes some tens of megabytes. What fits at once is kept for the backward pass. */
  readonly chunks?: {
    /** Queries of a sequence whose scores are made at once. */
    readonly queries?: number;
    /** Rows whose logits are made at once. */
    readonly rows?: number;
    /** Rows of the vocabulary whose logits are made at once, where layers are run one by one. */
    readonly vocabulary?: number;
  };
}

/**
 * The logits of a decoder, as transformers computes them for each family of `families/`: ids int64 [N], N = batch × sequence, → logits
 * [N, vocabulary]. With fewer experts held than the model has it is the shard that a miner trains: where the chosen probabilities are
 * renormalised, a softmax over the held rows of the router equals the full softmax restricted to them. `inputs` are what each layer's experts
 * and router, or its dense network, are given: [N, d].
 */
export const forward = (
  graph: Graph,
  values: Readonly<Record<string, Value>>,
  ids: Value,
  shape: ForwardShape,
  context: ForwardContext = plainContext(graph, shape),
): HiddenStates & { logits: Value } => {
  const { select = (rows) => rows } = context;
  const states = hiddenStates(graph, values, ids, shape, context);
  const weights = weightsIn(values, shape.config);
  return { ...states, logits: decoderHead(select(states.hidden), weights, shape.config) };
};

export interface HiddenStates {
  /** After the last layer: [N, d]. */
  readonly hidden: Value;
  readonly routing: Routing[];
  readonly inputs: Value[];
}

/** The same up to the last layer. */
export const hiddenStates = (
  graph: Graph,
  values: Readonly<Record<string, Value>>,
  ids: Value,
  shape: ForwardShape,
  context: ForwardContext = plainContext(graph, shape),
): HiddenStates => {
  const { config, held } = shape;
  const weights = weightsIn(values, config);
  const routing: Routing[] = [];
  const inputs: Value[] = [];

  let hidden = embedTokens(ids, weights, config);
  for (const [layer, experts] of held.entries()) {
    const passed = decoderLayer(hidden, { shape, weights, context, layer, experts });
    hidden = passed.hidden;
    inputs.push(passed.inner);
    if (passed.routing) routing.push(passed.routing);
  }
  return { hidden, routing, inputs };
};
