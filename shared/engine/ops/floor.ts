import type { Operator, Value } from "../graph.js";
import { expectFloat } from "./elementwise.js";

const operator: Operator<readonly [Value], readonly [Value]> = {
  name: "Floor",
  infer: ([x]) => [{ dtype: expectFloat("Floor", x).dtype, shape: x.shape }],
  lower: (node, emit) => emit.node("Floor", node.inputs, node.outputs),
};

/** The greatest whole number that is at most x. Has no gradient. */
export const floor = (x: Value): Value => x.graph.apply(operator, [x])[0];
