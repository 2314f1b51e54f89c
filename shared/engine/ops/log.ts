import type { Value } from "../graph.js";
import { div } from "./div.js";
import { unary } from "./elementwise.js";

/** Natural logarithm. */
export const log: (x: Value) => Value = unary("Log", (g, x) => div(g, x));
