import { constantScalar, type Value } from "../graph.js";
import { unary } from "./elementwise.js";

const negate = unary("Neg", (g) => neg(g));

/** −x. */
export const neg = (x: Value): Value => {
  const scalar = constantScalar(x);
  return scalar === undefined ? negate(x) : x.graph.constant(-scalar);
};
