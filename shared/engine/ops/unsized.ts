import type { Operator, Value } from "../graph.js";

const operator: Operator<readonly [Value], readonly [Value]> = {
  name: "Unsized",
  infer: ([x]) => [x],
  // Who plans before the run computes no maximum, be it of a shape and itself. It moves no element.
  lower: ({ inputs: [x], outputs }, emit) => {
    const shape = emit.ints(x.shape.map((dim) => (typeof dim === "number" ? dim : -1)));
    emit.node("Reshape", [x, emit.local("Max", [shape, shape])], outputs);
  },
  shares: () => [0],
  remade: true,
  gradient: (_, [g]) => [g],
};

/**
 * x itself, of a size that ONNX Runtime learns when it runs. What it knows before, it plans: a result whose place is free waits there for the next of
 * the same size. Where sizes differ from one part of a graph to the next, a place of each waits, and together they take many times what is alive.
 */
export const unsized = (x: Value): Value => x.graph.apply(operator, [x])[0];
