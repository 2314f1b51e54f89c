import type { Value } from "../graph.js";
import { binary } from "./elementwise.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import { sumTo } from "./sum-to.js";

/** a / b, broadcasting. */
export const div: (a: Value, b: Value) => Value = binary("Div", (g, a, b, y, needs) => {
  const quotient = div(g, b);
  return [
    needs[0] ? sumTo(quotient, a.shape) : undefined,
    needs[1] ? neg(sumTo(mul(quotient, y), b.shape)) : undefined,
  ];
});
