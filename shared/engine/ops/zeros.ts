import type { Graph, Operator, Shape, Value } from "../graph.js";

const filled = (shape: readonly number[]): Operator<readonly [], readonly [Value]> => ({
  name: "Zeros",
  infer: () => [{ dtype: "float32", shape }],
  lower: (node, emit) => emit.node("ConstantOfShape", [emit.ints(shape)], node.outputs),
});

const like: Operator<readonly [Value], readonly [Value]> = {
  name: "ZerosLike",
  infer: ([x]) => [{ dtype: "float32", shape: x.shape }],
  lower: ({ inputs, outputs }, emit) => emit.node("ConstantOfShape", [emit.local("Shape", inputs)], outputs),
  gradient: () => [undefined],
};

/** Float zeros. */
export const zerosOf = (graph: Graph, shape: readonly number[]): Value => graph.apply(filled(shape), [])[0];

/** Float zeros in the shape of x, which may be known only at run time. */
export const zerosLike = (x: Value): Value => {
  const shape: Shape = x.shape;
  const fixed = shape.filter((dim) => typeof dim === "number");
  return fixed.length === shape.length ? zerosOf(x.graph, fixed) : x.graph.apply(like, [x])[0];
};
