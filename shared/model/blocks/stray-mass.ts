import type { Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";

/**
 * The mean share of a router's probability mass that falls on experts that a shard does not hold: what the router is given [N, d] → scalar.
 *
 * @param router whole [experts, d], the rows of the held experts first
 */
export const strayMass = (x: Value, router: Value, held: number): Value => {
  const probabilities = op.softmax(op.matmul(x, router, { transB: true }));
  const others = op.slice(probabilities, { axis: 1, start: held, end: router.shape[0] as number });
  return op.reduceMean(op.reduceSum(others, [-1]), [0]);
};
