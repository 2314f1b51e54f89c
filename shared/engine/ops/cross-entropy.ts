import { formatTypes, type Operator, shapeError, type Value } from "../graph.js";
import { int, text } from "../onnx/emitter.js";
import { exp } from "./exp.js";
import { mul } from "./mul.js";
import { reduceMean } from "./reduce.js";
import { reshape } from "./reshape.js";

/** The log-probabilities are a second output because the gradient starts from them. */
const operator: Operator<readonly [Value, Value], readonly [Value, Value]> = {
  name: "CrossEntropy",
  infer: ([logits, targets]) => {
    const fits =
      logits.dtype === "float32" &&
      targets.dtype === "int64" &&
      logits.shape.length === 2 &&
      targets.shape.length === 1 &&
      logits.shape[0] === targets.shape[0];
    if (!fits) {
      throw shapeError(
        "CrossEntropy",
        `needs logits [n, v] and int64 targets [n], got ${formatTypes([logits, targets])}`,
      );
    }
    return [{ dtype: "float32", shape: targets.shape }, logits];
  },
  lower: ({ inputs: [logits, targets], outputs: [losses, logProbabilities] }, emit) => {
    emit.node("LogSoftmax", [logits], [logProbabilities], { attributes: { axis: int(-1) } });
    const column = emit.local("Unsqueeze", [targets, emit.ints([1])]);
    const picked = emit.local("GatherElements", [logProbabilities, column], { attributes: { axis: int(1) } });
    emit.node("Neg", [emit.local("Squeeze", [picked, emit.ints([1])])], [losses]);
  },
  gradient: ({ inputs: [logits, targets], outputs: [, logProbabilities] }, [g]) => [
    g && mul(logits.graph.apply(minusOneAt, [exp(logProbabilities), targets])[0], reshape(g, [...g.shape, 1])),
    undefined,
  ],
};

/** Subtracts the one-hot rows of the targets without creating them. */
const minusOneAt: Operator<readonly [Value, Value], readonly [Value]> = {
  name: "MinusOneAt",
  infer: ([x]) => [x],
  lower: ({ inputs: [x, targets], outputs }, emit) => {
    const column = emit.local("Unsqueeze", [targets, emit.ints([1])]);
    const minusOnes = emit.local("Expand", [emit.floats([-1]), emit.local("Shape", [column])]);
    emit.node("ScatterElements", [x, column, minusOnes], outputs, {
      attributes: { axis: int(1), reduction: text("add") },
    });
  },
};

/** Negative log-likelihood of each token in nats: logits [n, v], int64 targets [n] → [n]. */
export const tokenLosses = (logits: Value, targets: Value): Value => logits.graph.apply(operator, [logits, targets])[0];

/** Mean negative log-likelihood in nats: logits [n, v], int64 targets [n] → []. Gradient (softmax − onehot) / n. */
export const crossEntropy = (logits: Value, targets: Value): Value => reduceMean(tokenLosses(logits, targets), [0]);
