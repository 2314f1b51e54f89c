import { formatShape, type Operator, shapeError, type Value, type Values } from "../graph.js";
import { int } from "../onnx/emitter.js";
import { normaliseAxis } from "./axes.js";
import { concat } from "./concat.js";
import { zerosLike } from "./zeros.js";

const into = (sizes: readonly number[], axis: number): Operator<readonly [Value], Values> => ({
  name: "Split",
  infer: ([x]) => {
    if (x.shape[axis] !== sizes.reduce((sum, size) => sum + size, 0)) {
      throw shapeError("Split", `sizes [${sizes.join(", ")}] do not sum to axis ${axis} of ${formatShape(x.shape)}`);
    }
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(axis, size) }));
  },
  lower: ({ inputs: [x], outputs }, emit) =>
    emit.node("Split", [x, emit.ints(sizes)], outputs, { attributes: { axis: int(axis) } }),
  remade: true,
  gradient: ({ outputs }, gradients) => [
    concat(
      outputs.map((y, i) => gradients[i] ?? zerosLike(y)),
      axis,
    ),
  ],
});

/** Cuts x along an axis into parts of the given sizes. */
export const split = (x: Value, sizes: readonly number[], axis: number): Values => {
  const parts = x.graph.apply(into(sizes, normaliseAxis("Split", axis, x.shape)), [x]);
  return parts.length === 1 ? [x] : parts;
};
