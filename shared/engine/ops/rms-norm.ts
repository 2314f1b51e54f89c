import { formatShape, type Operator, shapeError, type Value } from "../graph.js";
import { float, int } from "../onnx/emitter.js";
import { add } from "./add.js";
import { expectFloat } from "./elementwise.js";
import { mul } from "./mul.js";
import { reciprocal } from "./reciprocal.js";
import { reduceMean, sumOfSquares } from "./reduce.js";
import { scale } from "./scale.js";
import { sqrt } from "./sqrt.js";
import { sub } from "./sub.js";
import { sumTo } from "./sum-to.js";

const operator = (eps: number): Operator<readonly [Value, Value], readonly [Value]> => ({
  name: "RmsNorm",
  infer: ([x, weight]) => {
    expectFloat("RmsNorm", x);
    if (weight.shape.length !== 1 || weight.shape[0] !== x.shape.at(-1) || typeof weight.shape[0] !== "number") {
      throw shapeError(
        "RmsNorm",
        `weight ${formatShape(weight.shape)} is not the last axis of ${formatShape(x.shape)}`,
      );
    }
    return [x];
  },
  lower: (node, emit) =>
    emit.node("SimplifiedLayerNormalization", node.inputs, node.outputs, {
      attributes: { axis: int(-1), epsilon: float(eps) },
    }),
  remade: true,
  gradient: ({ inputs: [x, weight] }, [g], needs) => {
    if (!g) return [undefined, undefined];
    // The kernel's second output should be this too, but the WebGPU provider writes the mean there.
    const meanSquare = scale(sumOfSquares(x, [-1], { keepdims: true }), 1 / Number(weight.shape[0]));
    const inverseDeviation = reciprocal(sqrt(add(meanSquare, x.graph.constant(eps))));
    const normal = mul(x, inverseDeviation);
    const byX = () => {
      const gw = mul(g, weight);
      const along = reduceMean(mul(gw, normal), [-1], { keepdims: true });
      return mul(inverseDeviation, sub(gw, mul(normal, along)));
    };
    return [needs[0] ? byX() : undefined, needs[1] ? sumTo(mul(g, normal), weight.shape) : undefined];
  },
});

/** weight · x / √(mean(x²) + eps) over the last axis (Zhang & Sennrich 2019); weight [d], x [..., d]. */
export const rmsNorm = (x: Value, weight: Value, eps: number): Value => x.graph.apply(operator(eps), [x, weight])[0];
