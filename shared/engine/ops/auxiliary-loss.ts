import { formatShape, type Operator, type Value } from "../graph.js";

const operator: Operator<readonly [Value, Value], readonly [Value]> = {
  name: "AuxiliaryLoss",
  infer: ([x]) => [x],
  lower: ({ inputs: [x], outputs }, emit) => emit.node("Identity", [x], outputs),
  shares: () => [0],
  gradient: ({ inputs: [, term] }, [g]) => [g, term.graph.constant(1)],
};

/**
 * x itself. Its gradient carries that of a float scalar with it, as if `term` were added to the loss: so a layer that knows nothing of the loss
 * contributes to what is minimised, and the loss that is told is the same.
 *
 * @throws TypeError if the term is no float scalar
 */
export const auxiliaryLoss = (x: Value, term: Value): Value => {
  if (term.dtype !== "float32" || term.shape.length !== 0)
    throw new TypeError(`an auxiliary loss is a float32 scalar, not ${term.dtype}${formatShape(term.shape)}`);
  return x.graph.apply(operator, [x, term])[0];
};
