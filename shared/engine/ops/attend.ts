import { type Operator, sameShape, shapeError, type Value } from "../graph.js";
import { concat } from "./concat.js";
import { matmul } from "./matmul.js";
import { mul } from "./mul.js";
import { neg } from "./neg.js";
import { reduceSum } from "./reduce.js";
import { pad } from "./slice.js";
import { softmax } from "./softmax.js";

/**
 * Inputs: scores, values, and what was made of them: probabilities P and the product O. With the gradient dO of the latter, the scores' is
 * P ∘ (dO·Vᵀ − D), where a row's D = Σ P ∘ (dO·Vᵀ) is Σ dO ∘ O (FlashAttention, arXiv 2205.14135, appendix B.2), and so is found in fewer
 * elements than there are scores. As one more column of the product, it is subtracted in no pass of its own.
 */
const kept: Operator<readonly [Value, Value, Value, Value], readonly [Value]> = {
  name: "Attend",
  infer: ([, , , product]) => [product],
  lower: ({ inputs: [, , , product], outputs }, emit) => emit.node("Identity", [product], outputs),
  shares: () => [3],
  gradient: ({ inputs: [, values, probabilities], outputs: [product] }, [g], needs) => {
    if (!g) return [undefined, undefined, undefined, undefined];
    const byScores = () => {
      const own = neg(reduceSum(mul(g, product), [-1], { keepdims: true }));
      // Padded, the values tell whoever plans before the run no more of their size than they did.
      const filled = pad(values, { axis: -1, before: 0, after: 1, value: 1 });
      const slopes = matmul(concat([g, own], -1), filled, { transB: true });
      return mul(probabilities, slopes);
    };
    return [
      needs[0] ? byScores() : undefined,
      needs[1] ? matmul(probabilities, g, { transA: true }) : undefined,
      undefined,
      undefined,
    ];
  },
};

/**
 * softmax(scores) · values, of the same leading axes: [.., m, k], [.., k, n] → [.., m, n].
 *
 * @param known what it is, where that was made before: then only what the gradient needs is made
 */
export const attend = (scores: Value, values: Value, known?: Value): Value => {
  const leading = (value: Value) => value.shape.slice(0, -2);
  if (!sameShape(leading(scores), leading(values)))
    throw shapeError("Attend", `[${leading(scores)}] scores have no [${leading(values)}] values`);
  const probabilities = softmax(scores);
  return scores.graph.apply(kept, [scores, values, probabilities, known ?? matmul(probabilities, values)])[0];
};
