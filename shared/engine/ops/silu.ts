import type { Operator, Value } from "../graph.js";
import { float } from "../onnx/emitter.js";
import { add } from "./add.js";
import { expectFloat } from "./elementwise.js";
import { mul } from "./mul.js";
import { sigmoid } from "./sigmoid.js";
import { sub } from "./sub.js";

/** QuickGelu is x · σ(αx): one pass over memory instead of two with Sigmoid and Mul. */
const operator: Operator<readonly [Value], readonly [Value]> = {
  name: "Silu",
  infer: ([x]) => [expectFloat("Silu", x)],
  lower: (node, emit) =>
    emit.node("QuickGelu", node.inputs, node.outputs, { domain: "com.microsoft", attributes: { alpha: float(1) } }),
  remade: true,
  gradient: ({ inputs: [x], outputs: [y] }, [g]) => {
    if (!g) return [undefined];
    const s = sigmoid(x);
    return [mul(g, add(s, mul(y, sub(x.graph.constant(1), s))))];
  },
};

/** x · σ(x), also known as swish. */
export const silu = (x: Value): Value => x.graph.apply(operator, [x])[0];
