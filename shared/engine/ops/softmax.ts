import type { Operator, Value } from "../graph.js";
import { int } from "../onnx/emitter.js";
import { expectFloat } from "./elementwise.js";
import { exp } from "./exp.js";
import { mul } from "./mul.js";
import { reduceSum } from "./reduce.js";
import { sub } from "./sub.js";

const operator = (
  name: "Softmax" | "LogSoftmax",
  gradient: (g: Value, y: Value) => Value,
): Operator<readonly [Value], readonly [Value]> => ({
  name,
  infer: ([x]) => [expectFloat(name, x)],
  lower: (node, emit) => emit.node(name, node.inputs, node.outputs, { attributes: { axis: int(-1) } }),
  gradient: ({ outputs: [y] }, [g]) => [g && gradient(g, y)],
});

const softmaxOperator = operator("Softmax", (g, y) => {
  const gy = mul(g, y);
  return sub(gy, mul(reduceSum(gy, [-1], { keepdims: true }), y));
});

const logSoftmaxOperator = operator("LogSoftmax", (g, y) =>
  sub(g, mul(exp(y), reduceSum(g, [-1], { keepdims: true }))),
);

/** eˣ / Σ eˣ over the last axis. */
export const softmax = (x: Value): Value => x.graph.apply(softmaxOperator, [x])[0];

/** log(softmax(x)) over the last axis. Stays exact if softmax underflows. */
export const logSoftmax = (x: Value): Value => x.graph.apply(logSoftmaxOperator, [x])[0];
