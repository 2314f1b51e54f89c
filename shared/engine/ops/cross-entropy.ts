import { formatTypes, type Operator, shapeError, type Value } from "../graph.js";
import { int, text } from "../onnx/emitter.js";
import { cast } from "./cast.js";
import { div } from "./div.js";
import { exp } from "./exp.js";
import { maximum } from "./maximum.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import { reduceSum } from "./reduce.js";
import { reshape } from "./reshape.js";
import { sub } from "./sub.js";

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

/** 1 for each target that counts, 0 where it is −1: int64 targets [n] → float32 [n]. */
export const countedTargets = (targets: Value): Value => {
  const none = maximum(neg(cast(targets, "float32")), targets.graph.constant(0));
  return sub(targets.graph.constant(1), none);
};

/** Negative log-likelihood of each token in nats, 0 where the target is −1: logits [n, v], int64 targets [n] → [n]. */
export const tokenLosses = (logits: Value, targets: Value): Value =>
  mul(logits.graph.apply(operator, [logits, targets])[0], countedTargets(targets));

/** Mean of the losses that count, 0 where none does: `losses` and `counted` [n] → []. */
export const countedMean = (losses: Value, counted: Value): Value =>
  div(reduceSum(losses, [0]), maximum(reduceSum(counted, [0]), losses.graph.constant(1)));

/**
 * Mean negative log-likelihood in nats of the targets that are not −1: logits [n, v], int64 targets [n] → []. Gradient (softmax − onehot) / their
 * number.
 */
export const crossEntropy = (logits: Value, targets: Value): Value =>
  countedMean(tokenLosses(logits, targets), countedTargets(targets));
