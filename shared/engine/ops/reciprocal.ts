import type { Value } from "../graph.js";
import { unary } from "./elementwise.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";

/** 1 / x. */
export const reciprocal: (x: Value) => Value = unary("Reciprocal", (g, _x, y) => neg(mul(g, mul(y, y))));
