import { constantScalar, type Value } from "../graph.js";
import { mul } from "./mul.js";

/** factor · x, for a factor that is known when the graph is built. */
export const scale = (x: Value, factor: number): Value => {
  const scalar = constantScalar(x);
  return scalar === undefined ? mul(x, x.graph.constant(factor)) : x.graph.constant(scalar * factor);
};
