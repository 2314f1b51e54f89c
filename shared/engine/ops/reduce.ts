import { type Operator, type Shape, staticShape, type Value } from "../graph.js";
import { int } from "../onnx/emitter.js";
import { sizeOf } from "../tensor.js";
import { normaliseAxes } from "./axes.js";
import { expectFloat } from "./elementwise.js";
import { expandAs } from "./expand.js";
import { mul } from "./mul.js";
import { reshape } from "./reshape.js";
import { scale } from "./scale.js";

export interface ReduceOptions {
  /** Keep the reduced axes with size 1; false by default. */
  readonly keepdims?: boolean;
}

type Reduction = "ReduceSum" | "ReduceMean" | "ReduceSumSquare";

const reduction = (
  name: Reduction,
  axes: readonly number[],
  keepdims: boolean,
): Operator<readonly [Value], readonly [Value]> => ({
  name,
  infer: ([x]) => {
    expectFloat(name, x);
    const shape = keepdims ? keptShape(x.shape, axes) : x.shape.filter((_, axis) => !axes.includes(axis));
    return [{ dtype: x.dtype, shape }];
  },
  lower: ({ inputs: [x], outputs }, emit) =>
    emit.node(name, [x, emit.ints(axes)], outputs, { attributes: { keepdims: int(Number(keepdims)) } }),
  gradient: ({ inputs: [x] }, [g]) => {
    if (!g) return [undefined];
    const column = reshape(g, keptShape(x.shape, axes));
    if (name === "ReduceSum") return [expandAs(column, x)];
    if (name === "ReduceSumSquare") return [mul(x, scale(column, 2))];
    const count = sizeOf(
      staticShape(
        axes.map((axis) => x.shape[axis]!),
        name,
      ),
    );
    return [expandAs(scale(column, 1 / count), x)];
  },
});

const keptShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));

const reduce =
  (name: Reduction) =>
  (x: Value, axes: readonly number[], { keepdims = false }: ReduceOptions = {}): Value => {
    const normal = normaliseAxes(name, axes, x.shape);
    if (normal.length === 0) return name === "ReduceSumSquare" ? mul(x, x) : x;
    return x.graph.apply(reduction(name, normal, keepdims), [x])[0];
  };

/** Sum over the given axes. */
export const reduceSum: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value = reduce("ReduceSum");

/** Mean over the given axes. */
export const reduceMean: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value = reduce("ReduceMean");

/** Sum of squares over the given axes, in one pass over memory. */
export const sumOfSquares: (x: Value, axes: readonly number[], options?: ReduceOptions) => Value =
  reduce("ReduceSumSquare");
