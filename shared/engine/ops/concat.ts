import { formatTypes, type Operator, shapeError, type Value, type Values } from "../graph.js";
import { int } from "../onnx/emitter.js";
import { normaliseAxis } from "./axes.js";
import { split } from "./split.js";

const along = (axis: number): Operator<Values, readonly [Value]> => ({
  name: "Concat",
  infer: (xs) => {
    const first = xs[0]!;
    let size = 0;
    for (const x of xs) {
      const fits =
        x.dtype === first.dtype &&
        x.shape.length === first.shape.length &&
        x.shape.every((dim, i) => i === axis || dim === first.shape[i]);
      const dim = x.shape[axis];
      if (!fits || typeof dim !== "number")
        throw shapeError("Concat", `${formatTypes(xs)} do not join along axis ${axis}`);
      size += dim;
    }
    return [{ dtype: first.dtype, shape: first.shape.with(axis, size) }];
  },
  lower: (node, emit) => emit.node("Concat", node.inputs, node.outputs, { attributes: { axis: int(axis) } }),
  remade: true,
  gradient: ({ inputs }, [g]) =>
    g
      ? split(
          g,
          inputs.map((x) => Number(x.shape[axis])),
          axis,
        )
      : inputs.map(() => undefined),
});

/** Joins tensors along an axis whose sizes are static. Their other dimensions must be equal. */
export const concat = (xs: Values, axis: number): Value => {
  const [first] = xs;
  if (!first) throw shapeError("Concat", "needs at least one tensor");
  if (xs.length === 1) return first;
  return first.graph.apply(along(normaliseAxis("Concat", axis, first.shape)), xs)[0];
};
