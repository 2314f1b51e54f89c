import type { Operator, Value } from "../graph.js";

const operator: Operator<readonly [Value], readonly [Value]> = {
  name: "StopGradient",
  infer: ([x]) => [x],
  lower: (node, emit) => emit.node("Identity", node.inputs, node.outputs),
  gradient: () => [undefined],
};

/** x itself. No gradient passes through. */
export const stopGradient = (x: Value): Value => x.graph.apply(operator, [x])[0];
