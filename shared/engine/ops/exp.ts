import type { Value } from "../graph.js";
import { unary } from "./elementwise.js";
import { mul } from "./mul.js";

/** eˣ. */
export const exp: (x: Value) => Value = unary("Exp", (g, _x, y) => mul(g, y));
