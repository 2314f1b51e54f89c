import type { Value } from "#shared/engine/graph.js";
import * as op from "#shared/engine/ops/index.js";

/** Of a token whose experts have no mass at all, so that the logarithm is finite. */
const FLOOR = 1e-9;

/** −mean log of a router's probability mass on the experts that a token shall have: mass [N] → scalar. */
export const affinityLoss = (mass: Value): Value =>
  op.neg(op.reduceMean(op.log(op.add(mass, mass.graph.constant(FLOOR))), [0]));

/** The same of a shard, by the whole router [experts, d], whose first rows are those of the experts held: what the layer's router is given [N, d] → scalar. */
export const heldAffinity = (x: Value, router: Value, held: number): Value => {
  const probabilities = op.softmax(op.matmul(x, router, { transB: true }));
  return affinityLoss(op.reduceSum(op.slice(probabilities, { axis: 1, start: 0, end: held }), [-1]));
};
