import type { Value } from "../graph.js";
import { add, div, maximum, sqrt, sumOfSquares } from "../ops/index.js";

/** L2 norm of all elements of all gradients together: a float32 scalar. */
export const globalNorm = (gradients: readonly Value[]): Value =>
  sqrt(gradients.map((gradient) => sumOfSquares(gradient, [...gradient.shape.keys()])).reduce(add));

/** The factor, at most 1, that brings gradients of a global norm down to at most `max` (Pascanu et al. 2013). */
export const clipFactor = (norm: Value, max: number): Value => {
  const limit = norm.graph.constant(max);
  return div(limit, maximum(norm, limit));
};

/** The same as `clipFactor`, for a norm that is a number. */
export const clipFactorOf = (norm: number, max: number): number => max / Math.max(norm, max);
