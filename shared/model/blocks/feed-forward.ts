import type { Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";
import type { SharedExpert } from "../families/blocks.js";
import type { Weights } from "./weights.js";

/** SwiGLU (arXiv 2002.05202): down(silu(gate x) · up x), [N, d] → [N, d]. */
export const feedForward = (x: Value, { linear }: Weights, prefix: string): Value => {
  const hidden = op.mul(op.silu(linear(x, `${prefix}.gate_proj`)), linear(x, `${prefix}.up_proj`));
  return linear(hidden, `${prefix}.down_proj`);
};

/** The expert that every token takes, weighed by a sigmoid of the token where it is gated: [N, d] → [N, d]. */
export const sharedExpert = (x: Value, weights: Weights, prefix: string, { gated }: SharedExpert): Value => {
  const output = feedForward(x, weights, `${prefix}.shared_expert`);
  return gated ? op.mul(op.sigmoid(weights.linear(x, `${prefix}.shared_expert_gate`)), output) : output;
};
