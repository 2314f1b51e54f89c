import type { Value } from "../graph.js";
import { binary } from "./elementwise.js";
import { sumTo } from "./sum-to.js";

/** a + b, broadcasting. */
export const add: (a: Value, b: Value) => Value = binary("Add", (g, a, b, _y, needs) => [
  needs[0] ? sumTo(g, a.shape) : undefined,
  needs[1] ? sumTo(g, b.shape) : undefined,
]);
