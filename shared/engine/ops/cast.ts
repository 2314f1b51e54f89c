import type { Operator, Value } from "../graph.js";
import { int } from "../onnx/emitter.js";
import { dataType } from "../onnx/fields.js";
import type { DType } from "../tensor.js";

const to = (dtype: DType): Operator<readonly [Value], readonly [Value]> => ({
  name: "Cast",
  infer: ([x]) => [{ dtype, shape: x.shape }],
  lower: (node, emit) => emit.node("Cast", node.inputs, node.outputs, { attributes: { to: int(dataType[dtype]) } }),
});

/** Converts the elements. Fractions are truncated. No gradient passes through. */
export const cast = (x: Value, dtype: DType): Value => (x.dtype === dtype ? x : x.graph.apply(to(dtype), [x])[0]);
