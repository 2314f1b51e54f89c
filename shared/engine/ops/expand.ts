import { formatShape, type Operator, type Shape, sameShape, shapeError, type Value } from "../graph.js";
import { broadcast, EXPAND } from "./elementwise.js";
import { sumTo } from "./sum-to.js";

const checked = (x: Value, shape: Shape): Shape => {
  if (sameShape(broadcast(EXPAND, x.shape, shape), shape)) return shape;
  throw shapeError(EXPAND, `${formatShape(x.shape)} does not expand to ${formatShape(shape)}`);
};

const to = (shape: readonly number[]): Operator<readonly [Value], readonly [Value]> => ({
  name: EXPAND,
  infer: ([x]) => [{ dtype: x.dtype, shape: checked(x, shape) }],
  lower: ({ inputs: [x], outputs }, emit) => emit.node("Expand", [x, emit.ints(shape)], outputs),
  remade: true,
  gradient: ({ inputs: [x] }, [g]) => [g && sumTo(g, x.shape)],
});

const toShapeOf: Operator<readonly [Value, Value], readonly [Value]> = {
  name: EXPAND,
  infer: ([x, reference]) => [{ dtype: x.dtype, shape: checked(x, reference.shape) }],
  lower: ({ inputs: [x, reference], outputs }, emit) =>
    emit.node("Expand", [x, emit.local("Shape", [reference])], outputs),
  remade: true,
  gradient: ({ inputs: [x] }, [g]) => [g && sumTo(g, x.shape), undefined],
};

/** Repeats x along axes of size 1, and along new leading axes. */
export const expand = (x: Value, shape: readonly number[]): Value =>
  sameShape(x.shape, shape) ? x : x.graph.apply(to(shape), [x])[0];

/** `expand` to the shape of another value, which may be known only at run time. */
export const expandAs = (x: Value, reference: Value): Value => {
  if (sameShape(x.shape, reference.shape)) return x;
  const fixed = reference.shape.filter((dim) => typeof dim === "number");
  return fixed.length === reference.shape.length ? expand(x, fixed) : x.graph.apply(toShapeOf, [x, reference])[0];
};
