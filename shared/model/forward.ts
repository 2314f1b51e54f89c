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
  /** Whether tokens see their own document alone: a batch then says where each document begins. */
  readonly isolated?: boolean;
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
): { logits: Value; routing: Routing[]; inputs: Value[] } => {
  const { config, held } = shape;
  const weights = weightsIn(values, config);
  const { select = (rows) => rows } = context;
  const routing: Routing[] = [];
  const inputs: Value[] = [];

  let hidden = embedTokens(ids, weights, config);
  for (const [layer, experts] of held.entries()) {
    const passed = decoderLayer(hidden, { shape, weights, context, layer, experts });
    hidden = passed.hidden;
    inputs.push(passed.inner);
    if (passed.routing) routing.push(passed.routing);
  }
  return { logits: decoderHead(select(hidden), weights, config), routing, inputs };
};
