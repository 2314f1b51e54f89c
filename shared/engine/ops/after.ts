import type { Operator, Values } from "../graph.js";
import { int } from "../onnx/emitter.js";

const wait = (count: number): Operator<Values, Values> => ({
  name: "After",
  infer: (inputs) => inputs.slice(0, count),
  // The empty ends of the others' shapes make a reshape depend on them. It moves no element.
  lower: ({ inputs, outputs }, emit) => {
    const nothing = inputs
      .slice(count)
      .map((value) => emit.local("Shape", [value], { attributes: { start: int(0), end: int(0) } }));
    for (const [i, { shape }] of outputs.entries()) {
      const own = emit.ints(shape.map((dim) => (typeof dim === "number" ? dim : -1)));
      emit.node(
        "Reshape",
        [inputs[i]!, emit.local("Concat", [own, ...nothing], { attributes: { axis: int(0) } })],
        [outputs[i]!],
      );
    }
  },
  shares: () => Array.from({ length: count }, (_, i) => i),
});

/** The values themselves, computed with no earlier than `others` are there. Without a gradient, at no cost. */
export const after = (values: Values, others: Values): Values => {
  const [first] = values;
  if (!first || others.length === 0) return values;
  return first.graph.apply(wait(values.length), [...values, ...others]);
};
