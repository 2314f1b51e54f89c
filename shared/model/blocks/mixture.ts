import type { Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { RouterRule } from "../families/blocks.js";
import type { Projection } from "../families/tensor-layout.js";
import { scaled } from "./weights.js";

/** What a layer's router did: probabilities [N, experts held], chosen [N, k]. */
export interface Routing {
  readonly layer: number;
  readonly probabilities: Value;
  readonly chosen: Value;
}

export interface Mixture {
  readonly layer: number;
  readonly rule: RouterRule;
  /** Experts held. */
  readonly experts: number;
  /** Experts that a token is sent to, where so many are held. */
  readonly choices: number;
  /** The router's rows [experts held, d]. */
  readonly router: Value;
  readonly project: (rows: Value, slot: number, projection: Projection) => Value;
}

/** What the products of the experts made, each token's rows among those of its experts. */
export interface MixtureProducts {
  /** What the experts gave back: [N, k, d]. */
  readonly outputs: Value;
  /** Before the activation, and what its result is multiplied by: [N · k, f]. */
  readonly gate: Value;
  readonly up: Value;
}

/** Softmax router with top-k, each token through its experts only: [N, d] → [N, d]. */
export const mixtureOfExperts = (
  x: Value,
  { layer, rule, experts, choices, router, project }: Mixture,
): { output: Value; routing: Routing; kept: MixtureProducts } => {
  const tokens = x.shape[0] as number;
  const probabilities = op.softmax(op.matmul(x, router, { transB: true })); // [N, experts]
  const { values, indices: chosen } = op.topK(withinGroups(probabilities, rule), Math.min(choices, experts)); // [N, k]
  const shares = rule.normalise ? op.div(values, op.reduceSum(values, [-1], { keepdims: true })) : values;

  // Only the products are an expert's own: what is done to elements is done to all experts' rows at once.
  const { sorted, join, split, combine } = op.dispatch(x, chosen, experts);
  // Split for each projection anew: their gradients then are one sum of joined rows, and not one an expert.
  const projected = (inputs: Value, projection: Projection) =>
    join(split(inputs).map((rows, slot) => project(rows, slot, projection)));
  const gate = projected(sorted, "gate");
  const up = projected(sorted, "up");
  const hidden = op.mul(op.silu(gate), up); // [N · k, f]
  const outputs = combine(projected(hidden, "down")); // [N, k, d]
  const weighted = op.mul(outputs, op.reshape(scaled(shares, rule.scale), [tokens, choicesOf(chosen), 1]));
  const routing = { layer, probabilities, chosen };
  return { output: op.reduceSum(weighted, [1]), routing, kept: { outputs, gate, up } };
};

const choicesOf = (chosen: Value): number => chosen.shape[1] as number;

/**
 * Probabilities with 0 outside the groups of experts whose largest one is among the largest (DeepSeek-V2, arXiv 2405.04434, section 2.2.2).
 */
const withinGroups = (probabilities: Value, { groups }: RouterRule): Value => {
  if (groups === null) return probabilities;
  const [tokens, experts] = probabilities.shape as readonly [number, number];
  const grouped = op.reshape(probabilities, [tokens, groups.count, experts / groups.count]);
  const largest = op.reshape(op.topK(grouped, 1).values, [tokens, groups.count]);
  const { indices } = op.topK(largest, groups.chosen);
  const open = op.reduceSum(op.oneHot(indices, groups.count), [1]); // [N, groups], no gradient
  return op.reshape(op.mul(grouped, op.reshape(open, [tokens, groups.count, 1])), [tokens, experts]);
};
