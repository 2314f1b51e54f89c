import { formatShape, type Operator, shapeError, staticShape, type Value } from "../graph.js";
import { int } from "../onnx/emitter.js";
import { expectFloat } from "./elementwise.js";

const largest = (k: number): Operator<readonly [Value], readonly [Value, Value]> => ({
  name: "TopK",
  infer: ([x]) => {
    const last = expectFloat("TopK", x).shape.at(-1);
    if (typeof last !== "number" || !Number.isInteger(k) || k < 1 || k > last) {
      throw shapeError("TopK", `cannot take ${k} of the last axis of ${formatShape(x.shape)}`);
    }
    const shape = x.shape.with(-1, k);
    return [
      { dtype: "float32", shape },
      { dtype: "int64", shape },
    ];
  },
  lower: ({ inputs: [x], outputs }, emit) =>
    emit.node("TopK", [x, emit.ints([k])], outputs, { attributes: { axis: int(-1) } }),
  gradient: ({ inputs: [x], outputs: [, indices] }, [g]) => [
    g && x.graph.apply(scatterLast(staticShape(x.shape, "TopK")), [indices, g])[0],
  ],
});

/** Puts values at distinct positions of the last axis of a tensor of zeros. */
const scatterLast = (shape: readonly number[]): Operator<readonly [Value, Value], readonly [Value]> => ({
  name: "ScatterLast",
  infer: () => [{ dtype: "float32", shape }],
  lower: ({ inputs: [indices, values], outputs }, emit) => {
    const zeros = emit.local("ConstantOfShape", [emit.ints(shape)]);
    emit.node("ScatterElements", [zeros, indices, values], outputs, { attributes: { axis: int(shape.length - 1) } });
  },
});

/** The k largest of the last axis, in descending order, and their indices (int64). Of equal values the lower index comes first. */
export const topK = (x: Value, k: number): { readonly values: Value; readonly indices: Value } => {
  const [values, indices] = x.graph.apply(largest(k), [x]);
  return { values, indices };
};
