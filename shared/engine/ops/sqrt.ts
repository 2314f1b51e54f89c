import type { Value } from "../graph.js";
import { div } from "./div.js";
import { unary } from "./elementwise.js";
import { scale } from "./scale.js";

/** Square root. */
export const sqrt: (x: Value) => Value = unary("Sqrt", (g, _x, y) => scale(div(g, y), 0.5));
