import { formatShape, type Operator, shapeError, type Value } from "../graph.js";
import { ints } from "../onnx/emitter.js";

const by = (permutation: readonly number[]): Operator<readonly [Value], readonly [Value]> => ({
  name: "Transpose",
  infer: ([x]) => {
    const axes = [...permutation].sort((a, b) => a - b);
    if (axes.length !== x.shape.length || axes.some((axis, i) => axis !== i)) {
      throw shapeError("Transpose", `[${permutation}] is not a permutation of the axes of ${formatShape(x.shape)}`);
    }
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]!) }];
  },
  lower: (node, emit) => emit.node("Transpose", node.inputs, node.outputs, { attributes: { perm: ints(permutation) } }),
  remade: true,
  gradient: (_node, [g]) => [g && transpose(g, inverse(permutation))],
});

const inverse = (permutation: readonly number[]): readonly number[] =>
  permutation.map((_, axis) => permutation.indexOf(axis));

/** Reorders axes: axis i of the result is axis `permutation[i]` of x. */
export const transpose = (x: Value, permutation: readonly number[]): Value => {
  const y = x.graph.apply(by(permutation), [x])[0];
  return permutation.every((axis, i) => axis === i) ? x : y;
};
