import type { Value } from "../graph.js";
import { binary } from "./elementwise.js";
import { neg } from "./neg.js";
import { sumTo } from "./sum-to.js";

/** a − b, broadcasting. */
export const sub: (a: Value, b: Value) => Value = binary("Sub", (g, a, b, _y, needs) => [
  needs[0] ? sumTo(g, a.shape) : undefined,
  needs[1] ? neg(sumTo(g, b.shape)) : undefined,
]);
