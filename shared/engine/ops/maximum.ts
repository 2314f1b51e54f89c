import { type Operator, shapeError, type Value } from "../graph.js";
import { broadcast } from "./elementwise.js";

const operator: Operator<readonly [Value, Value], readonly [Value]> = {
  name: "Max",
  infer: ([a, b]) => {
    if (a.dtype !== b.dtype) throw shapeError("Max", `cannot compare ${a.dtype} with ${b.dtype}`);
    return [{ dtype: a.dtype, shape: broadcast("Max", a.shape, b.shape) }];
  },
  lower: (node, emit) => emit.node("Max", node.inputs, node.outputs),
};

/** The greater of a and b, broadcasting. NaN if either is NaN. Has no gradient. */
export const maximum = (a: Value, b: Value): Value => a.graph.apply(operator, [a, b])[0];
