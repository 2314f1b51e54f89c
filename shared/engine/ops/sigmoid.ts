import type { Value } from "../graph.js";
import { unary } from "./elementwise.js";
import { mul } from "./mul.js";
import { sub } from "./sub.js";

/** 1 / (1 + e⁻ˣ). */
export const sigmoid: (x: Value) => Value = unary("Sigmoid", (g, x, y) => mul(g, mul(y, sub(x.graph.constant(1), y))));
